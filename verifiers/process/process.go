// Package process judges by a program of the user's, in any language, that speaks JSONL: for each line it reads from
// standard input it writes one to standard output. Several copies of it run, are kept alive from rollout to rollout,
// are killed with their children when they miss the deadline, and are started again, so many times in a row.
// Whatever it does wrong gives the verdict error, which is never paid.
//
// A request has the fields of the task (question, gold, …), response, and id: the number of the request, to be
// echoed. The task's own id is in task_id. A reply has id, verdict (correct, wrong, no_answer, unparseable,
// timeout or error), and as it likes reward (above 0, at most 1; only correct pays; 1 if absent), reason, extracted.
package process

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/verifiers"
)

// Options are those of a Pool; zero fields have the defaults given.
type Options struct {
	Command  string        // for the shell
	Workers  int           // copies of the program; one per processor
	Timeout  time.Duration // for one verdict, a start included; 5 s
	Restarts int           // of one copy in a row, no verdict in between, before it is given up; 10
}

// Pool is a verifier made of copies of a program. Close it.
type Pool struct {
	options Options
	free    chan *worker
	next    atomic.Uint64 // number of the last request
	closed  chan struct{}
	once    sync.Once
}

// New makes a pool. Nothing runs before the first request.
func New(o Options) (*Pool, error) {
	if strings.TrimSpace(o.Command) == "" {
		return nil, errors.New("no command: give the program that judges, for example python3 my_verifier.py")
	}
	if o.Workers < 0 || o.Timeout < 0 || o.Restarts < 0 {
		return nil, fmt.Errorf("%d workers, timeout %v, %d restarts: give none below 0", o.Workers, o.Timeout, o.Restarts)
	}
	if o.Workers == 0 {
		o.Workers = runtime.NumCPU()
	}
	if o.Timeout == 0 {
		o.Timeout = 5 * time.Second
	}
	if o.Restarts == 0 {
		o.Restarts = 10
	}
	p := &Pool{options: o, free: make(chan *worker, o.Workers), closed: make(chan struct{})}
	for range o.Workers {
		p.free <- &worker{options: o}
	}
	return p, nil
}

// Verify implements verifiers.Verifier: the program gets the fields of a task file, and gold, which is answer.
func (p *Pool) Verify(ctx context.Context, task datasets.Task, response string) (verifiers.Verdict, error) {
	text, err := json.Marshal(task)
	if err != nil {
		return verifiers.Verdict{}, fmt.Errorf("encode task %q: %w", task.ID, err)
	}
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(text, &fields); err != nil {
		return verifiers.Verdict{}, fmt.Errorf("encode task %q: %w", task.ID, err)
	}
	if answer, ok := fields["answer"]; ok {
		fields["gold"] = answer
	}
	if fields["response"], err = json.Marshal(response); err != nil {
		return verifiers.Verdict{}, fmt.Errorf("encode response to task %q: %w", task.ID, err)
	}
	return p.Judge(ctx, fields)
}

// Judge is a verifiers.RecordJudge: the program gets the fields as they are, but for the id.
func (p *Pool) Judge(ctx context.Context, fields map[string]json.RawMessage) (verifiers.Verdict, error) {
	if _, ok := fields["response"]; !ok {
		return verifiers.Verdict{}, errors.New(`field "response" is missing`)
	}
	id := strconv.FormatUint(p.next.Add(1), 10)
	request, err := encode(id, fields)
	if err != nil {
		return verifiers.Verdict{}, err
	}
	select {
	case <-p.closed:
		return verifiers.Verdict{}, errors.New("the verifier process is closed")
	case <-ctx.Done():
		return verifiers.Verdict{}, ctx.Err()
	case w := <-p.free:
		defer func() { p.free <- w }()
		line, err := w.ask(ctx, request)
		if err != nil {
			return verifiers.Verdict{}, err
		}
		verdict, inStep, err := readReply(id, line)
		if !inStep {
			return verifiers.Verdict{}, w.fail(err)
		}
		w.failures = 0
		return verdict, err
	}
}

// encode writes a request. Requests have numbers of their own: the samples of one task share its id, and a program
// that writes a line too many must not have it taken for the next verdict.
func encode(id string, fields map[string]json.RawMessage) ([]byte, error) {
	request := make(map[string]json.RawMessage, len(fields)+1)
	for name, value := range fields {
		request[name] = value
	}
	if own, ok := fields["id"]; ok {
		request["task_id"] = own
	}
	request["id"] = json.RawMessage(id)
	line, err := json.Marshal(request)
	if err != nil {
		return nil, fmt.Errorf("encode request: %w", err)
	}
	return append(bytes.ToValidUTF8(line, []byte("\ufffd")), '\n'), nil
}

// Close ends the programs: first by the end of their input, then by force. Verdicts under way are waited for.
func (p *Pool) Close() {
	p.once.Do(func() {
		close(p.closed)
		for range p.options.Workers {
			(<-p.free).end()
		}
	})
}
