package datasets

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"math/big"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAttemptsKnown(t *testing.T) {
	attempts := DefaultCountdownRules().Attempts([]int{22, 8, 2})
	require.Contains(t, attempts, Attempt{Steps: "8+2=10,22+10=32", Expr: "22+(8+2)", Value: 32})
	require.Contains(t, attempts, Attempt{Steps: "8/2=4,22-4=18", Expr: "22-(8/2)", Value: 18})
	require.Contains(t, attempts, Attempt{Steps: "22/2=11,11*8=88", Expr: "(22/2)*8", Value: 88})
	for _, a := range attempts {
		require.NotContains(t, a.Steps, "22*8*", "one equation per step")
		require.LessOrEqual(t, a.Value, 200)
	}
	require.Equal(t, attempts, DefaultCountdownRules().Attempts([]int{2, 8, 22}), "order of numbers plays no part")
}

// The rules, checked from outside: Go's parser reads the expression and rationals compute it.
func TestAttemptsProperty(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 0))
	for _, rules := range []CountdownRules{DefaultCountdownRules(), fourNumbers(), largeNumbers()} {
		for range 20 {
			numbers := make([]int, rules.Count)
			for i := range numbers {
				numbers[i] = rules.Lo + rng.IntN(rules.Hi-rules.Lo+1)
			}
			checkAttempts(t, rules, numbers)
		}
	}
	checkAttempts(t, DefaultCountdownRules(), []int{1, 1, 1})
	checkAttempts(t, DefaultCountdownRules(), []int{7, 7, 7})
}

func checkAttempts(t *testing.T, rules CountdownRules, numbers []int) {
	t.Helper()
	seen := map[string]bool{}
	for _, a := range rules.Attempts(numbers) {
		require.False(t, seen[a.Steps], "repeated %s", a.Steps)
		seen[a.Steps] = true
		value, literals := evaluate(t, a.Expr)
		require.Equal(t, big.NewRat(int64(a.Value), 1).String(), value.String(), a.Expr)
		require.Equal(t, sorted(numbers), sorted(literals), a.Expr)
		steps := strings.Split(a.Steps, ",")
		require.Len(t, steps, len(numbers)-1)
		for _, step := range steps {
			left, right, _ := strings.Cut(step, "=")
			result, operands := evaluate(t, left)
			require.Equal(t, right+"/1", result.String(), "an exact integer: %s", a.Steps)
			require.GreaterOrEqual(t, operands[0], operands[1], "larger operand first: %s", step)
			require.Positive(t, result.Sign(), step)
			require.LessOrEqual(t, result.Cmp(big.NewRat(int64(rules.MaxValue), 1)), 0, step)
		}
	}
}

func evaluate(t *testing.T, text string) (*big.Rat, []int) {
	t.Helper()
	expr, err := parser.ParseExpr(text)
	require.NoError(t, err, text)
	var literals []int
	return evaluateNode(t, expr, &literals), literals
}

func evaluateNode(t *testing.T, node ast.Expr, literals *[]int) *big.Rat {
	t.Helper()
	switch n := node.(type) {
	case *ast.ParenExpr:
		return evaluateNode(t, n.X, literals)
	case *ast.BasicLit:
		v, _ := constant.Int64Val(constant.MakeFromLiteral(n.Value, token.INT, 0))
		*literals = append(*literals, int(v))
		return big.NewRat(v, 1)
	case *ast.BinaryExpr:
		x, y := evaluateNode(t, n.X, literals), evaluateNode(t, n.Y, literals)
		switch n.Op {
		case token.ADD:
			return x.Add(x, y)
		case token.SUB:
			return x.Sub(x, y)
		case token.MUL:
			return x.Mul(x, y)
		case token.QUO:
			return x.Quo(x, y)
		}
	}
	require.Failf(t, "unexpected node", "%T", node)
	return nil
}

