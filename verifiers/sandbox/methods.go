package sandbox

import (
	"fmt"
	"slices"
	"strings"

	"go.starlark.net/starlark"
)

// methodsOf lists the methods that a program may call. Those that Python lacks (elems, codepoints…) are left out.
func methodsOf(v starlark.Value) []string {
	switch v.(type) {
	case starlark.String:
		return []string{"capitalize", "count", "endswith", "find", "format", "index", "isalnum", "isalpha", "isdigit", "islower",
			"isspace", "istitle", "isupper", "join", "lower", "lstrip", "partition", "removeprefix", "removesuffix", "replace",
			"rfind", "rindex", "rpartition", "rsplit", "rstrip", "split", "splitlines", "startswith", "strip", "title", "upper"}
	case *starlark.List:
		return []string{"append", "clear", "extend", "index", "insert", "pop", "remove"}
	case *starlark.Dict:
		return []string{"clear", "get", "items", "keys", "pop", "popitem", "setdefault", "update", "values"}
	case *starlark.Set:
		return []string{"add", "clear", "difference", "discard", "intersection", "issubset", "issuperset", "pop", "remove",
			"symmetric_difference", "union", "update"}
	}
	return nil
}

// method is recv.name(args...), charged before and after.
func (m *meter) method(args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	recv, name, args := args[0], string(args[1].(starlark.String)), args[2:]
	allowed := methodsOf(recv)
	if !slices.Contains(allowed, name) {
		return nil, fmt.Errorf("%s has no method %s here (it has: %s)", recv.Type(), name, strings.Join(allowed, ", "))
	}
	if err := m.affordMethod(recv, name, args, kwargs); err != nil {
		return nil, err
	}
	bound, err := recv.(starlark.HasAttrs).Attr(name)
	if err != nil {
		return nil, err
	}
	v, err := starlark.Call(m.thread, bound, args, kwargs)
	if err != nil {
		return nil, err
	}
	if list, ok := v.(*starlark.List); ok { // split, items: each item is new
		if err := m.alloc(int64(list.Len()), 48); err != nil {
			return nil, err
		}
	}
	if name == "pop" || name == "get" || name == "setdefault" || name == "popitem" {
		return v, nil // an old value
	}
	return m.pay(v)
}

func (m *meter) affordMethod(recv starlark.Value, name string, args starlark.Tuple, kwargs []starlark.Tuple) error {
	switch recv := recv.(type) {
	case starlark.String:
		return m.affordString(string(recv), name, args, kwargs)
	case *starlark.List:
		return m.affordList(recv, name, args)
	}
	for _, arg := range args { // dict and set: arguments are hashed or gone through
		if err := m.visit(arg); err != nil {
			return err
		}
		if isString(arg) {
			continue
		}
		if err := m.alloc(int64(max(starlark.Len(arg), 0)), 96); err != nil {
			return err
		}
	}
	return m.step(int64(max(starlark.Len(recv), 0))/8 + 1)
}

func isString(v starlark.Value) bool {
	_, ok := v.(starlark.String)
	return ok
}

func (m *meter) affordList(recv *starlark.List, name string, args starlark.Tuple) error {
	switch name {
	case "extend":
		if len(args) == 1 {
			return m.alloc(int64(max(starlark.Len(args[0]), 0)), 32)
		}
	case "index", "remove":
		if len(args) > 0 {
			return m.search(recv, args[0])
		}
	case "insert", "pop":
		return m.step(int64(recv.Len())/64 + 1)
	}
	return m.step(1)
}

func (m *meter) affordString(recv, name string, args starlark.Tuple, kwargs []starlark.Tuple) error {
	if err := m.step(int64(len(recv))/8 + 1); err != nil {
		return err
	}
	var printed int64 // upper bound of the arguments' printed form
	for _, arg := range args {
		n, err := m.walk(arg)
		if err != nil {
			return err
		}
		printed += n
	}
	for _, kv := range kwargs {
		n, err := m.walk(kv[1])
		if err != nil {
			return err
		}
		printed += n
	}
	switch name {
	case "join":
		if len(args) == 1 {
			return m.alloc(printed+int64(len(recv))*int64(max(starlark.Len(args[0]), 0)), 1)
		}
	case "format":
		return m.alloc(int64(len(recv))+printed*int64(strings.Count(recv, "{")), 1)
	case "replace":
		if len(args) >= 2 {
			return m.affordReplace(recv, args[0], args[1])
		}
	}
	return nil
}

func (m *meter) affordReplace(recv string, from, to starlark.Value) error {
	old, _ := starlark.AsString(from)
	repl, _ := starlark.AsString(to)
	hits := len(recv) + 1
	if old != "" {
		hits = strings.Count(recv, old)
	}
	return m.alloc(int64(len(recv))+int64(hits)*int64(len(repl)), 1)
}
