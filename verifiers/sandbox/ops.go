package sandbox

import (
	"fmt"
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// guardFunc is a guard or built-in: it charges, then does.
type guardFunc func(args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error)

// guards are the functions that rewrite.go puts in for operators.
func (m *meter) guards() map[string]guardFunc {
	g := map[string]guardFunc{
		nameKey:    m.key,
		nameMade:   func(args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) { return m.pay(args[0]) },
		nameSpread: m.spread,
		nameMethod: m.method,
		nameUpdate: m.update,
	}
	for op := syntax.PLUS; op <= syntax.GTGT; op++ {
		g[op.String()] = m.operator(op)
	}
	for op := syntax.EQL; op <= syntax.NEQ; op++ {
		g[op.String()] = m.operator(op)
	}
	for _, op := range []syntax.Token{syntax.LT, syntax.GT, syntax.GE, syntax.LE, syntax.IN, syntax.NOT_IN} {
		g[op.String()] = m.operator(op)
	}
	for _, op := range []syntax.Token{syntax.PLUS, syntax.MINUS, syntax.TILDE} {
		g[nameUnary+op.String()] = func(args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
			return m.made(starlark.Unary(op, args[0]))
		}
	}
	for op := syntax.PLUS_EQ; op <= syntax.GTGT_EQ; op++ {
		plain := op - syntax.PLUS_EQ + syntax.PLUS
		g[op.String()] = func(args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
			return m.inPlace(plain, args[0], args[1])
		}
	}
	return g
}

func (m *meter) made(v starlark.Value, err error) (starlark.Value, error) {
	if err != nil {
		return nil, err
	}
	return m.pay(v)
}

func (m *meter) operator(op syntax.Token) guardFunc {
	return func(args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
		return m.binary(op, args[0], args[1])
	}
}

// binary does x op y once it is known to be affordable.
func (m *meter) binary(op syntax.Token, x, y starlark.Value) (starlark.Value, error) {
	switch op {
	case syntax.EQL, syntax.NEQ, syntax.LT, syntax.LE, syntax.GT, syntax.GE:
		ok, err := m.compare(op, x, y)
		return starlark.Bool(ok), err
	case syntax.IN, syntax.NOT_IN:
		if err := m.search(y, x); err != nil {
			return nil, err
		}
		return starlark.Binary(op, x, y)
	}
	if err := m.afford(op, x, y); err != nil {
		return nil, err
	}
	return m.made(starlark.Binary(op, x, y))
}

// afford charges what an arithmetic operator may need beyond the sum of its operands' sizes.
func (m *meter) afford(op syntax.Token, x, y starlark.Value) error {
	xi, xInt := x.(starlark.Int)
	yi, yInt := y.(starlark.Int)
	switch {
	case xInt && yInt:
		return m.affordInts(op, xi, yi)
	case op == syntax.STAR && xInt:
		return m.repeat(y, xi)
	case op == syntax.STAR && yInt:
		return m.repeat(x, yi)
	case op == syntax.PERCENT:
		if _, ok := x.(starlark.String); ok {
			return m.format(x, y)
		}
	case op == syntax.PIPE || op == syntax.AMP || op == syntax.CIRCUMFLEX || op == syntax.MINUS:
		return m.step(int64(max(starlark.Len(x), 0)) + int64(max(starlark.Len(y), 0)))
	}
	return nil
}

func (m *meter) affordInts(op syntax.Token, x, y starlark.Int) error {
	bx, by := intBits(x), intBits(y)
	if bx <= 63 && by <= 63 {
		return nil
	}
	if op == syntax.STAR && bx+by > m.limits.IntBits+64 {
		m.fail(FailMemory)
		return fmt.Errorf("product of %d and %d bits, more than %d", bx, by, m.limits.IntBits)
	}
	return m.step(int64(bx/64+1) * int64(by/64+1) / 16)
}

// repeat charges n copies of v, if v is something that can be repeated.
func (m *meter) repeat(v starlark.Value, n starlark.Int) error {
	length, size := starlark.Len(v), int64(16)
	if _, ok := v.(starlark.String); ok {
		size = 1
	}
	count, ok := n.Int64()
	if length <= 0 || n.Sign() <= 0 {
		return nil
	}
	if !ok || count > m.limits.Memory {
		return m.alloc(-1, 1)
	}
	return m.alloc(count, int64(length)*size)
}

// format charges "format" % y. A mapping could be printed once per two bytes of the format, so it is refused.
func (m *meter) format(x, y starlark.Value) error {
	if _, ok := y.(*starlark.Dict); ok {
		return fmt.Errorf("%% with a dict is not available")
	}
	n, err := m.walk(y)
	if err != nil {
		return err
	}
	return m.alloc(n+int64(starlark.Len(x)), 1)
}

// compare is starlark.Compare, charged for the smaller tree it can visit.
func (m *meter) compare(op syntax.Token, x, y starlark.Value) (bool, error) {
	if err := m.visit(x); err != nil {
		return false, err
	}
	return starlark.Compare(op, x, y)
}

// visit charges a visit of all of v.
func (m *meter) visit(v starlark.Value) error {
	switch v := v.(type) {
	case starlark.Int, starlark.Bool, starlark.Float, starlark.NoneType:
		return m.step(1)
	case starlark.String:
		return m.step(1 + int64(len(v))/64)
	}
	_, err := m.walk(v)
	return err
}

// search charges looking for v in seq.
func (m *meter) search(seq, v starlark.Value) error {
	n := int64(max(starlark.Len(seq), 0))
	switch seq.(type) {
	case *starlark.List, starlark.Tuple:
	case starlark.String:
		return m.step(n/8 + 1)
	default:
		return m.visit(v)
	}
	switch v := v.(type) {
	case starlark.Int, starlark.Bool, starlark.Float, starlark.NoneType:
		return m.step(n/4 + 1)
	case starlark.String:
		return m.step((n + 1) * (1 + int64(len(v))/64))
	}
	_, err := m.walk(seq)
	return err
}

func (m *meter) key(args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	return args[0], m.visit(args[0])
}

// spread turns the operand of f(*xs) into a charged list.
func (m *meter) spread(args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	if err := m.alloc(int64(max(starlark.Len(args[0]), 0)), 32); err != nil {
		return nil, err
	}
	return args[0], nil
}

// inPlace is x op= y: lists grow in place, as in Python.
func (m *meter) inPlace(op syntax.Token, x, y starlark.Value) (starlark.Value, error) {
	if list, ok := x.(*starlark.List); ok && op == syntax.PLUS {
		_, err := m.method(starlark.Tuple{list, starlark.String("extend"), y}, nil)
		return list, err
	}
	if _, ok := x.(*starlark.Dict); ok && op == syntax.PIPE {
		return nil, fmt.Errorf("|= of a dict is not available: use update")
	}
	return m.binary(op, x, y)
}

// update is x[i] op= y.
func (m *meter) update(args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	name, x, i, y := string(args[0].(starlark.String)), args[1], args[2], args[3]
	if err := m.visit(i); err != nil {
		return nil, err
	}
	old, err := item(x, i)
	if err != nil {
		return nil, err
	}
	op := syntax.PLUS
	for op < syntax.GTGT && op.String() != strings.TrimSuffix(name, "=") {
		op++
	}
	z, err := m.inPlace(op, old, y)
	if err != nil {
		return nil, err
	}
	return starlark.None, setItem(x, i, z)
}

func item(x, i starlark.Value) (starlark.Value, error) {
	switch x := x.(type) {
	case *starlark.Dict:
		v, found, err := x.Get(i)
		if err == nil && !found {
			err = fmt.Errorf("key not in dict")
		}
		return v, err
	case *starlark.List:
		n, err := position(i, x.Len())
		if err != nil {
			return nil, err
		}
		return x.Index(n), nil
	}
	return nil, fmt.Errorf("%s value does not support item assignment", x.Type())
}

func setItem(x, i, v starlark.Value) error {
	if d, ok := x.(*starlark.Dict); ok {
		return d.SetKey(i, v)
	}
	list := x.(*starlark.List)
	n, err := position(i, list.Len())
	if err != nil {
		return err
	}
	return list.SetIndex(n, v)
}

// position reads i as an index into n items, counted from the end when negative.
func position(i starlark.Value, n int) (int, error) {
	at, err := starlark.AsInt32(i)
	if err != nil {
		return 0, fmt.Errorf("list index: %w", err)
	}
	if at < 0 {
		at += n
	}
	if at < 0 || at >= n {
		return 0, fmt.Errorf("list index %d out of range [0:%d]", at, n)
	}
	return at, nil
}
