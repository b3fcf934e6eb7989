package datasets

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

func TestCodeSpecWording(t *testing.T) {
	for _, c := range []struct {
		spec                  CodeSpec
		id, question, program string
	}{
		{CodeSpec{gatherLargest, mapAbsolute, condition{keepGreater, 4}}, "code-mini-largest-absolute-gt4",
			"write f(xs): the largest of the absolute values of the numbers greater than 4 in xs",
			"def f(xs): return max([abs(x) for x in xs if x>4],default=0)"},
		{CodeSpec{gatherList, mapPlain, condition{keepAtLeast, 3}}, "code-mini-list-plain-ge3",
			"write f(xs): the list of the numbers of at least 3 in xs",
			"def f(xs): return [x for x in xs if x>=3]"},
		{CodeSpec{gatherReversed, mapHalves, condition{}}, "code-mini-reversed-halves-all",
			"write f(xs): the reversed list of the halves of the numbers in xs",
			"def f(xs): return [x//2 for x in xs][::-1]"},
		{CodeSpec{gatherSum, mapSquares, condition{keepMultiple, 7}}, "code-mini-sum-squares-mul7",
			"write f(xs): the sum of the squares of the multiples of 7 in xs",
			"def f(xs): return sum([x*x for x in xs if x%7==0])"},
		{CodeSpec{gatherCount, mapNegations, condition{kind: keepOdd}}, "code-mini-count-negations-odd",
			"write f(xs): the count of the negations of the odd numbers in xs",
			"def f(xs): return len([-x for x in xs if x%2==1])"},
	} {
		require.Equal(t, c.id, c.spec.ID())
		require.Equal(t, c.question, c.spec.Question())
		require.Equal(t, c.program, c.spec.Program())
	}
}

func TestRunMeansPython(t *testing.T) {
	xs := []int{-7, -3, 0, 4, 5}
	for _, c := range []struct {
		spec CodeSpec
		want any
	}{
		{CodeSpec{gatherList, mapHalves, condition{}}, []any{-4, -2, 0, 2, 2}}, // -7//2 == -4
		{CodeSpec{gatherList, mapPlain, condition{kind: keepOdd}}, []any{-7, -3, 5}},
		{CodeSpec{gatherList, mapPlain, condition{keepMultiple, 4}}, []any{0, 4}},
		{CodeSpec{gatherLargest, mapPlain, condition{keepGreater, 9}}, 0}, // default=0
		{CodeSpec{gatherSmallest, mapCubes, condition{}}, -343},
		{CodeSpec{gatherSorted, mapAbsolute, condition{}}, []any{0, 3, 4, 5, 7}},
		{CodeSpec{gatherReversed, mapDoubles, condition{keepAtMost, 4}}, []any{8, 0, -6, -14}},
		{CodeSpec{gatherCount, mapFloatHalves, condition{}}, 5},
	} {
		require.Equal(t, c.want, c.spec.run(xs).plain(), c.spec.Program())
	}
	require.True(t, CodeSpec{gatherSum, mapFloatHalves, condition{}}.run(xs).float)
	require.False(t, CodeSpec{gatherSum, mapFloatHalves, condition{}}.run(nil).float, "sum([]) is the int 0")
}

func TestCodeSpecs(t *testing.T) {
	specs := CodeSpecs()
	require.Len(t, specs, 2205)
	ids, questions, count := map[string]bool{}, map[string]bool{}, map[Split]int{}
	misread := 0
	for _, s := range specs {
		ids[s.ID()], questions[s.Question()] = true, true
		count[s.Split()]++
		if s.Misread() != s {
			misread++
		}
	}
	require.Len(t, ids, 2205)
	require.Len(t, questions, 2205)
	for split, share := range map[Split]float64{Pretrain: .55, RL: .30, Validation: .05, Test: .10} {
		require.InDelta(t, share, float64(count[split])/2205, .02, split)
	}
	require.InDelta(t, .6, float64(misread)/2205, .05, "share of specs with a majority misreading")
}

