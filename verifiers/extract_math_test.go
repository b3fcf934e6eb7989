package verifiers

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// extracted is a response and the answer that should be found in it; a kind of verdict in place of the answer if none.
type extracted struct{ response, want string }

func checkExtraction(t *testing.T, e Extraction, tests []extracted) {
	for _, test := range tests {
		got, f := e.Find(test.response)
		if !f.ok() {
			got = string(f.kind)
		}
		require.Equal(t, test.want, got, test.response)
	}
}

func TestExtractBoxes(t *testing.T) {
	checkExtraction(t, Extraction{}, []extracted{
		{`\boxed{5}`, "5"}, {`\boxed 5 and`, "5"}, {`\boxed5.`, "5"}, {`\boxed {5}`, "5"}, {"\\boxed\n{5}", "5"}, {`\fbox{$5$}`, "$5$"},
		{`\boxed\frac{1}{2}`, `\frac{1}{2}`}, {`\boxed (1, 2) done`, "(1, 2)"}, {`$\boxed 5$`, "5"}, {`so \boxed{1} no, \boxed{\frac{1}{2}}.`, `\frac{1}{2}`},
		{`\boxed{\{1,2\}}`, `\{1,2\}`}, {`\boxed{\left\{x : x > 1\right\}}`, `\left\{x : x > 1\right\}`}, {`\boxed{\text{a}} {`, `\text{a}`},
		{`} \boxed{5}`, "5"}, {`{ \boxed{5}`, "5"}, {`\\boxed{5}`, "5"}, {`\\\boxed{5}`, "5"}, {`\boxed{a \\ b}`, `a \\ b`},
		{`\boxed{5`, "unparseable"}, {`\boxed{5} \boxed{6`, "unparseable"}, {`\boxed{ try \boxed{6}`, "6"}, {`\boxed{}`, "no_answer"}, {`\boxed`, "no_answer"},
		{`\boxed{5}, put in \boxed{}`, "no_answer"}, {"The answer is 4. \\boxed{5}", "5"}, {"\\boxed{5}\nThe answer is 4.", "5"},
		// the outer box counts
		{`\boxed{\boxed{5}}`, "{5}"}, {`\boxed{1, \boxed{2}}`, "1, {2}"}, {`\boxed{1, 2, \fbox{3}}`, "1, 2, {3}"},
	})
}

// TestExtractSeveralBoxes: boxes that stand together are one list; otherwise the last counts.
func TestExtractSeveralBoxes(t *testing.T) {
	checkExtraction(t, Extraction{}, []extracted{
		{`\boxed{1} and \boxed{2}`, "1, 2"}, {`$\boxed{1}$, $\boxed{2}$, and $\boxed{3}$`, "1, 2, 3"}, {`$x = \boxed{1}$ or $x = \boxed{2}$`, "1, 2"},
		{`$x=\boxed{1}$, $y=\boxed{2}$`, "x = 1, y = 2"}, {`\boxed{1}\text{ and }\boxed{2}`, "1, 2"}, {`\boxed{1} 和 \boxed{2}`, "1, 2"}, {`\boxed{1}、\boxed{2}`, "1, 2"},
		{`\boxed{5}, \boxed{5}`, "5"}, {`\boxed{1} so \boxed{2}`, "2"}, {"\\boxed{1}\n\\boxed{2}", "2"}, {`\boxed{1} or rather \boxed{2}`, "2"},
		{`\boxed{1} papers and \boxed{2} bins`, "1, 2"}, {`\boxed{(3, 3)} \text{ for part (a) and } \boxed{(1, 1)}`, "(3, 3), (1, 1)"}, {`\boxed{1} fails this and \boxed{2}`, "2"}, {`\boxed{1} no no no no no \boxed{2}`, "2"},
		{`\boxed{3} no: \boxed{1} and \boxed{2}`, "1, 2"}, {`\boxed{1} \boxed{2} \boxed{3} \boxed{4}`, "1, 2, 3, 4"},
	})
	for _, response := range []string{`\boxed{6}, \boxed{5}`, `\boxed{5} or \boxed{6}`, `\boxed{6} \boxed{5}`, `\boxed{6, \boxed{5}}`, `$6$ or $5$`, "<answer>6</answer><answer>5 or 6</answer>"} {
		v, err := JudgeMath(response, "5")
		require.NoError(t, err)
		require.NotEqual(t, Correct, v.Kind, "guesses: %s", response)
	}
}

func TestExtractTags(t *testing.T) {
	checkExtraction(t, Extraction{}, []extracted{
		{"<think>x</think><answer>7</answer>", "7"}, {`<answer>\boxed{8}</answer>`, "8"}, {"<answer>The answer is 9.</answer>", "9"}, {"<answer>6</answer> <answer>7</answer>", "7"},
		{"<answer> x = 7 </answer>", "x = 7"}, {"<answer>Evelyn</answer>", "Evelyn"}, {"<answer>1 or 2</answer>", "1 or 2"}, {"<answer>work\n#### 7</answer>", "7"},
		{"<answer></answer>", "no_answer"}, {"<answer>6</answer><answer>7", "no_answer"}, {`\boxed{7}<answer>7`, "no_answer"}, {"<think>a</think><answer>7", "no_answer"},
		{"<answer>a<answer>7</answer></answer>", "no_answer"},
	})
}

