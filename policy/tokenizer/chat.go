package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/nikolalohinski/gonja/v2/builtins"
	jinja "github.com/nikolalohinski/gonja/v2/config"
	"github.com/nikolalohinski/gonja/v2/exec"
	"github.com/nikolalohinski/gonja/v2/loaders"
)

// Message is one turn of a conversation.
type Message struct {
	Role    string // system, user, assistant or tool
	Content string
	More    map[string]any // what else a template may look at, such as tool_calls
}

// Chat is what a chat template makes a prompt of.
type Chat struct {
	Messages []Message
	Answer   bool           // end with the beginning of an answer, for the model to go on
	Tools    []any          // functions that the model may call, as JSON objects; templates see their keys sorted
	More     map[string]any // switches of a template, such as enable_thinking
}

// ChatTemplate returns the template that came with the model; false if there is none. Of several in
// tokenizer_config.json it is the one called default.
func (t *Tokenizer) ChatTemplate() (string, bool) {
	if text, ok := t.files[templateFile]; ok {
		return string(text), true
	}
	c, err := readConfig(t.files[configFile])
	if err != nil || c.Template == nil {
		return "", false
	}
	var one string
	if json.Unmarshal(c.Template, &one) == nil {
		return one, one != ""
	}
	var several []struct{ Name, Template string }
	if json.Unmarshal(c.Template, &several) == nil {
		for _, s := range several {
			if s.Name == "default" {
				return s.Template, true
			}
		}
	}
	return "", false
}

// Render writes a conversation as the text that the model was trained on, by its chat template, as
// transformers' apply_chat_template does. The text spells its special tokens: Encode it, not EncodeFramed.
func (t *Tokenizer) Render(c Chat) (text string, err error) {
	source, ok := t.ChatTemplate()
	if !ok {
		return "", errors.New("the model has no chat template: give the prompt as plain text, or take its instruct version")
	}
	defer func() { // a template is data from elsewhere, and the library may not be ready for all of it
		if r := recover(); r != nil {
			text, err = "", fmt.Errorf("chat template: %v", r)
		}
	}()
	template, err := exec.NewTemplate(templateFile, templateConfig(), oneTemplate(adapt(source)), environment())
	if err != nil {
		return "", fmt.Errorf("chat template: %w", shorter(err))
	}
	text, err = template.ExecuteToString(exec.NewContext(t.variables(c)))
	if err != nil {
		return "", fmt.Errorf("chat template: %w", shorter(err))
	}
	return text, nil
}

// shorter keeps the library from quoting the whole template.
func shorter(err error) error {
	text := err.Error()
	if len(text) < 300 {
		return err
	}
	return errors.New(text[:60] + " … " + strings.ToValidUTF8(text[len(text)-200:], ""))
}

// templateConfig is how transformers sets Jinja.
func templateConfig() *jinja.Config {
	c := jinja.New()
	c.TrimBlocks, c.LeftStripBlocks = true, true
	return c
}

// variables are what the template sees.
func (t *Tokenizer) variables(c Chat) map[string]any {
	messages := make([]any, len(c.Messages))
	for i, m := range c.Messages {
		message := map[string]any{}
		for k, v := range m.More {
			message[k] = v
		}
		message["role"], message["content"] = m.Role, m.Content
		messages[i] = message
	}
	vars := map[string]any{"messages": messages, "tools": nil, "add_generation_prompt": c.Answer}
	if len(c.Tools) > 0 {
		vars["tools"] = c.Tools
	}
	for name, token := range t.roles {
		vars[name] = token
	}
	for k, v := range c.More {
		vars[k] = v
	}
	return vars
}

// environment is Jinja's, without access to files and with what transformers adds.
func environment() *exec.Environment {
	filters := exec.NewFilterSet(map[string]exec.FilterFunction{"pick": pick}).Update(builtins.Filters)
	if err := filters.Replace("tojson", toJSON); err != nil {
		panic(err) // the library has no tojson to replace
	}
	return &exec.Environment{
		Context: exec.EmptyContext().Update(builtins.GlobalFunctions).Update(builtins.GlobalVariables).Update(exec.NewContext(map[string]any{
			"raise_exception": func(message string) (string, error) { return "", errors.New(message) },
			"strftime_now":    func(layout string) string { return strftime(time.Now(), layout) },
		})),
		Filters: filters, Tests: builtins.Tests, ControlStructures: builtins.ControlStructures, Methods: builtins.Methods,
	}
}

// toJSON writes as Python's json.dumps does, which templates were made with: blanks after , and :,
// and no escapes that HTML asks for. Keys are sorted.
func toJSON(_ *exec.Evaluator, in *exec.Value, params *exec.VarArgs) *exec.Value {
	if in.IsError() {
		return in
	}
	value := in.ToGoSimpleType(false)
	if err, failed := value.(error); failed {
		return exec.AsValue(err)
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	indent, indented := params.KwArgs["indent"]
	if indented && indent.IsInteger() {
		e.SetIndent("", strings.Repeat(" ", min(max(0, indent.Integer()), 16)))
	}
	if err := e.Encode(value); err != nil {
		return exec.AsValue(err)
	}
	text := strings.TrimSuffix(b.String(), "\n")
	if !indented {
		text = spaced(text)
	}
	return exec.AsSafeValue(text)
}

// spaced puts a blank after each , and : outside of texts.
func spaced(text string) string {
	var b strings.Builder
	quoted := false
	for i := 0; i < len(text); i++ {
		b.WriteByte(text[i])
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
			b.WriteByte(text[i])
		case c == '"':
			quoted = !quoted
		case !quoted && (c == ',' || c == ':'):
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// strftime knows the parts of a date that templates ask for.
func strftime(now time.Time, layout string) string {
	return strings.NewReplacer("%d", now.Format("02"), "%b", now.Format("Jan"), "%B", now.Format("January"), "%Y", now.Format("2006"),
		"%m", now.Format("01"), "%H", now.Format("15"), "%M", now.Format("04"), "%S", now.Format("05"), "%A", now.Format("Monday"), "%%", "%").Replace(layout)
}

// oneTemplate is a loader of this template only: one that includes others is refused.
type oneTemplate string

// Read implements the library's Loader.
func (s oneTemplate) Read(path string) (io.Reader, error) {
	if path != templateFile {
		return nil, fmt.Errorf("it asks for another file, %q", path)
	}
	return strings.NewReader(string(s)), nil
}

// Resolve implements the library's Loader.
func (s oneTemplate) Resolve(path string) (string, error) { return path, nil }

// Inherit implements the library's Loader.
func (s oneTemplate) Inherit(string) (loaders.Loader, error) { return s, nil }
