package verifiers

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/datasets"
)

// tagged is the form of R1-Zero round an answer.
func tagged(answer string) string { return "<think>x</think><answer>" + answer + "</answer>" }

// check judges an answer in tags and compares the verdict.
func check(t *testing.T, v Verifier, task datasets.Task, response string, want Kind) {
	t.Helper()
	got, err := v.Verify(context.Background(), task, response)
	require.NoError(t, err, response)
	require.Equal(t, want, got.Kind, "%.200q: %s", response, got.Reason)
	require.Equal(t, want == Correct, got.Reward == 1)
	require.Equal(t, want == Correct, got.Reason == "", "a reason, unless it is right: %q", got.Reason)
}

// Where the answer is taken from, for all kinds that compare text.
func TestFinalAnswer(t *testing.T) {
	for _, test := range []struct {
		response string
		want     Kind // with tags or a box only
		bare     Kind // with the last line too
	}{
		{tagged("7"), Correct, Correct}, {tagged("\n 7 \n"), Correct, Correct}, {tagged(`\boxed{7}`), Correct, Correct},
		{`so \boxed{7}.`, Correct, Correct}, {`\boxed{8} no, it is \boxed{7}`, Correct, Correct}, {"7", NoAnswer, Correct},
		{"some work\n\n 7 \n\n", NoAnswer, Correct}, {"<think>7</think>\n7", NoAnswer, Correct},
		{tagged("8") + tagged("7"), Correct, Correct}, {tagged("7") + tagged("8"), Wrong, Wrong},
		{"<think>" + tagged("7") + "</think>", NoAnswer, NoAnswer}, {"<think><answer>7</answer></think>", NoAnswer, NoAnswer},
		{"<think>x<answer>7</answer>", NoAnswer, NoAnswer}, {"<think>7", NoAnswer, NoAnswer}, {"<think>x</think><think>7", NoAnswer, NoAnswer},
		{"<think>x</think><answer>7", NoAnswer, NoAnswer}, {"<answer>8<answer>7</answer></answer>", NoAnswer, NoAnswer},
		{"<answer><answer>7</answer>8</answer>", NoAnswer, NoAnswer}, {"<answer> </answer>", NoAnswer, NoAnswer},
		{`\boxed{}`, NoAnswer, NoAnswer}, {`\boxed{7`, Unparseable, Unparseable}, {"", NoAnswer, NoAnswer}, {" \n ", NoAnswer, NoAnswer},
		{tagged("7\n8"), Unparseable, Wrong}, {tagged("7 or 8"), Unparseable, Wrong}, {tagged("1, 2, 3, 4, 5, 6, 7"), Unparseable, Wrong},
		{tagged("7\u200b"), Unparseable, Wrong}, {tagged("8\u20637"), Unparseable, Wrong},
		{tagged(strings.Repeat("7", 5000)), Unparseable, Unparseable},
	} {
		check(t, Numeric{}, datasets.Task{Answer: "7"}, test.response, test.want)
		check(t, Exact{}, datasets.Task{Answer: "7"}, test.response, test.bare)
	}
}

func TestExact(t *testing.T) {
	for answer, want := range map[string]Kind{
		"Ada Lovelace": Correct, "\t Ada Lovelace\r\n": Correct, "ada lovelace": Wrong, "Ada  Lovelace": Wrong, "Ada Lovelace.": Wrong,
		`"Ada Lovelace"`: Wrong, "Ada Lovelace or Alan Turing": Wrong, "Аda Lovelace": Wrong,
	} {
		check(t, Exact{}, datasets.Task{Answer: " Ada Lovelace\n"}, tagged(answer), want)
	}
	check(t, Exact{}, datasets.Task{Answer: "a\nb"}, tagged("a\r\nb"), Correct)
	_, err := Exact{}.Verify(context.Background(), datasets.Task{Answer: " "}, "x")
	require.ErrorContains(t, err, "give texts of 1 to 4096 bytes")
}

