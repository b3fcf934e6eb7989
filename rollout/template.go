package rollout

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rltrain/rltrain/datasets"
)

// The templates.
const (
	Plain   = "plain"    // datasets.PromptTemplate: what the shipped base and its runs know
	R1Zero  = "r1-zero"  // for a base model: R1Zero of the paper, which asks for <think> and <answer>
	ChatOne = "chat"     // for a chat model: one message, framed by the model's own chat template
	FewShot = "few-shot" // for a base model: worked examples before the question
)

// TemplateNames lists the templates.
func TemplateNames() []string { return []string{Plain, R1Zero, ChatOne, FewShot} }

// r1Zero is the template of DeepSeek-R1-Zero (arXiv:2501.12948, table 1).
const r1Zero = "A conversation between User and Assistant. The user asks a question, and the Assistant solves it. The assistant first thinks " +
	"about the reasoning process in the mind and then provides the user with the answer. The reasoning process and answer are enclosed within " +
	"<think> </think> and <answer> </answer> tags, respectively, i.e., <think> reasoning process here </think> <answer> answer here </answer>. " +
	"User: {question} Assistant:"

// Template makes the prompt of a task. The zero value is Plain.
type Template struct {
	Name  string
	Chat  bool            // the text is a message to answer
	Shots []datasets.Shot // of FewShot
	Stop  []string        // a response ends before any of these: a base model goes on with a question of its own
}

// NewTemplate is the template of a name; FewShot needs shots, the others take none.
func NewTemplate(name string, shots []datasets.Shot) (Template, error) {
	if (len(shots) > 0) != (name == FewShot) {
		return Template{}, fmt.Errorf("prompt template %s with %d worked examples: only %s takes some, and it needs one at least", name, len(shots), FewShot)
	}
	t := Template{Name: name, Shots: shots}
	switch name {
	case Plain:
	case R1Zero:
		t.Stop = []string{"\nUser:"}
	case ChatOne:
		t.Chat = true
	case FewShot:
		t.Stop = []string{"\nQuestion:"}
		if !slices.ContainsFunc(shots, func(s datasets.Shot) bool { return strings.Contains(s.Solution, "\n") }) {
			t.Stop = []string{"\n"} // each answer is one line
		}
	default:
		return Template{}, fmt.Errorf("unknown prompt template %q: did you mean %q? there are %s", name,
			datasets.Nearest(name, TemplateNames()), strings.Join(TemplateNames(), ", "))
	}
	return t, nil
}

// Text is the prompt, for Chat the message.
func (t Template) Text(task datasets.Task) string {
	switch t.Name {
	case R1Zero:
		return strings.Replace(r1Zero, "{question}", task.Question, 1)
	case ChatOne:
		return strings.TrimSpace(task.Question + "\n\n" + answerForm(task))
	case FewShot:
		var b strings.Builder
		for _, s := range t.Shots {
			fmt.Fprintf(&b, "Question: %s\nAnswer: %s\n\n", s.Question, s.Solution)
		}
		return b.String() + "Question: " + task.Question + "\nAnswer:"
	}
	return datasets.Prompt(task.Question)
}

// answerForm tells a chat model where the verifier of the task looks for the answer.
func answerForm(task datasets.Task) string {
	switch task.Kind {
	case "math", "numeric":
		return `Think step by step. Put the final answer into \boxed{}.`
	case "code":
		return "Put the program into a fenced code block."
	case "countdown":
		return "Use each number once, with + - * / and brackets. Put the expression alone between <answer> and </answer>."
	case "choice":
		return "Think step by step. Put the letter of the right choice between <answer> and </answer>."
	}
	return "Put the answer alone between <answer> and </answer>."
}

// end cuts a response before the first of the stops.
func (t Template) end(response string) (text string, cut bool) {
	at := len(response)
	for _, stop := range t.Stop {
		if i := strings.Index(response, stop); i >= 0 {
			at = min(at, i)
		}
	}
	return response[:at], at < len(response)
}
