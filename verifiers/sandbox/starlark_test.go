package sandbox

import (
	"context"
	"encoding/json"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
)

func runOne(t *testing.T, source string, args ...any) Result {
	t.Helper()
	results, err := Run(context.Background(), source, "f", [][]any{args}, Limits{})
	require.NoError(t, err)
	require.Len(t, results, 1)
	return results[0]
}

func TestRunReturnsPlainValues(t *testing.T) {
	xs := []any{3, -4, 8, 0, 5}
	for _, test := range []struct {
		source string
		want   any
	}{
		{"def f(xs): return sorted([x//2 for x in xs if x%2==0])", []any{-2, 0, 4}},
		{"def f(xs): return sorted(xs)[::-1]", []any{8, 5, 3, 0, -4}},
		{"def f(xs): return max([x*x*x for x in xs if x>4],default=0)", 512},
		{"def f(xs): return min([x for x in xs if x>40], default=0)", 0},
		{"def f(xs): return max(xs, key=abs)", 8},
		{"def f(xs): return min(xs, key=lambda x: -x)", 8},
		{"def f(xs): return sum([abs(x) for x in xs])", 20},
		{"def f(xs): return sum(xs, 0.5)", 12.5},
		{"def f(xs): return len([x for x in xs if x>=3 and x<=5])", 2},
		{"def f(xs): return xs[0]/2", 1.5},
		{"def f(xs): return 4/2", 2.0},
		{"def f(xs): return [-x for x in xs]", []any{-3, 4, -8, 0, -5}},
		{"def f(xs): return sorted(xs, reverse=True)", []any{8, 5, 3, 0, -4}},
		{"def f(xs): return list(reversed(xs))", []any{5, 0, 8, -4, 3}},
		{"def f(xs): return [a*b for a, b in zip(xs, xs[1:])]", []any{-12, -32, 0, 0}},
		{"def f(xs): return [i for i, x in enumerate(xs) if x > 2]", []any{0, 2, 4}},
		{"def f(xs): return (1, 'a', None, True)", Tuple{1, "a", nil, true}},
		{"def f(xs): return {str(x): x for x in xs if x>4}", map[string]any{"8": 8, "5": 5}},
		{"def f(xs): return any([x>7 for x in xs]) and not all([x>7 for x in xs])", true},
		{"def f(xs):\n  d = {}\n  for x in xs:\n    d[x%2] = d.get(x%2, 0)\n    d[x%2] += x\n  return d[0]", 4},
		{"def f(xs):\n  out = []\n  for x in xs:\n    out += [x, x]\n  out[0] *= 10\n  return out[:3]", []any{30, 3, -4}},
		{"def g(x, k=2): return x*k\ndef f(xs): return [g(x, k=3) for x in xs]", []any{9, -12, 24, 0, 15}},
		{"def f(xs): return max(*xs)", 8},
		{"def f(xs): return '-'.join([str(x) for x in xs]).replace('-', '+').upper()", "3++4+8+0+5"},
		{"def f(xs): return 'x=%d %s' % (xs[0], 'y')", "x=3 y"},
		{"def f(xs): return 3 in xs and 7 not in xs and 'b' in 'abc'", true},
		{"def f(xs): return 2<<70", new(big.Int).Lsh(big.NewInt(2), 70)},
		{"K = 4\ndef f(xs):\n  'doc'\n  return [x for x in xs if x > K]", []any{8, 5}},
		{"def f(xs): return (lambda x: x+1)(xs[0])", 4},
		{"def f(xs):\n  a, b = xs[0], xs[1]\n  a, b = b, a\n  return [a, b] if a < b else []", []any{-4, 3}},
		{"def f(xs): return ~5 + +3 - -2", -1},
		{"def f(xs): return len(set(xs) | set([9]))", 6},
		{"def f(xs): print('hello'); return int('12') + int(3.7)", 15},
	} {
		r := runOne(t, test.source, xs)
		require.Empty(t, r.Failure, "%s: %s", test.source, r.Message)
		require.Equal(t, test.want, r.Value, test.source)
	}
}