func TestExtractAfterThink(t *testing.T) {
	checkExtraction(t, Extraction{}, []extracted{
		{`<think>\boxed{3}</think> It is \boxed{4}`, "4"}, {`<think>\boxed{3}`, "no_answer"}, {`<think>\boxed{3}</think>`, "no_answer"}, {`\boxed{3}</think>`, "no_answer"},
		{`<think>a</think>\boxed{3}<think>wait`, "no_answer"}, {`<think>a<answer>3</answer>`, "no_answer"}, {`<think>a</think>b</think>\boxed{3}`, "3"}, {`\boxed{3}`, "3"},
	})
	checkExtraction(t, Extraction{RequireThink: true}, []extracted{
		{`\boxed{3}`, "no_answer"}, {`<think>a</think>\boxed{3}`, "3"}, {`a</think>\boxed{3}`, "3"}, {"<answer>3</answer>", "no_answer"}, {"", "no_answer"},
	})
}

func TestExtractHashes(t *testing.T) {
	checkExtraction(t, Extraction{}, []extracted{
		{"work\n#### 72", "72"}, {"#### 71\n#### 72\n", "72"}, {"#### 1,234.", "1,234"}, {"#### 72\nThe answer is 5.", "72"}, {"#### Step 2\nThe answer is 5.", "Step 2"},
		{"#### Adding it all up\nThe answer is 5.", "5"}, {"####", "no_answer"}, {"#### Evelyn", "Evelyn"},
	})
}

func TestExtractCues(t *testing.T) {
	checkExtraction(t, Extraction{}, []extracted{
		{"The answer is $\\frac{1}{2}$.", `$\frac{1}{2}$`}, {"the answer is 3. Wait, the final answer is: 4.\nBye", "4"}, {"**Answer:** 12", "12"}, {"**Answer**: 12", "12"},
		{"Answer: 1.5.", "1.5"}, {"Final Answer: The final answer is $5$. I hope it is correct.", "$5$"}, {"The answer is\n\n$$5$$", "5"}, {"The answer is:\n\\[\nx = 5\n\\]", "x = 5"},
		{"The answers are 1 and 2.", "1 and 2"}, {"The answer to the question is 5", "5"}, {"The answer, in feet, is 5", "5"}, {"Answer (in cm): 5", "5"}, {"so the answer is therefore 5.", "5"},
		{"The answer is 5 because $2 + 3 = 5$.", "5"}, {"The answer is option (B).", "(B)"}, {"The answer is 6 * 7 = 42.", "42"}, {"The answer is y = 2x.", "y = 2x"},
		{"The answer is 5 or 6.", "5 or 6"}, {"The answer is either 5 or 6", "either 5 or 6"}, {"The answer is not 5", "not 5"}, {"The answer is $5$, not $6$.", "$5$, not $6$"},
		{"The answer is 9:30 a.m. on Monday", "9:30 a.m. on Monday"}, {"The answer is 5. This answer is correct.", "5"}, {"The answer is", "no_answer"}, {"Answer: 1,234 dollars", "1,234 dollars"},
		{"The answer is the interval $[0, 1)$.", "$[0, 1)$"}, {"answer = 5", "5"}, {"I think it could be 5", "no_answer"},
		// Chinese
		{"所以答案是5。", "5"}, {"答案为 $\\frac12$，因为……", `$\frac12$`}, {"答案：12", "12"}, {"**答案：** 12", "12"}, {"故选B。", "B"}, {"故选：C", "C"}, {"因此答案是 x=1，y=2。", "x=1，y=2"},
		{"答案是3。不对，正确答案是4。", "4"}, {"答：5", "5"}, {"【答案】 12", "12"}, {"所以选择A选项。", "A"}, {"正确选项为D", "D"}, {"The correct option is B.", "B"}, {"The answer is 3. 答案是4。", "4"},
		// a last line that states the answer
		{"Adding up.\nTherefore, the area is 5 cm.", "5 cm"}, {"So she has 12 apples left.", "12 apples left"}, {"Thus $a+b$ equals $7$.", "$7$"}, {"因此共有 12 种。", "12 种"},
		{"Therefore $x \\geq 5$ is the solution.", `x \geq 5`}, {"Thus 12 is our answer.", "12"}, {"Thus her guess is our answer.", "no_answer"}, {"It grows.\nTherefore, the error increases by 100%.", "100%"},
		{"Final Answer: The largest $n$ is 34. I hope it is correct.", "34"}, {"Final Answer: The volume of $ABC$ is 120. I hope it is correct.<|im_end|>", "120"}, {"Therefore, there are 12 distinct sequences that meet the conditions. I hope it is correct.", "12 distinct sequences"},
		{"Therefore the series is known to converge in many cases.", "no_answer"}, {"Therefore, x is 5.\nLet me check that.", "no_answer"},
	})
}

