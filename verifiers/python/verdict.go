package python

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"
)

// judgement is the judge's report.
type judgement struct {
	Outcome string `json:"outcome"`
	Passed  int    `json:"passed"`
	Total   int    `json:"total"`
	Reason  string `json:"reason"`
	Died    string `json:"died"` // how the candidate was lost, if it was
	Fault   string `json:"fault"`
}

// scriptSyntax is the exit code by which candidate.py tells a program that is no Python; it pays as little as any other.
const scriptSyntax = 65

// outOfMemory is the reason if the control group's memory was used up; a process that meets its own limit gets MemoryError.
const outOfMemory = "out of memory"

// verdict puts together what judge and worker tell. What a candidate can bring about, in the judge too, is never our fault.
func (d done) verdict(tests int) (Result, error) {
	r := d.result()
	r.Total = tests
	if d.report == nil && d.starved {
		r.Outcome, r.Reason = Failed, outOfMemory
		return r, nil
	}
	if d.report == nil {
		if d.Late != "" {
			r.Outcome, r.Reason = TimedOut, d.timeReason()
			return r, nil
		}
		return Result{}, fmt.Errorf("the judge ended without a report, wait status %#x", d.Ended["judge"].Status)
	}
	var j judgement
	if err := json.Unmarshal(d.report, &j); err != nil {
		return Result{}, fmt.Errorf("read the judge's report: %w", err)
	}
	if j.Fault != "" {
		return Result{}, errors.New(j.Fault)
	}
	r.Passed, r.Total, r.Reason = j.Passed, j.Total, j.Reason
	switch {
	case j.Outcome == "correct":
		r.Outcome = Passed
	case d.Late != "" || d.killedForTime():
		r.Outcome, r.Reason = TimedOut, d.timeReason()
	case j.Outcome == "unparseable":
		r.Outcome = Unparseable
	default:
		r.Outcome = Failed
		if j.Died != "" && d.starved {
			r.Reason = strings.TrimSpace(r.Reason + " (" + outOfMemory + ")")
		} else if j.Died != "" {
			r.Reason = strings.TrimSpace(r.Reason + " (" + d.ending() + ")")
		}
	}
	return r, nil
}

// compared is the result of a script.
func (d done) compared(want string) Result {
	r := d.result()
	r.Total = 1
	status := syscall.WaitStatus(d.Ended["candidate"].Status)
	switch {
	case d.Late != "" || d.killedForTime():
		r.Outcome, r.Reason = TimedOut, d.timeReason()
	case status.Exited() && status.ExitStatus() == scriptSyntax:
		r.Outcome, r.Reason = Unparseable, lastLine(r.Stderr)
	case d.starved:
		r.Outcome, r.Reason = Failed, outOfMemory
	case !status.Exited() || status.ExitStatus() != 0:
		r.Outcome, r.Reason = Failed, d.ending()+": "+lastLine(r.Stderr)
	case d.flooded:
		r.Outcome, r.Reason = Failed, "more output than is allowed"
	case !sameText(string(d.stdout), want):
		r.Outcome, r.Reason = Failed, difference(string(d.stdout), want)
	default:
		r.Outcome, r.Passed = Passed, 1
	}
	return r
}

func (d done) result() Result {
	seconds := d.Ended["candidate"].CPU
	return Result{Stderr: strings.ToValidUTF8(string(d.stderr), "\ufffd"), CPU: time.Duration(seconds * float64(time.Second))}
}

// killedForTime: the kernel's own limit struck first.
func (d done) killedForTime() bool {
	status := syscall.WaitStatus(d.Ended["candidate"].Status)
	return status.Signaled() && status.Signal() == syscall.SIGXCPU
}

func (d done) timeReason() string {
	if d.Late != "" {
		return "out of time (" + d.Late + ")"
	}
	return "out of time (processor time)"
}

// ending says how the candidate ended.
func (d done) ending() string {
	status := syscall.WaitStatus(d.Ended["candidate"].Status)
	if status.Signaled() {
		return "ended by signal: " + status.Signal().String()
	}
	return fmt.Sprintf("exit status %d", status.ExitStatus())
}

// sameText compares line by line, white space at their ends and empty lines at the end aside.
func sameText(got, want string) bool {
	return trimmed(got) == trimmed(want)
}

func trimmed(text string) string {
	lines := strings.Split(strings.TrimRight(text, " \t\r\n"), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " \t\r")
	}
	return strings.Join(lines, "\n")
}

func difference(got, want string) string {
	a, b := strings.Split(trimmed(got), "\n"), strings.Split(trimmed(want), "\n")
	for i := range b {
		if i >= len(a) {
			return fmt.Sprintf("the output ends before line %d, want %q", i+1, clip(b[i]))
		}
		if a[i] != b[i] {
			return fmt.Sprintf("line %d of the output is %q, want %q", i+1, clip(a[i]), clip(b[i]))
		}
	}
	return fmt.Sprintf("the output goes on after line %d", len(b))
}

func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return clip(text[strings.LastIndexByte(text, '\n')+1:])
}

func clip(text string) string {
	const most = 120
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}