func TestRunFailures(t *testing.T) {
	for _, test := range []struct {
		name, source string
		want         Failure
	}{
		{"syntax", "def f(xs): return [", FailSyntax},
		{"chained comparison", "def f(xs): return 1 < 2 < 3", FailSyntax},
		{"while", "def f(xs):\n  while True: pass", FailSyntax},
		{"load", "load('x', 'y')\ndef f(xs): return 1", FailSyntax},
		{"import", "import os\ndef f(xs): return 1", FailSyntax},
		{"attribute", "def f(xs): return xs.append", FailSyntax},
		{"unknown name", "def f(xs): return __import__('os')", FailSyntax},
		{"no function", "def g(xs): return 1", FailMissing},
		{"not a function", "f = 3", FailMissing},
		{"shadowed guard", "f = len", FailMissing},
		{"arity", "def f(): return 1", FailError},
		{"division", "def f(xs): return 1//0", FailError},
		{"index", "def f(xs): return [][0]", FailError},
		{"recursion", "def f(xs): return f(xs)", FailError},
		{"getattr", "def f(xs): return getattr(xs, 'append')", FailError},
		{"fail", "def f(xs): fail('x')", FailError},
		{"method", "def f(xs): return 'ab'.elems()", FailError},
		{"string sum", "def f(xs): return sum(['a'], '')", FailError},
		{"key", "def f(xs): return sorted([1], key=3)", FailError},
		{"function", "def f(xs): return f", FailUnsupported},
		{"range", "def f(xs): return range(3)", FailUnsupported},
		{"dict keys", "def f(xs): return {1: 2}", FailUnsupported},
		{"cycle", "def f(xs):\n  x = []\n  x.append(x)\n  return x", FailUnsupported},
	} {
		r := runOne(t, test.source, []any{1})
		require.Equal(t, test.want, r.Failure, "%s: %v %s", test.name, r.Value, r.Message)
		require.NotEmpty(t, r.Message, test.name)
	}
}

func TestCallsDoNotInfluenceEachOther(t *testing.T) {
	source := "seen = []\ndef f(xs, acc=[]):\n  seen.append(1)\n  acc.append(1)\n  xs.append(1)\n  return [len(seen), len(acc), len(xs)]"
	shared := []any{7}
	results, err := Run(context.Background(), source, "f", [][]any{{shared}, {shared}, {shared}}, Limits{})
	require.NoError(t, err)
	for _, r := range results {
		require.Equal(t, []any{1, 1, 2}, r.Value)
	}
	require.Equal(t, []any{7}, shared)
}

func TestArguments(t *testing.T) {
	r := runOne(t, "def f(a): return a", []any{json.Number("3"), json.Number("3.0"), "s", nil, true, map[string]any{"k": 1}, Tuple{1}})
	require.Equal(t, []any{3, 3.0, "s", nil, true, map[string]any{"k": 1}, Tuple{1}}, r.Value)
	_, err := Run(context.Background(), "def f(x): return x", "f", [][]any{{struct{}{}}}, Limits{})
	require.ErrorContains(t, err, "struct {}")
}

func TestOutsideCancelIsAnError(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := Run(ctx, "def f(x): return x", "f", [][]any{{1}}, Limits{})
	require.ErrorIs(t, err, context.Canceled)
}

func TestCheck(t *testing.T) {
	names, err := Check("def a(): pass\nb = 1\ndef c(): pass", Limits{})
	require.NoError(t, err)
	require.Equal(t, []string{"a", "c"}, names)
	require.Contains(t, Builtins(), "sum")
}

func FuzzRun(f *testing.F) {
	f.Add("def f(xs): return sorted([x//2 for x in xs if x%2==0])")
	f.Add("def f(xs):\n  t=(1,)\n  for i in range(99): t=(t,t)\n  return t==t")
	f.Add("def f(xs): return 'a'*10**9 % {}")
	f.Add("x[1] += 2\ndef f(*a, **k): return {a: 1 for a in [1]}")
	limits := Limits{Steps: 20_000, Memory: 1 << 20}
	f.Fuzz(func(t *testing.T, source string) {
		results, err := Run(context.Background(), source, "f", [][]any{{[]any{1, 2}}, {[]any{}}}, limits)
		require.NoError(t, err)
		require.Len(t, results, 2)
	})
}

func BenchmarkRun(b *testing.B) {
	calls := make([][]any, 8)
	for i := range calls {
		calls[i] = []any{[]any{1, 2, 3, 4, 5, i}}
	}
	for b.Loop() {
		_, err := Run(context.Background(), "def f(xs): return sorted([x//2 for x in xs if x%2==0])", "f", calls, Limits{})
		require.NoError(b, err)
	}
}
