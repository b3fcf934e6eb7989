package verifiers

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"

	"golang.org/x/sync/errgroup"
)

// MaxLine is the longest line of JSONL that is judged, in bytes. A longer one gets the verdict error.
const MaxLine = 16 << 20

// verdictsAhead is how many verdicts for each job may wait for an earlier one. Programs take some milliseconds: while an endless
// one uses up its time, this keeps the other jobs at work.
const verdictsAhead = 256

// Counts is how often each verdict was given.
type Counts map[Kind]int

// JudgeLines judges JSON objects, one a line, and writes one line for each in the same order. A line that cannot be
// read gets the verdict error and the rest goes on. At most jobs lines and one more are in memory, and the verdicts on
// verdictsAhead*jobs lines, which wait for one that takes long; jobs < 1 means one per processor. The error is one of reading or
// writing, or ctx's.
func JudgeLines(ctx context.Context, kind string, in io.Reader, out io.Writer, jobs int) (Counts, error) {
	judge, err := ForRecords(kind)
	if err != nil {
		return nil, err
	}
	return judging{judge, kind == "code"}.lines(ctx, in, out, jobs)
}

// JudgeRecords is JudgeLines with a judge of the caller's.
func JudgeRecords(ctx context.Context, kind string, judge RecordJudge, in io.Reader, out io.Writer, jobs int) (Counts, error) {
	return judging{judge, kind == "code"}.lines(ctx, in, out, jobs)
}

func (o judging) lines(ctx context.Context, in io.Reader, out io.Writer, jobs int) (Counts, error) {
	if jobs < 1 {
		jobs = runtime.NumCPU()
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	queue := make(chan chan line, verdictsAhead*jobs) // in the order of the input
	reading := make(chan error, 1)
	go func() { // not waited for when ctx ends: a read of an idle pipe cannot be interrupted
		reading <- o.readJobs(ctx, in, jobs, queue)
		close(queue)
	}()
	counts := Counts{}
	if err := writeLines(ctx, out, queue, counts); err != nil {
		return counts, err
	}
	return counts, <-reading
}

// readJobs starts one job a line, jobs at a time, and queues where its result will come.
func (o judging) readJobs(ctx context.Context, in io.Reader, jobs int, queue chan<- chan line) error {
	var workers errgroup.Group
	workers.SetLimit(jobs)
	defer func() { _ = workers.Wait() }() // they return no error
	r := bufio.NewReaderSize(in, 64<<10)
	for n := 1; ; n++ {
		raw, err := readLine(r)
		if errors.Is(err, io.EOF) {
			return nil
		}
		tooLong := errors.Is(err, errTooLong)
		if err != nil && !tooLong {
			return fmt.Errorf("read line %d: %w", n, err)
		}
		result := make(chan line, 1)
		select {
		case queue <- result:
		case <-ctx.Done():
			return ctx.Err()
		}
		workers.Go(func() error {
			if tooLong {
				l := line{ID: json.RawMessage("null"), Line: n}
				l.fill(o.tests, Verdict{}, fmt.Errorf("line %d: %w", n, err))
				result <- l
				return nil
			}
			result <- o.judgeLine(ctx, n, raw)
			return nil
		})
	}
}

func writeLines(ctx context.Context, out io.Writer, queue <-chan chan line, counts Counts) error {
	w := bufio.NewWriter(out)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	for {
		l, ok, err := next(ctx, queue)
		if err != nil {
			return errors.Join(err, w.Flush())
		}
		if ok {
			counts[l.Verdict]++
			err = e.Encode(l)
		}
		if err == nil && (!ok || len(queue) == 0) { // a reader at a pipe sees each verdict when it is there
			err = w.Flush()
		}
		if err != nil {
			return fmt.Errorf("write verdict: %w", err)
		}
		if !ok {
			return nil
		}
	}
}

// next waits for the next line of output; ok is false after the last one.
func next(ctx context.Context, queue <-chan chan line) (l line, ok bool, err error) {
	select {
	case result, ok := <-queue:
		if !ok {
			return line{}, false, nil
		}
		select {
		case l := <-result:
			return l, true, nil
		case <-ctx.Done():
		}
	case <-ctx.Done():
	}
	return line{}, false, ctx.Err()
}

var errTooLong = fmt.Errorf("longer than %d bytes", MaxLine)

// readLine reads one line without its end. After errTooLong it stands at the next line.
func readLine(r *bufio.Reader) ([]byte, error) {
	var buf []byte
	tooLong := false
	for {
		part, err := r.ReadSlice('\n')
		if !tooLong && len(buf)+len(part) > MaxLine {
			tooLong, buf = true, nil
		}
		if !tooLong {
			buf = append(buf, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && (len(buf) > 0 || tooLong):
		case err != nil:
			return nil, err
		}
		if tooLong {
			return nil, errTooLong
		}
		return bytes.TrimRight(buf, "\r\n"), nil
	}
}
