package verifiers

import (
	"context"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/datasets"
)

func countdownTask() datasets.Task {
	return datasets.Task{ID: "c", Kind: "countdown", Numbers: []int{3, 5, 8}, Target: 19}
}

func TestCountdown(t *testing.T) {
	for _, test := range []struct {
		answer, reason string
		want           Kind
	}{
		{"3*8-5", "", Correct}, {"(8*3)-5", "", Correct}, {" 3 × 8 − 5 ", "", Correct}, {"8·3-5", "", Correct},
		{"((3*8))-(5)", "", Correct}, {"03*8-5", "", Correct},
		{"3*8+5", "value 29 instead of 19", Wrong}, {"3*5/8", "value 15/8 instead of 19", Wrong},
		{"19", "19 is not among the numbers", Wrong}, {"24-5", "24 is not among the numbers", Wrong},
		{"3*8-5+0", "0 is not among the numbers", Wrong}, {"8+8+3", "number 8 used twice", Wrong},
		{"8+8+8-5", "number 8 used 3 times", Wrong}, {"3*8", "5 not used", Wrong},
		{"3**8", "unexpected '*' at 3: want a number or (", Unparseable}, {"-5+8*3", "unexpected '-' at 1", Unparseable},
		{"1/0", "division by zero", Unparseable}, {"3*8-5=19", "unexpected '=' at 6", Unparseable},
		{"__import__('os')", "unexpected '_' at 1", Unparseable}, {"3*(8-5", "ends at 7", Unparseable},
		{"3 8", "unexpected '8' at 3", Unparseable}, {"3.0*8-5", "unexpected '.' at 2", Unparseable},
		{strings.Repeat("(", 65), "more than 64", Unparseable}, {"12345678901", "more than 9 digits", Unparseable},
		{"٣*8-5", "at 1", Unparseable}, {"", "empty", NoAnswer},
	} {
		v, err := Countdown{}.Verify(context.Background(), countdownTask(), "<think>x</think><answer>"+test.answer+"</answer>")
		require.NoError(t, err)
		require.Equal(t, test.want, v.Kind, "%q: %s", test.answer, v.Reason)
		require.Contains(t, v.Reason, test.reason, test.answer)
		require.Equal(t, test.want == Correct, v.Reward == 1, test.answer)
	}
	_, err := Countdown{}.Verify(context.Background(), datasets.Task{}, "<answer>1</answer>")
	require.ErrorContains(t, err, "no numbers")
}

// TestProbesEarnNothing has the cheats of the recipe: under the rules none is paid.
func TestProbesEarnNothing(t *testing.T) {
	for _, response := range []string{
		"<answer>3*8-5</answer>", "<think>x</think>3*8-5", "3*8-5", "<think>x</think><answer>3*8-5", "<think>x<answer>3*8-5</answer>",
		"<think>x</think><answer>1</answer><answer>3*8-5</answer>", "<think>x</think><answer>3*8-5</answer> and more",
		"<think>x</think> so <answer>3*8-5</answer>", "<think><answer>1</answer></think><answer>3*8-5</answer>",
		"<think>x</think><think>x</think><answer>3*8-5</answer>", "<think>x</think><answer> </answer>",
		"<answer>3*8-5</answer><think>x</think>", "<THINK>x</THINK><ANSWER>3*8-5</ANSWER>", "",
	} {
		v, err := DefaultRules().Verify(context.Background(), countdownTask(), response)
		require.NoError(t, err)
		require.Zero(t, v.Reward, response)
		require.NotEqual(t, Correct, v.Kind, response)
		require.False(t, v.Format, response)
	}
}

// TestExpressionAgainstTrees makes random trees, writes them with brackets and compares values.
func TestExpressionAgainstTrees(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		text, want, used := tree(rng, 3)
		got, err := ParseExpression(text)
		if want == nil || len(text) > maxExpression {
			require.Error(t, err, text)
			continue
		}
		require.NoError(t, err, text)
		require.Zero(t, want.Cmp(got.Value), text)
		require.Equal(t, used, got.Used, text)
	}
}

// tree is a random expression; its value is nil where it divides by zero.
func tree(rng *rand.Rand, depth int) (string, *big.Rat, []int) {
	if depth == 0 || rng.IntN(4) == 0 {
		n := rng.IntN(12)
		return fmt.Sprint(n), big.NewRat(int64(n), 1), []int{n}
	}
	a, x, usedA := tree(rng, depth-1)
	b, y, usedB := tree(rng, depth-1)
	op := "+-*/"[rng.IntN(4)]
	text, used := "("+a+")"+string(op)+"("+b+")", slices.Concat(usedA, usedB)
	if x == nil || y == nil || op == '/' && y.Sign() == 0 {
		return text, nil, used
	}
	z := new(big.Rat)
	switch op {
	case '+':
		z.Add(x, y)
	case '-':
		z.Sub(x, y)
	case '*':
		z.Mul(x, y)
	case '/':
		z.Quo(x, y)
	}
	return text, z, used
}

func TestOrderOfOperations(t *testing.T) {
	for text, want := range map[string]string{"1+2*3": "7", "8-3-2": "3", "8/4/2": "1", "2*3+4": "10", "7/2": "7/2", "1-2": "-1"} {
		e, err := ParseExpression(text)
		require.NoError(t, err)
		require.Equal(t, want, e.Value.RatString(), text)
	}
}

func FuzzParseExpression(f *testing.F) {
	f.Add("3*(8-5)/2")
	f.Add("1/0")
	f.Add("((((1×2÷3−4")
	f.Fuzz(func(t *testing.T, s string) {
		e, err := ParseExpression(s)
		require.Equal(t, err != nil, e.Value == nil)
		if err == nil {
			require.Less(t, e.Value.Num().BitLen()+e.Value.Denom().BitLen(), 1000)
		}
	})
}

func BenchmarkCountdown(b *testing.B) {
	rules, task := DefaultRules(), countdownTask()
	for b.Loop() {
		_, _ = rules.Verify(context.Background(), task, "<think>3*8=24,24-5=19 that works.</think><answer>(3*8)-5</answer>")
	}
}