func TestNumeric(t *testing.T) {
	for _, test := range []struct {
		gold, tolerance, relative, answer string
		want                              Kind
	}{
		{"0.5", "", "", "1/2", Correct}, {"1234", "", "", "1,234", Correct}, {"1234", "", "", "1,23,4", Unparseable}, {"1e3", "", "", "1000.000", Correct},
		{"0.1", "", "", "0.1000000000000000055511151231257827", Wrong}, {"-2", "", "", "−2", Correct}, {"2", "", "", "+2.", Correct}, {".5", "", "", "0.5", Correct},
		{"7", "", "", "007", Correct}, {"8/3", "", "", "010/3", Wrong}, {"10/3", "", "", "010/03", Correct}, {"3", "", "", "$3$", Correct}, {"3", "", "", "$3", Unparseable},
		{"3.14159", "0.01", "", "3.15", Correct}, {"3.14159", "0.01", "", "3.16", Wrong}, {"10", "1", "", "11", Correct}, {"10", "1", "", "11.0000000001", Wrong},
		{"1000", "", "0.01", "1010", Correct}, {"1000", "", "0.01", "1010.1", Wrong}, {"-1000", "", "0.01", "-990", Correct}, {"1000", "0.5", "0.01", "1010", Correct},
		{"0", "", "0.5", "0.0001", Wrong}, {"6.02e23", "", "", "602000000000000000000000", Correct}, {"1", "", "", "0.999999999999999999999", Wrong},
		{"1", "1", "", "NaN", Unparseable}, {"1", "1", "", "Inf", Unparseable}, {"1", "1", "", "-Infinity", Unparseable}, {"1", "1", "", "∞", Unparseable},
		{"1", "", "", "0x1", Unparseable}, {"1", "", "", "1_0", Unparseable}, {"1", "", "", "1e999999999", Unparseable}, {"1", "", "", "1/0", Unparseable},
		{"1", "", "", "0/0", Unparseable}, {"1", "", "", "1/00", Unparseable}, {"1", "", "", "１", Unparseable}, {"1", "", "", "1 m", Unparseable}, {"1", "", "", "100%", Unparseable},
		{"1", "", "", "1+0", Unparseable}, {"1", "", "", ".", Unparseable}, {"1", "", "", "e5", Unparseable}, {"1", "", "", strings.Repeat("1", 500), Unparseable},
	} {
		task := datasets.Task{Answer: test.gold, Tolerance: json.Number(test.tolerance), Relative: json.Number(test.relative)}
		check(t, Numeric{}, task, tagged(test.answer), test.want)
	}
	for want, task := range map[string]datasets.Task{
		`"many" is no number`: {Answer: "many"}, `"-1": give a number of at least 0`: {Answer: "1", Tolerance: "-1"},
		`"1e99999": give`: {Answer: "1", Tolerance: "1e99999"}, "give less than 1": {Answer: "1", Relative: "1"},
	} {
		_, err := Numeric{}.Verify(context.Background(), task, tagged("1"))
		require.ErrorContains(t, err, want)
	}
}

func FuzzParseNumber(f *testing.F) {
	for _, s := range []string{"1,234.5e-3", "-3/4", "$7$", "1e400", "NaN", "−.5"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		value, err := ParseNumber(s)
		require.Equal(t, err != nil, value == nil)
		if err == nil {
			require.Less(t, value.Num().BitLen()+value.Denom().BitLen(), 8000)
			again, err := ParseNumber(value.RatString())
			if len(value.RatString()) <= maxDigits {
				require.NoError(t, err)
				require.Zero(t, value.Cmp(again))
			}
		}
	})
}

func TestRegex(t *testing.T) {
	for _, test := range []struct {
		pattern, answer string
		want            Kind
	}{
		{`[ab]+`, "abba", Correct}, {`[ab]+`, "abbac", Wrong}, {`a|b`, "ab", Wrong}, {`(?i)yes`, "YES", Correct}, {`\d{4}-\d\d`, "2024-05", Correct},
		{`\d+`, "12\n", Correct}, {`\d+`, "12\n13", Wrong}, {`^a$`, "a", Correct}, {`(?m)^a$`, "a\nb", Wrong}, {`a`, "a\nb", Wrong}, {`(a+)+b`, strings.Repeat("a", 4000), Wrong},
	} {
		check(t, Regex{}, datasets.Task{Pattern: test.pattern}, tagged(test.answer), test.want)
	}
	for want, pattern := range map[string]string{
		"1 to 1000": "", "look-around": `(?=a)`, "unexpected )": `a)|(b`, "missing closing": `(a`, "has 2000 bytes": strings.Repeat("ab", 1000),
	} {
		_, err := Regex{}.Verify(context.Background(), datasets.Task{Pattern: pattern}, tagged("a"))
		require.ErrorContains(t, err, want)
	}
}

