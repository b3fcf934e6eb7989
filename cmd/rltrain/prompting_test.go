package main

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/verifiers"
)

func TestPromptingTemplate(t *testing.T) {
	template, err := prompting{Template: "few-shot", Shots: 2, Examples: "arith/pretrain"}.template("arith/rl")
	require.NoError(t, err)
	require.Len(t, template.Shots, 2)
	require.Equal(t, []string{"\n"}, template.Stop, "answers of one line")
	tasks, err := datasets.Load("arith/pretrain")
	require.NoError(t, err)
	prompt := template.Text(datasets.Task{Question: "What is 1 + 1?"})
	require.Contains(t, prompt, "Question: "+tasks[0].Question+"\nAnswer: "+tasks[0].Answer+"\n\n")
	require.Contains(t, prompt, "Question: What is 1 + 1?\nAnswer:")

	for want, p := range map[string]prompting{
		"only few-shot takes them":  {Template: "plain", Shots: 2},
		"unknown prompt template":   {Template: "plian"},
		"name another set":          {Template: "few-shot", Examples: "arith/rl"},
		"no answer to show":         {Template: "few-shot", Examples: "countdown/rl"},
		"has no worked examples":    {Template: "few-shot"},
		"and arith/validation has ": {Template: "few-shot", Examples: "arith/validation", Shots: 418},
	} {
		_, err := p.template("arith/rl")
		require.ErrorContains(t, err, want)
	}
}

// asked are the flags of an evaluation that asks for a form.
func asked(form string, places ...string) *evalFlags {
	f := &evalFlags{reward: defaultTrainRecipe().Reward, answer: places}
	f.reward.Form = form
	return f
}

func TestFormOfTheAnswer(t *testing.T) {
	task := datasets.Task{Kind: "math", Question: "What is 3 + 4?", Answer: "7"}
	for _, test := range []struct {
		form     string
		places   []string
		response string
		want     verifiers.Kind
		format   bool
	}{
		{formThink, nil, " 7", verifiers.NoAnswer, false},
		{formAnswer, []string{"line"}, " 7", verifiers.Correct, true},
		{formAnswer, []string{"line"}, " 8", verifiers.Wrong, true},
		{formAnswer, []string{"line"}, " She has 7", verifiers.NoAnswer, false},
		{formAnswer, nil, " The answer is 7", verifiers.Correct, true},
	} {
		rules, err := asked(test.form, test.places...).rules()
		require.NoError(t, err)
		v, err := rules.Verify(context.Background(), task, test.response)
		require.NoError(t, err)
		require.Equal(t, test.want, v.Kind, "%+v", test)
		require.Equal(t, test.format, v.Format, "%+v", test)
	}
	_, err := asked("tags").rules()
	require.ErrorContains(t, err, "want think")
	_, err = asked(formAnswer, "nowhere").rules()
	require.ErrorContains(t, err, "unknown place")
}

func TestPromptingAddsStops(t *testing.T) {
	template, err := prompting{Template: "r1-zero", Stop: []string{"\n\n", "END"}}.template("")
	require.NoError(t, err)
	require.Equal(t, []string{"\nUser:", "\n\n", "END"}, template.Stop)
	r := defaultTrainRecipe()
	r.Tasks, r.Sampling.Stop = []taskShare{{Name: "countdown/rl", Weight: 1}}, []string{"END"}
	pool, err := r.pool(nil, verifiers.Rules{})
	require.NoError(t, err)
	require.Equal(t, []string{"END"}, pool.Template.Stop)
}