// An independent search over the values alone: whatever can be reached must be among the attempts.
func TestAttemptsComplete(t *testing.T) {
	rules := DefaultCountdownRules()
	for _, numbers := range [][]int{{2, 8, 22}, {1, 1, 25}, {6, 6, 6}, {3, 16, 6}, {24, 25, 25}} {
		reached := map[int]bool{}
		reachable(numbers, rules.MaxValue, reached)
		found := map[int]bool{}
		for _, a := range rules.Attempts(numbers) {
			found[a.Value] = true
		}
		require.Equal(t, reached, found, numbers)
	}
}

func reachable(values []int, limit int, reached map[int]bool) {
	if len(values) == 1 {
		reached[values[0]] = true
		return
	}
	for i := range values {
		for j := range values {
			if i == j {
				continue
			}
			var rest []int
			for k, v := range values {
				if k != i && k != j {
					rest = append(rest, v)
				}
			}
			a, b := values[i], values[j]
			for _, v := range []int{a + b, a - b, a * b, a / b * (1 - min(1, a%b))} {
				if v > 0 && v <= limit {
					reachable(append(slices.Clone(rest), v), limit, reached)
				}
			}
		}
	}
}

func TestCountdownTask(t *testing.T) {
	task := CountdownTask([]int{22, 2, 8}, 36)
	require.Equal(t, "countdown-2_8_22-36", task.ID)
	require.Equal(t, "countdown", task.Kind)
	require.Equal(t, 36, task.Target)
	require.ElementsMatch(t, []int{2, 8, 22}, task.Numbers)
	require.Equal(t, CountdownQuestion(task.Numbers, 36), task.Question)
	require.Equal(t, task, CountdownTask([]int{8, 22, 2}, 36), "one fixed question per task")
	require.Equal(t, "make 36 from 2 8 22", CountdownQuestion([]int{2, 8, 22}, 36))
}

func TestCountdownSplits(t *testing.T) {
	shares := map[Split]float64{Pretrain: .55, RL: .30, Validation: .05, Test: .10}
	count, total := map[Split]int{}, 0
	for _, numbers := range DefaultCountdownRules().multisets() {
		count[CountdownSplit(numbers)]++
		total++
	}
	require.Equal(t, 2925, total, "25 numbers, 3 at a time, with repetition")
	for split, share := range shares {
		require.InDelta(t, share, float64(count[split])/float64(total), .02, split)
	}
	require.Equal(t, CountdownSplit([]int{1, 2, 3}), CountdownSplit([]int{3, 1, 2}))
}

// The lab that measured the recipe counted 24092 problems under the same rules.
func TestCountdownSetsDisjoint(t *testing.T) {
	splitOfNumbers := map[string]Split{}
	ids := map[string]bool{}
	for _, split := range []Split{Pretrain, RL, Validation, Test} {
		for _, task := range countdownTasks(split) {
			key := fmt.Sprint(sorted(task.Numbers))
			if before, seen := splitOfNumbers[key]; seen {
				require.Equal(t, before, split, key)
			}
			splitOfNumbers[key] = split
			ids[task.ID] = true
			require.NotContains(t, task.Numbers, task.Target)
		}
	}
	require.Len(t, ids, 24092)
}

func TestOutOfDistributionSets(t *testing.T) {
	for name, rules := range map[string]CountdownRules{
		"countdown-4/test": fourNumbers(), "countdown-large/test": largeNumbers(),
	} {
		tasks, err := Named(name)
		require.NoError(t, err)
		require.Len(t, tasks, 500)
		seen := map[string]bool{}
		for _, task := range tasks {
			require.Len(t, task.Numbers, rules.Count)
			require.GreaterOrEqual(t, slices.Min(task.Numbers), rules.Lo)
			require.LessOrEqual(t, slices.Max(task.Numbers), rules.Hi)
			require.Contains(t, rules.Targets(task.Numbers), task.Target, "solvable")
			key := joinInts(sorted(task.Numbers), " ")
			require.False(t, seen[key], "numbers %s occur twice", key)
			seen[key] = true
			require.Contains(t, task.Question, "make "+strconv.Itoa(task.Target)+" from ")
		}
	}
}
