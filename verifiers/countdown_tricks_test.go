package verifiers

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/datasets"
)

// Ways to come to the target other than by the four operations on the given numbers, each used once. The targets are
// what the trick would give.
func TestCountdownTricks(t *testing.T) {
	for _, test := range []struct {
		name, answer string
		numbers      []int
		target       int
	}{
		{"digits glued", "35+8", []int{3, 5, 8}, 43}, {"digits glued by a space", "3 5+8", []int{3, 5, 8}, 43}, {"by an invisible space", "3\u200b5+8", []int{3, 5, 8}, 43},
		{"by an underscore", "3_5+8", []int{3, 5, 8}, 43}, {"by a comma", "3,5+8", []int{3, 5, 8}, 43}, {"by brackets", "(3)(5)+8", []int{3, 5, 8}, 23}, {"by the form", "3(5)+8", []int{3, 5, 8}, 23},
		{"a number split", "2+5", []int{25}, 7}, {"a digit used as a number", "2*5", []int{25, 2}, 10},
		{"decimal of two numbers", "3.5*2", []int{3, 5, 2}, 7}, {"decimal with a space", "3 .5*2", []int{3, 5, 2}, 7}, {"decimal comma", "2,5*4", []int{2, 5, 4}, 10}, {"bare point", ".5*8", []int{5, 8}, 4}, {"trailing point", "3.*5", []int{3, 5}, 15},
		{"floor division", "7//2", []int{7, 2}, 3}, {"floor division with a space", "7/ /2", []int{7, 2}, 3}, {"modulo", "7%4", []int{7, 4}, 3}, {"per cent", "50%*8", []int{50, 8}, 4},
		{"power", "2**3", []int{2, 3}, 8}, {"power with a space", "2* *3", []int{2, 3}, 8}, {"caret", "2^3", []int{2, 3}, 8}, {"superscript", "2³", []int{2, 3}, 8}, {"exponent", "2e3", []int{2, 3}, 2000},
		{"unary minus", "-3+8", []int{3, 8}, 5}, {"unary minus in brackets", "8+(-3)", []int{3, 8}, 5}, {"double minus", "8--3", []int{3, 8}, 11}, {"unary plus", "+3+8", []int{3, 8}, 11}, {"unary plus after an operator", "8*+3", []int{3, 8}, 24},
		{"minus of a sum", "-(3-8)", []int{3, 8}, 5}, {"bitwise not", "~3+8", []int{3, 8}, 4}, {"factorial", "3!+8", []int{3, 8}, 14}, {"double factorial", "3!!", []int{3}, 3}, {"root", "√9", []int{9}, 3}, {"root in LaTeX", `\sqrt{9}`, []int{9}, 3},
		{"absolute value", "|3-8|", []int{3, 8}, 5}, {"shift", "1<<3", []int{1, 3}, 8}, {"bits", "3|8", []int{3, 8}, 11}, {"comparison", "8>3", []int{3, 8}, 1}, {"hexadecimal", "0x10", []int{16}, 16},
		{"equation", "3+8=11", []int{3, 8}, 11}, {"two lines", "3+8\n11", []int{3, 8}, 11}, {"a list", "3+8;11", []int{3, 8}, 11}, {"a hedge", "3+8 or 3*8", []int{3, 8}, 24}, {"square brackets", "[3+8]", []int{3, 8}, 11}, {"a name", "x", []int{3}, 3},
		{"not all used", "8", []int{3, 8}, 8}, {"used twice", "3+3", []int{3}, 6}, {"another number", "11", []int{3, 8}, 11}, {"times nothing", "11*1", []int{3, 8, 1}, 11}, {"cancelled", "3+8+5-5", []int{3, 8}, 11},
		{"Arabic digits", "٣+٨", []int{3, 8}, 11}, {"full width", "３＋８", []int{3, 8}, 11}, {"comment", "3+8#", []int{3, 8}, 11}, {"rounding up", "7/2", []int{7, 2}, 4}, {"rounding down", "7/2", []int{7, 2}, 3}, {"almost", "1/3*3000", []int{1, 3, 3000}, 999},
	} {
		v, err := Countdown{}.Verify(context.Background(), datasets.Task{Numbers: test.numbers, Target: test.target}, tagged(test.answer))
		require.NoError(t, err, test.name)
		require.NotEqual(t, Correct, v.Kind, "%s: %s", test.name, test.answer)
		require.Zero(t, v.Reward, test.name)
		require.NotEmpty(t, v.Reason, test.name)
	}
	for name, response := range map[string]string{
		"in the thought": "<think><answer>3+8</answer></think>", "unfinished thought": "<think>x<answer>3+8</answer>", "nested": "<answer>1<answer>3+8</answer></answer>", "boxed only": `\boxed{3+8}`, "not closed": tagged("3+8") + "<answer>",
	} {
		v, err := Countdown{}.Verify(context.Background(), datasets.Task{Numbers: []int{3, 8}, Target: 11}, response)
		require.NoError(t, err, name)
		require.Equal(t, NoAnswer, v.Kind, name)
	}
}