// The canonical programs and all wrong ones, run by an independent interpreter: the first pass every case,
// the others fail one exactly where our own semantics says so.
func TestCasesAgainstStarlark(t *testing.T) {
	specs := CodeSpecs()
	rng := rand.New(rand.NewPCG(3, 0))
	for range 40 {
		s := specs[rng.IntN(len(specs))]
		task := s.Task()
		require.GreaterOrEqual(t, len(task.Cases), 8)
		require.True(t, passes(t, task.Answer, task.Cases), task.Answer)
		for _, reading := range s.wrongReadings() {
			require.Equal(t, !anyCaseFails(s, reading, task.Cases), passes(t, reading.Program(), task.Cases),
				"%s for %s", reading.Program(), task.Question)
		}
	}
}

func anyCaseFails(s, reading CodeSpec, cases []Case) bool {
	for _, c := range cases {
		if xs := ints(c.Args[0].([]any)); !s.run(xs).equal(reading.run(xs)) {
			return true
		}
	}
	return false
}

func ints(values []any) []int {
	xs := make([]int, len(values))
	for i, v := range values {
		xs[i] = v.(int)
	}
	return xs
}

// A reading that passes all cases means the same as the spec on lists that the maker of the
// cases never saw.
func TestCasesTellReadingsApart(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 0))
	for i, s := range CodeSpecs() {
		if i%4 != 0 {
			continue
		}
		cases := s.cases()
		for _, reading := range s.wrongReadings() {
			if anyCaseFails(s, reading, cases) {
				continue
			}
			for n := range 300 {
				xs := randomList(rng, s.keep.k, 1+n%9)
				require.True(t, s.run(xs).equal(reading.run(xs)),
					"%s passes for %q, yet differs on %v", reading.Program(), s.Question(), xs)
			}
		}
	}
}

// passes runs a program in Starlark, with Python's sum, max and min predeclared.
func passes(t *testing.T, program string, cases []Case) bool {
	t.Helper()
	thread := &starlark.Thread{Name: "test"}
	globals, err := starlark.ExecFileOptions(&syntax.FileOptions{}, thread, "f.star", program, starlark.StringDict{
		"sum": starlark.NewBuiltin("sum", starlarkSum),
		"max": starlark.NewBuiltin("max", starlarkExtreme(starlark.Universe["max"])),
		"min": starlark.NewBuiltin("min", starlarkExtreme(starlark.Universe["min"])),
	})
	require.NoError(t, err, program)
	for _, c := range cases {
		got, err := starlark.Call(thread, globals["f"], starlark.Tuple{toStarlark(c.Args[0])}, nil)
		require.NoError(t, err, program)
		if got.String() != toStarlark(c.Want).String() { // floats print as 2.0, never as 2
			return false
		}
	}
	return true
}

func starlarkSum(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	var total starlark.Value = starlark.MakeInt(0)
	list := args[0].(*starlark.List)
	for i := range list.Len() {
		var err error
		if total, err = starlark.Binary(syntax.PLUS, total, list.Index(i)); err != nil {
			return nil, err
		}
	}
	return total, nil
}

func starlarkExtreme(builtin starlark.Value) func(*starlark.Thread, *starlark.Builtin, starlark.Tuple, []starlark.Tuple) (starlark.Value, error) {
	return func(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		if args[0].(*starlark.List).Len() == 0 {
			return kwargs[0][1], nil
		}
		return starlark.Call(thread, builtin, args, nil)
	}
}

func toStarlark(v any) starlark.Value {
	switch v := v.(type) {
	case int:
		return starlark.MakeInt(v)
	case []any:
		list := make([]starlark.Value, len(v))
		for i := range v {
			list[i] = toStarlark(v[i])
		}
		return starlark.NewList(list)
	default:
		panic(fmt.Sprintf("unexpected case value %T", v))
	}
}