func TestJSON(t *testing.T) {
	const gold = `{"name":"Ada","born":1815,"langs":["en","fr"],"x":{"y":null}}`
	for _, test := range []struct {
		gold, answer string
		fields       []string
		want         Kind
	}{
		{gold, `{"x":{"y":null}, "born":1815.0, "langs":["en","fr"], "name":"Ada"}`, nil, Correct},
		{gold, "```json\n" + gold + "\n```", nil, Correct}, {gold, `{"name":"Ada"}`, nil, Wrong}, {gold, `{"name":"Ada"}`, []string{"name"}, Correct},
		{gold, `{"name":"Ada","born":1816}`, []string{"name", "born"}, Wrong}, {gold, `{"name":"Ada"}`, []string{"name", "born"}, Wrong}, {gold, `["Ada"]`, []string{"name"}, Wrong},
		{gold, `{"name":"Ada","born":1815,"langs":["fr","en"],"x":{"y":null}}`, nil, Wrong}, {gold, `{"name":"Ada","born":1815,"langs":["en","fr"],"x":{}}`, nil, Wrong},
		{`[1,2]`, `[1, 2.0]`, nil, Correct}, {`[1,2]`, `[2,1]`, nil, Wrong}, {`5`, `5e0`, nil, Correct}, {`"5"`, `5`, nil, Wrong}, {`true`, `true`, nil, Correct}, {`null`, `null`, nil, Correct},
		{`1e9999`, `1e9999`, nil, Correct}, {`1e9999`, `1e9998`, nil, Wrong}, {`"ä"`, `"\u00e4"`, nil, Correct}, {`0`, `-0`, nil, Correct}, {`0`, `false`, nil, Wrong},
		{`{"a":1}`, `{"a":2,"a":1}`, nil, Unparseable}, {`{"a":1}`, `{"a":1,"a":2}`, []string{"a"}, Unparseable}, {`{"a":1}`, `{"a":1} {"a":2}`, nil, Unparseable},
		{`{"a":1}`, `{'a':1}`, nil, Unparseable}, {`{"a":1}`, `{"a":1,}`, nil, Unparseable}, {`{"a":1}`, `{"a":NaN}`, nil, Unparseable}, {`{"a":1}`, `{"a":1`, nil, Unparseable}, {`{"a":1}`, `]`, nil, Unparseable},
		{`1`, strings.Repeat("[", 100_000), nil, Unparseable}, {`1`, strings.Repeat(" ", 300<<10) + "1", nil, Correct}, {`1`, strings.Repeat("1", 300<<10), nil, Unparseable},
	} {
		check(t, JSON{}, datasets.Task{Answer: test.gold, Fields: test.fields}, tagged(test.answer), test.want)
	}
	check(t, JSON{}, datasets.Task{Answer: gold}, gold, NoAnswer)
	for want, task := range map[string]datasets.Task{
		"give the text of one JSON value": {Answer: "Ada"}, `field "b" is missing`: {Answer: `{"a":1}`, Fields: []string{"b"}}, "is no object": {Answer: `1`, Fields: []string{"b"}},
	} {
		_, err := JSON{}.Verify(context.Background(), task, tagged("1"))
		require.ErrorContains(t, err, want)
	}
}

// A value that is read equals itself, and what encoding/json refuses is refused.
func FuzzReadJSON(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5e3,null,true,"x"]}`, `{"a":1,"a":2}`, `[[[`, `1e9999`, `{"a":1}}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		value, err := readJSON(s)
		if err != nil {
			return
		}
		require.True(t, json.Valid([]byte(s)), s)
		require.True(t, sameJSON(value, value))
		text, err := json.Marshal(value)
		require.NoError(t, err)
		again, err := readJSON(string(text))
		require.NoError(t, err)
		require.True(t, sameJSON(value, again), s)
	})
}