func TestExtractFormulas(t *testing.T) {
	checkExtraction(t, Extraction{}, []extracted{
		{"We get\n$x = 5$", "x = 5"}, {"We get $3$.\nand then $x = 5$.", "x = 5"}, {"Hence\n\\[\n\\frac{1}{2}\n\\]", `\frac{1}{2}`}, {"Hence\n$$\n2 + 3 = 5\n$$\n", "5"}, {`so \(5\).`, "5"},
		{"$1$ and $2$", "1, 2"}, {"first $1$, that gives $2$.", "2"}, {"$1$ is what we get", "no_answer"}, {"$3x - y + 13 = 0$", "3x - y + 13 = 0"}, {`It costs \$5$`, "no_answer"},
	})
}

func TestExtractOnlyLine(t *testing.T) {
	checkExtraction(t, Extraction{}, []extracted{
		{"0.5", "0.5"}, {" 5 apples\n", "5 apples"}, {`\frac{1}{2}`, `\frac{1}{2}`}, {"pi/2", "pi/2"}, {"-1 + exp(16)", "-1 + exp(16)"}, {"x = 5", "x = 5"}, {"B", "B"},
		{"it is 5", "no_answer"}, {"5 is what I think it is", "no_answer"}, {"is it 5?", "no_answer"}, {"5\n6", "no_answer"}, {"", "no_answer"}, {"Yes", "no_answer"},
	})
}

func TestExtractionOrder(t *testing.T) {
	const response = "\\boxed{1}\n<answer>2</answer>\n#### 3\nThe answer is 4.\n$5$"
	want := map[Place]string{InBox: "1", InTag: "2", AtHashes: "3", AfterCue: "4", InFormula: "5"}
	places := Places()
	for i, place := range places[:5] {
		e := Extraction{Order: places[i:]}
		require.NoError(t, e.Check())
		checkExtraction(t, e, []extracted{{response, want[place]}})
		checkExtraction(t, Extraction{Order: []Place{place}}, []extracted{{response, want[place]}, {"nothing here", "no_answer"}})
	}
	checkExtraction(t, Extraction{Order: []Place{InTag, InBox}}, []extracted{{`\boxed{1}<answer>2</answer>`, "2"}, {`\boxed{1}`, "1"}})
	require.NoError(t, Extraction{}.Check())
	require.ErrorContains(t, Extraction{Order: []Place{"boxes"}}.Check(), `"boxes"`)
	require.ErrorContains(t, Extraction{Order: []Place{InBox, InBox}}.Check(), "twice")
}

// hostileResponses have a quarter of a megabyte each.
func hostileResponses() map[string]string {
	out := map[string]string{}
	for _, unit := range []string{`\boxed{`, `\boxed{1}`, `\boxed{1} and `, `\boxed`, `\boxed `, "{", "}", `\`, "$", "$1$ ", "$$", `\[`, `\(`, "#", "<answer>", "<answer></answer>", "the answer is ",
		"answer", "answer to ", "answer (", "答案", "答案是", "so ", "is ", "=", "Therefore, x is ", "1=", "a.", ". ", " ", "\n", "the the ", "\xff", "\x00", "because ", "{\\boxed{}", "x_", "**", `\text{and}`, "<think>", "</think>"} {
		body := strings.Repeat(unit, 1<<18/len(unit))
		out[unit] = body
		out[unit+" then a box"] = body + `\boxed{5}`
		out["a box then "+unit] = `\boxed{` + body + "}"
		out["cue then "+unit] = "The answer is " + body
		out["formula of "+unit] = "a\n$" + body + "$"
		out["tag of "+unit] = "<answer>" + body + "</answer>"
	}
	return out
}

func TestExtractHostile(t *testing.T) {
	for name, response := range hostileResponses() {
		start := time.Now()
		answer, f := ExtractMath(response)
		require.Less(t, time.Since(start), 5*time.Second, name) // milliseconds; minutes if work were not linear
		require.True(t, f.ok() == (answer != ""), name)
	}
}

func FuzzExtractMath(f *testing.F) {
	for _, s := range []string{`so \boxed{1}, $x=\boxed{\frac{1}{2}}$.`, "<think>a</think><answer>7 = 7</answer>", "#### 5", "The answer is $[0,1)$ because.", "答案是5。", "a\n\\[ 1 = 2 = 3\\]", "Therefore, x is 5.",
		`\boxed \frac 1 2`, `\boxed{\boxed{`, "$1$ and $2$"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, response string) {
		for _, e := range []Extraction{{}, {RequireThink: true}, {Order: []Place{OnlyLine, InFormula, AfterCue, AtHashes, InTag, InBox}}} {
			answer, f := e.Find(response)
			require.Equal(t, f.ok(), answer != "")
			require.LessOrEqual(t, len(answer), 2*len(response), "boxes that are joined gain separators and names only")
		}
		if unfinished := afterThink(response) == ""; unfinished {
			_, f := ExtractMath(response)
			require.False(t, f.ok(), "unfinished thinking is never paid")
		}
	})
}
