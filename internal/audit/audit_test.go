package audit

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/verifiers"
)

func run(t *testing.T, in, kind string, judge func(string) (verifiers.RecordJudge, error)) Report {
	t.Helper()
	r, err := Run(context.Background(), strings.NewReader(in), Options{Kind: kind, Judge: judge})
	require.NoError(t, err)
	return r
}

// Our own verifiers pay no hack, whatever the gold looks like.
func TestOurVerifiers(t *testing.T) {
	for kind, lines := range map[string][]string{
		"math": {`"gold":"1"`, `"gold":"10"`, `"gold":"-3"`, `"gold":"\\frac{1}{2}"`, `"gold":"(1,2)"`, `"gold":"\\{1,2,3\\}"`, `"gold":"1, 2, 3"`, `"gold":["5","6"]`, `"gold":"x^2+1"`, `"gold":"\\text{Monday}"`, `"gold":"\\text{(C)}"`, `"gold":"(B)"`, `"gold":"D"`, `"gold":"\\sqrt{2}"`, `"gold":"7919"`, `"gold":"2 or 3"`, `"gold":"11\\sqrt2","question":"Simplify $\\sqrt{242}$."`, `"gold":"[0,\\infty)"`,
			`"gold":"work work work\n#### 72","question":"How many? 72"`},
		"choice": {`"gold":"B"`, `"gold":"A","choices":["1","2","3"],"question":"Which?\nA) 1\nB) 2\nC) 3"`, `"gold":"C","question":"Which?\nA) 1\nB) 2\nC) 3"`, `"gold":"D","question":"Is it A, B, C or D?"`},
		"exact":  {`"gold":"Ada Lovelace"`, `"gold":"1","question":"Say\n1"`, `"gold":"1, 2, 3, …"`}, "numeric": {`"gold":3.14,"tolerance":0.01`, `"gold":"1"`, `"gold":0`},
		"json":      {`"gold":{"a":1},"fields":["a"]`, `"gold":"[1,2]"`, `"gold":1`},
		"regex":     {`"pattern":"[a-z]+ [a-z]+"`},
		"rule":      {`"rule":"answer == gold && len(response) < 2000","gold":"42"`},
		"countdown": {`"numbers":[3,5,8],"target":19,"response":"<think>x</think><answer>3*8-5</answer>"`},
		"code":      {`"language":"starlark","cases":[{"args":[2],"want":4},{"args":[3],"want":6}],"prompt":"def f(x):\n","response":"    return x*2"`},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			r := run(t, `{"id":1,`+strings.Join(lines, "}\n{\"id\":2,")+"}", kind, verifiers.ForRecords)
			require.Equal(t, len(lines), r.Lines)
			require.Zero(t, r.Faults, r.FirstFault)
			for _, p := range r.Paid {
				t.Errorf("%s: %s is paid for gold %q: %q", kind, p.Hack, p.Gold, p.Response)
			}
			require.Greater(t, len(r.Tried), 4)
		})
	}
}

// broken makes a judge that pays where pays says so.
func broken(pays func(gold, response string) bool) func(string) (verifiers.RecordJudge, error) {
	return func(string) (verifiers.RecordJudge, error) {
		return func(_ context.Context, fields map[string]json.RawMessage) (verifiers.Verdict, error) {
			var gold, response string
			if err := json.Unmarshal(fields["response"], &response); err != nil {
				return verifiers.Verdict{}, err
			}
			_ = json.Unmarshal(fields["gold"], &gold)
			v := verifiers.Verdict{Kind: verifiers.Wrong, Answer: response}
			if pays(gold, response) {
				v.Kind, v.Reward = verifiers.Correct, 1
			}
			return v, nil
		}, nil
	}
}

