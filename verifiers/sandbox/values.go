package sandbox

import (
	"encoding/json"
	"fmt"
	"math/big"

	"go.starlark.net/starlark"
)

// maxNodes bounds the values that pass in or out of a call.
const maxNodes = 200_000

// toStarlark makes a fresh Starlark value of a plain Go one, so that no call can change another's arguments.
func toStarlark(v any, depth int) (starlark.Value, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("argument nested deeper than %d", maxDepth)
	}
	switch v := v.(type) {
	case nil:
		return starlark.None, nil
	case bool:
		return starlark.Bool(v), nil
	case int:
		return starlark.MakeInt(v), nil
	case int64:
		return starlark.MakeInt64(v), nil
	case float64:
		return starlark.Float(v), nil
	case string:
		return starlark.String(v), nil
	case *big.Int:
		return starlark.MakeBigInt(v), nil
	case json.Number:
		return numberToStarlark(v)
	case []any:
		items, err := itemsToStarlark(v, depth)
		return starlark.NewList(items), err
	case Tuple:
		items, err := itemsToStarlark(v, depth)
		return starlark.Tuple(items), err
	case []int:
		items := make([]starlark.Value, len(v))
		for i := range v {
			items[i] = starlark.MakeInt(v[i])
		}
		return starlark.NewList(items), nil
	case map[string]any:
		return dictToStarlark(v, depth)
	}
	return nil, fmt.Errorf("argument of Go type %T: use what encoding/json yields", v)
}

func itemsToStarlark(v []any, depth int) ([]starlark.Value, error) {
	items := make([]starlark.Value, len(v))
	for i := range v {
		var err error
		if items[i], err = toStarlark(v[i], depth+1); err != nil {
			return nil, err
		}
	}
	return items, nil
}

func dictToStarlark(v map[string]any, depth int) (starlark.Value, error) {
	dict := starlark.NewDict(len(v))
	for _, k := range sortedKeys(v) { // the order can be seen by the program
		item, err := toStarlark(v[k], depth+1)
		if err != nil {
			return nil, err
		}
		if err := dict.SetKey(starlark.String(k), item); err != nil {
			return nil, err
		}
	}
	return dict, nil
}

// ParseNumber reads a JSON number as Python does: int when it is written as one, else float.
func ParseNumber(n json.Number) (any, error) {
	if i, ok := new(big.Int).SetString(string(n), 10); ok && len(n) <= 5000 {
		return plainInt(i), nil
	}
	f, err := n.Float64()
	if err != nil {
		return nil, fmt.Errorf("number %.40q cannot be read", string(n))
	}
	return f, nil
}

func numberToStarlark(n json.Number) (starlark.Value, error) {
	v, err := ParseNumber(n)
	if err != nil {
		return nil, err
	}
	return toStarlark(v, 0)
}

func plainInt(i *big.Int) any {
	if i.IsInt64() {
		return int(i.Int64())
	}
	return i
}

// reader copies a Starlark value out into plain Go ones, at most left nodes of it.
type reader struct{ left int }

func (r *reader) value(v starlark.Value, depth int) (any, error) {
	if r.left--; r.left < 0 || depth > maxDepth {
		return nil, fmt.Errorf("the value returned is larger than %d items or nested deeper than %d", maxNodes, maxDepth)
	}
	switch v := v.(type) {
	case starlark.NoneType:
		return nil, nil
	case starlark.Bool:
		return bool(v), nil
	case starlark.Int:
		return plainInt(v.BigInt()), nil
	case starlark.Float:
		return float64(v), nil
	case starlark.String:
		return string(v), nil
	case *starlark.List:
		return r.items(v.Len(), v.Index, depth)
	case starlark.Tuple:
		items, err := r.items(v.Len(), v.Index, depth)
		return Tuple(items), err
	case *starlark.Dict:
		return r.dict(v, depth)
	}
	return nil, fmt.Errorf("it returned a %s: return a number, string, list, tuple or dict", v.Type())
}

func (r *reader) items(n int, at func(int) starlark.Value, depth int) ([]any, error) {
	if n > r.left {
		r.left = 0 // fails at the next value
	}
	out := make([]any, 0, min(n, r.left))
	for i := range n {
		item, err := r.value(at(i), depth+1)
		if err != nil {
			return nil, err
		}
		out = append(out, item)
	}
	return out, nil
}

func (r *reader) dict(d *starlark.Dict, depth int) (any, error) {
	out := make(map[string]any, d.Len())
	for _, item := range d.Items() {
		key, ok := starlark.AsString(item[0])
		if !ok {
			return nil, fmt.Errorf("it returned a dict with a key of type %s: use strings", item[0].Type())
		}
		var err error
		if out[key], err = r.value(item[1], depth+1); err != nil {
			return nil, err
		}
	}
	return out, nil
}
