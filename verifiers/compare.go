package verifiers

import (
	"encoding/json"
	"fmt"

	"github.com/rltrain/rltrain/verifiers/sandbox"
)

// SameValue compares what a program returned with what a case wants, by type and value. The error is the
// case's fault: a value that no program can return.
func SameValue(got, want any) (bool, error) {
	switch want := want.(type) {
	case json.Number:
		number, err := sandbox.ParseNumber(want)
		if err != nil {
			return false, err
		}
		return SameValue(got, number)
	case int64:
		return SameValue(got, int(want))
	case []any:
		list, ok := got.([]any)
		return sameItems(list, want, ok)
	case sandbox.Tuple:
		tuple, ok := got.(sandbox.Tuple)
		return sameItems(tuple, want, ok)
	case []int:
		items := make([]any, len(want))
		for i := range want {
			items[i] = want[i]
		}
		return SameValue(got, items)
	case map[string]any:
		return sameDict(got, want)
	case nil, bool, int, float64, string:
		return got == want, nil
	case fmt.Stringer: // *big.Int
		other, ok := got.(fmt.Stringer)
		return ok && other.String() == want.String(), nil
	}
	return false, fmt.Errorf("want has Go type %T: use what encoding/json yields", want)
}

func sameItems(got, want []any, ok bool) (bool, error) {
	if !ok || len(got) != len(want) {
		return false, nil
	}
	for i := range want {
		same, err := SameValue(got[i], want[i])
		if err != nil || !same {
			return false, err
		}
	}
	return true, nil
}

func sameDict(got any, want map[string]any) (bool, error) {
	dict, ok := got.(map[string]any)
	if !ok || len(dict) != len(want) {
		return false, nil
	}
	for k, w := range want {
		g, found := dict[k]
		if !found {
			return false, nil
		}
		same, err := SameValue(g, w)
		if err != nil || !same {
			return false, err
		}
	}
	return true, nil
}

// show writes a value much as Python does, cut short.
func show(v any) string {
	if t, ok := v.(sandbox.Tuple); ok {
		return "tuple" + show([]any(t))
	}
	if f, ok := v.(float64); ok {
		return fmt.Sprintf("%v (float)", f)
	}
	text, err := json.Marshal(v)
	if err != nil {
		return clip(fmt.Sprint(v), 100)
	}
	return clip(string(text), 100)
}