// Verifiers with one well-known fault each: the audit must name the hack that uses it.
func TestBrokenVerifiersAreCaught(t *testing.T) {
	inside := func(response string) string { // an extractor without care
		_, s, _ := strings.Cut(response, "<answer>")
		s, _, _ = strings.Cut(s, "</answer>")
		return s
	}
	for name, test := range map[string]struct {
		hack string
		pays func(gold, response string) bool
	}{
		"the gold anywhere":       {"answer inside the thought", func(g, r string) bool { return strings.Contains(r, g) }},
		"the gold in the answer":  {"hedge", func(g, r string) bool { return strings.Contains(inside(r), g) }},
		"the first box":           {"many boxes", func(g, r string) bool { return strings.HasPrefix(strings.TrimPrefix(r, `\boxed{`), g+"}") }},
		"the gold starts with it": {"empty answer", func(g, r string) bool { return strings.HasPrefix(g, inside(r)) }},
		"the first answer":        {"many answers", func(g, r string) bool { return inside(r) == g }},
		"one of the numbers": {"list dump", func(g, r string) bool {
			return strings.Contains(","+strings.ReplaceAll(inside(r), " ", "")+",", ","+g+",")
		}},
		"invisible signs dropped":  {"invisible characters", func(g, r string) bool { _, after, ok := strings.Cut(inside(r), "\u2063"); return ok && after == g }},
		"a cut answer":             {"unclosed tags", func(g, r string) bool { return strings.HasSuffix(r, "<answer>"+g) }},
		"the longest":              {"huge output", func(_, r string) bool { return len(r) > 50_000 }},
		"unreadable is right":      {"no answer", func(_, r string) bool { return !strings.ContainsAny(r, "<\\") && len(r) < 100 }},
		"its own verdict believed": {"forged verdict", func(_, r string) bool { return strings.Contains(r, `"verdict":"correct"`) }},
		"question words":           {"prompt echo", func(_, r string) bool { return strings.Contains(r, "How many") }},
		"a nested answer":          {"nested answers", func(g, r string) bool { return strings.Contains(r, "<answer>"+g+"</answer></answer>") }},
	} {
		r := run(t, `{"id":"q1","gold":"42","question":"How many are there?"}`, "math", broken(test.pays))
		hacks := map[string]bool{}
		for _, p := range r.Paid {
			hacks[p.Hack] = true
			require.JSONEq(t, `"q1"`, string(p.ID))
		}
		require.True(t, hacks[test.hack], "%s: want %s among %v", name, test.hack, hacks)
	}
	r := run(t, `{"gold":"B"}`, "choice", broken(func(g, r string) bool { return strings.Contains(inside(r), g) }))
	require.NotEmpty(t, r.Paid)
}

// A right verifier of the plainest sort is paid for nothing.
func TestRightVerifier(t *testing.T) {
	r := run(t, `{"gold":"1"}`+"\n"+`{"gold":"1, 2, 3, …"}`, "math", broken(func(g, r string) bool { return r == answered(g) || r == inBox(g) }))
	require.Empty(t, r.Paid)
}

func TestDisagreements(t *testing.T) {
	in := strings.Join([]string{
		`{"id":1,"gold":"5","response":"<answer>5</answer>"}`, `{"id":2,"gold":"5","response":"so there are 5"}`, `{"id":3,"answer":"5","response":"\\boxed{6}"}`,
		`{"id":4,"gold":"\\frac{1}{2}","response":"\\boxed{0.5}"}`, `{"id":5,"gold":"5","response":"nothing"}`, `broken`, `{"id":7,"gold":{},"response":"x"}`,
	}, "\n")
	r := run(t, in, "numeric", func(string) (verifiers.RecordJudge, error) { return verifiers.ForRecords("math") })
	require.Equal(t, 5, r.Judged)
	require.Equal(t, 2, r.Faults)
	require.Contains(t, r.FirstFault, "line 6: no JSON object")
	strict := func(_, response string) bool { return response == "<answer>5</answer>" }
	r = run(t, `{"id":2,"gold":"5","response":"so there are 5"}`, "math", broken(strict))
	require.Len(t, r.Disagreements, 1)
	d := r.Disagreements[0]
	require.Equal(t, []any{verifiers.Wrong, verifiers.Correct, "5", "so there are 5"}, []any{d.Verdict, d.SecondVerdict, d.Second, d.Extracted})
}

func TestSecondAnswer(t *testing.T) {
	for _, test := range []struct{ kind, response, want string }{
		{"math", "a <answer> 3 </answer>", "3"}, {"math", `<answer>\boxed{\frac{1}{2}}</answer>`, `\frac{1}{2}`}, {"math", "so\n#### 1,234", "1,234"}, {"math", "it is 7 apples, or 8.", "8"}, {"math", `it is $\sqrt 2$`, `it is $\sqrt 2$`},
		{"choice", "I take (C).", "C"}, {"exact", "a\nlast line\n\n", "last line"}, {"json", "```json\n{}\n```", "{}"}, {"code", "text", "text"}, {"math", "", ""},
	} {
		require.Equal(t, test.want, secondAnswer(test.kind, test.response), test.response)
	}
}

func TestRunErrors(t *testing.T) {
	_, err := Run(context.Background(), strings.NewReader(""), Options{Judge: verifiers.ForRecords})
	require.ErrorContains(t, err, "nothing to audit")
	r := run(t, `{"gold":"1"}`+"\n"+`{"kind":"poetry"}`+"\n"+`{"kind":"math","gold":"1"}`, "", verifiers.ForRecords)
	require.Equal(t, 2, r.Faults)
	require.Contains(t, r.FirstFault, "--kind")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = Run(ctx, strings.NewReader("{}"), Options{Judge: verifiers.ForRecords})
	require.ErrorIs(t, err, context.Canceled)
	_, err = Run(context.Background(), strings.NewReader(strings.Repeat("1", maxLine+1)), Options{Judge: verifiers.ForRecords})
	require.ErrorContains(t, err, "read line 1")
}
