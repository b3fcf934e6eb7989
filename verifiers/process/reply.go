package process

import (
	"encoding/json"
	"fmt"

	"github.com/rltrain/rltrain/verifiers"
)

// reply is what a program says about one request.
type reply struct {
	ID        json.RawMessage `json:"id"`
	Verdict   verifiers.Kind  `json:"verdict"`
	Reward    *float64        `json:"reward"`
	Reason    string          `json:"reason"`
	Extracted string          `json:"extracted"`
}

// readReply reads the reply to request id. inStep is false when the line is no answer to it, so that the next line
// cannot be trusted either.
func readReply(id string, line []byte) (v verifiers.Verdict, inStep bool, err error) {
	var r reply
	if err := json.Unmarshal(line, &r); err != nil {
		return v, false, fmt.Errorf("the verifier wrote %q: %w: write one JSON object a line, and other output to standard error", clip(line), err)
	}
	if string(r.ID) != id {
		return v, false, fmt.Errorf("the verifier answered id %q, not %s: write one line for each line read, with its id", clip(r.ID), id)
	}
	switch r.Verdict {
	case verifiers.Correct, verifiers.Wrong, verifiers.NoAnswer, verifiers.Unparseable, verifiers.Timeout, verifiers.Error:
	default:
		return v, true, fmt.Errorf("the verifier gave verdict %q: use correct, wrong, no_answer, unparseable, timeout or error", clip([]byte(r.Verdict)))
	}
	v = verifiers.Verdict{Kind: r.Verdict, Reason: clip([]byte(r.Reason)), Answer: clip([]byte(r.Extracted))}
	switch {
	case r.Verdict == verifiers.Correct && r.Reward == nil:
		v.Reward = 1
	case r.Verdict == verifiers.Correct && *r.Reward > 0 && *r.Reward <= 1:
		v.Reward = *r.Reward
	case r.Verdict == verifiers.Correct:
		return verifiers.Verdict{}, true, fmt.Errorf("the verifier gave correct and reward %g: give more than 0 and at most 1", *r.Reward)
	case r.Reward != nil && *r.Reward != 0:
		return verifiers.Verdict{}, true, fmt.Errorf("the verifier gave %s and reward %g: only correct is paid; for part of the credit say correct and a reward below 1", r.Verdict, *r.Reward)
	}
	return v, true, nil
}

// clip shortens what is quoted.
func clip(text []byte) string {
	const most = 200
	if len(text) > most {
		return string(text[:most]) + "…"
	}
	return string(text)
}
