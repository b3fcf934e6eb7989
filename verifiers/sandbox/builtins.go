package sandbox

import (
	"fmt"
	"slices"
	"sort"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// Builtins lists the functions a program may call: those of Starlark that mean the same in Python, with sum,
// and min and max with default. range, zip, enumerate and reversed have Starlark's types (lists but for range).
func Builtins() []string {
	names := []string{"max", "min", "print", "sorted", "str", "sum"}
	names = append(names, scalarBuiltins()...)
	for name := range sequenceBuiltins() {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// scalarBuiltins look at all of their arguments and make little.
func scalarBuiltins() []string {
	return []string{"abs", "bool", "chr", "float", "int", "len", "ord", "range"}
}

// sequenceBuiltins go through their arguments; the number is the bytes made per item.
func sequenceBuiltins() map[string]int64 {
	return map[string]int64{"all": 1, "any": 1, "dict": 96, "enumerate": 80, "list": 16, "reversed": 16, "set": 96, "tuple": 16, "zip": 80}
}

// predeclared is the whole world of a program. What is in Starlark's universe but not allowed is shadowed.
func (m *meter) predeclared() starlark.StringDict {
	env := make(starlark.StringDict, 96)
	for name := range starlark.Universe {
		env[name] = m.builtin(name, func(starlark.Tuple, []starlark.Tuple) (starlark.Value, error) {
			return nil, fmt.Errorf("%s is not available here", name)
		})
	}
	env["None"], env["True"], env["False"] = starlark.None, starlark.True, starlark.False
	for name, f := range m.guards() {
		env[name] = m.builtin(name, f)
	}
	for _, name := range scalarBuiltins() {
		env[name] = m.builtin(name, m.scalar(starlark.Universe[name]))
	}
	for name, size := range sequenceBuiltins() {
		env[name] = m.builtin(name, m.sequence(starlark.Universe[name], size))
	}
	env["str"] = m.builtin("str", m.str)
	env["sum"] = m.builtin("sum", m.sum)
	env["sorted"] = m.builtin("sorted", m.sorted)
	env["min"] = m.builtin("min", m.extremum("min", syntax.LT))
	env["max"] = m.builtin("max", m.extremum("max", syntax.GT))
	env["print"] = m.builtin("print", func(starlark.Tuple, []starlark.Tuple) (starlark.Value, error) { return starlark.None, nil })
	return env
}

func (m *meter) builtin(name string, f guardFunc) *starlark.Builtin {
	return starlark.NewBuiltin(name, func(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		return f(args, kwargs)
	})
}

// scalar wraps a built-in of Starlark that makes at most one small value.
func (m *meter) scalar(f starlark.Value) guardFunc {
	return func(args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		for _, arg := range args {
			// int(s) takes time quadratic in the digits; 3 bits a digit is a lower bound of its length.
			if s, ok := arg.(starlark.String); ok && len(s) > m.limits.IntBits/3 && f.(*starlark.Builtin).Name() == "int" {
				return nil, fmt.Errorf("int: text of %d bytes is too long", len(s))
			}
		}
		return m.made(starlark.Call(m.thread, f, args, kwargs))
	}
}

// sequence wraps a built-in of Starlark that goes through its arguments.
func (m *meter) sequence(f starlark.Value, size int64) guardFunc {
	return func(args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		for _, arg := range args {
			if err := m.alloc(int64(max(starlark.Len(arg), 0)), size); err != nil {
				return nil, err
			}
			if size < 96 {
				continue
			}
			if err := m.visit(arg); err != nil { // dict and set hash
				return nil, err
			}
		}
		return m.made(starlark.Call(m.thread, f, args, kwargs))
	}
}

func (m *meter) str(args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	for _, arg := range args {
		n, err := m.walk(arg)
		if err != nil {
			return nil, err
		}
		if err := m.alloc(n, 1); err != nil {
			return nil, err
		}
	}
	return starlark.Call(m.thread, starlark.Universe["str"], args, kwargs)
}

func (m *meter) sum(args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var xs starlark.Iterable
	var total starlark.Value = starlark.MakeInt(0)
	if err := starlark.UnpackArgs("sum", args, kwargs, "iterable", &xs, "start?", &total); err != nil {
		return nil, err
	}
	if isString(total) {
		return nil, fmt.Errorf("sum: cannot sum strings: use \"\".join")
	}
	iter := xs.Iterate()
	defer iter.Done()
	var x starlark.Value
	for iter.Next(&x) {
		if err := m.step(1); err != nil {
			return nil, err
		}
		var err error
		if total, err = m.binary(syntax.PLUS, total, x); err != nil {
			return nil, fmt.Errorf("sum: %w", err)
		}
	}
	return total, nil
}

// keyed is an item with what it is compared by.
type keyed struct{ key, item starlark.Value }

// keyedItems collects the items of xs and applies key, unless that is None.
func (m *meter) keyedItems(xs starlark.Iterable, key starlark.Value) ([]keyed, error) {
	if err := m.alloc(int64(max(starlark.Len(xs), 0)), 48); err != nil {
		return nil, err
	}
	iter := xs.Iterate()
	defer iter.Done()
	var items []keyed
	var x starlark.Value
	for iter.Next(&x) {
		k := x
		if key != starlark.None {
			var err error
			if k, err = starlark.Call(m.thread, key, starlark.Tuple{x}, nil); err != nil {
				return nil, err
			}
		}
		items = append(items, keyed{k, x})
	}
	return items, nil
}

func (m *meter) sorted(args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var xs starlark.Iterable
	var key starlark.Value = starlark.None
	var reverse bool
	if err := starlark.UnpackArgs("sorted", args, kwargs, "iterable", &xs, "key?", &key, "reverse?", &reverse); err != nil {
		return nil, err
	}
	items, err := m.keyedItems(xs, key)
	if err != nil {
		return nil, err
	}
	var failed error
	sort.SliceStable(items, func(i, j int) bool {
		if failed != nil {
			return false
		}
		a, b := items[i].key, items[j].key
		if reverse {
			a, b = b, a
		}
		var less bool
		less, failed = m.compare(syntax.LT, a, b)
		return less
	})
	if failed != nil {
		return nil, failed
	}
	out := make([]starlark.Value, len(items))
	for i := range items {
		out[i] = items[i].item
	}
	return m.pay(starlark.NewList(out))
}

// extremum is min or max, with Python's key and default.
func (m *meter) extremum(name string, op syntax.Token) guardFunc {
	return func(args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		var key, fallback starlark.Value = starlark.None, nil
		if err := starlark.UnpackArgs(name, nil, kwargs, "key?", &key, "default?", &fallback); err != nil {
			return nil, err
		}
		var xs starlark.Iterable = args
		if len(args) == 1 {
			var ok bool
			if xs, ok = args[0].(starlark.Iterable); !ok {
				return nil, fmt.Errorf("%s: %s value is not iterable", name, args[0].Type())
			}
		}
		items, err := m.keyedItems(xs, key)
		if err != nil {
			return nil, err
		}
		return m.best(name, op, items, fallback)
	}
}

func (m *meter) best(name string, op syntax.Token, items []keyed, fallback starlark.Value) (starlark.Value, error) {
	if len(items) == 0 {
		if fallback == nil {
			return nil, fmt.Errorf("%s: argument is an empty sequence", name)
		}
		return fallback, nil
	}
	best := items[0]
	for _, it := range items[1:] {
		better, err := m.compare(op, it.key, best.key)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if better {
			best = it
		}
	}
	return best.item, nil
}
