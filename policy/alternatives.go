package policy

import (
	"encoding/json"
	"fmt"
	"math"
)

// Alternative is a token that could have been drawn. A server tells its text and not always its id.
type Alternative struct {
	Text    string
	Logprob float32
}

// MarshalJSON writes a pair; a log-prob of minus infinity is null.
func (a Alternative) MarshalJSON() ([]byte, error) {
	if x := float64(a.Logprob); math.IsInf(x, 0) || math.IsNaN(x) {
		return json.Marshal([]any{a.Text, nil})
	}
	return json.Marshal([]any{a.Text, a.Logprob})
}

// UnmarshalJSON reads a pair.
func (a *Alternative) UnmarshalJSON(text []byte) error {
	var pair []json.RawMessage
	if err := json.Unmarshal(text, &pair); err != nil || len(pair) != 2 {
		return fmt.Errorf("alternative %.80s: want a text and a log-prob", text)
	}
	a.Logprob = float32(math.Inf(-1))
	if err := json.Unmarshal(pair[0], &a.Text); err != nil {
		return err
	}
	return json.Unmarshal(pair[1], &a.Logprob) // null leaves it
}
