// Package audit looks for the faults of a verifier: it compares its verdicts with those that a second, simple extractor
// of answers leads to, and tries known reward hacks against it for every gold answer. A hack that is paid is a hole
// through which a policy will learn something else than the task.
package audit

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/rltrain/rltrain/verifiers"
)

// Options of Run.
type Options struct {
	Kind  string                                           // "" takes the field kind of each line
	Judge func(kind string) (verifiers.RecordJudge, error) // the verifier under audit
}

// Disagreement is a response on whose answer the two extractors do not agree.
type Disagreement struct {
	ID            json.RawMessage `json:"id"`
	Line          int             `json:"line"`
	Gold          string          `json:"gold,omitempty"`
	Verdict       verifiers.Kind  `json:"verdict"`
	Extracted     string          `json:"extracted"`
	Reason        string          `json:"reason,omitempty"`
	SecondVerdict verifiers.Kind  `json:"second_verdict"`
	Second        string          `json:"second_extracted"`
}

// Paid is a hack that earned a reward.
type Paid struct {
	Hack      string          `json:"hack"`
	ID        json.RawMessage `json:"id"`
	Line      int             `json:"line"`
	Gold      string          `json:"gold,omitempty"`
	Response  string          `json:"response"` // its beginning
	Extracted string          `json:"extracted"`
	Reward    float64         `json:"reward"`
}

// Report is what an audit found.
type Report struct {
	Lines         int            // read
	Judged        int            // responses
	Faults        int            // responses or lines that could not be judged
	FirstFault    string         // why
	Tried         map[string]int // hacks by name
	Disagreements []Disagreement
	Paid          []Paid
}

// maxLine is the longest line that is read, in bytes.
const maxLine = 16 << 20

// Run audits with the tasks, and the responses where there are any, of a JSONL file such as `verify` reads; the gold
// may also be in the field answer, as in task files.
func Run(ctx context.Context, in io.Reader, o Options) (Report, error) {
	r := Report{Tried: map[string]int{}}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		if err := ctx.Err(); err != nil {
			return r, err
		}
		r.Lines++
		c := &subject{report: &r, line: r.Lines, id: json.RawMessage("null")}
		if err := c.audit(ctx, lines.Bytes(), o); err != nil {
			if ctx.Err() != nil {
				return r, ctx.Err()
			}
			r.fault(fmt.Errorf("line %d: %w", r.Lines, err))
		}
	}
	switch {
	case lines.Err() != nil:
		return r, fmt.Errorf("read line %d: %w", r.Lines+1, lines.Err())
	case r.Lines == 0:
		return r, errors.New("nothing to audit: give a file with one task a line")
	}
	return r, nil
}

func (r *Report) fault(err error) {
	if r.Faults++; r.Faults == 1 {
		r.FirstFault = err.Error()
	}
}
