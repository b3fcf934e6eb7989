package process

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// maxReply is the longest line that a program may write, in bytes.
const maxReply = 1 << 20

// grace is how long we wait for what a dead program has written.
const grace = 200 * time.Millisecond

var errDeadline = errors.New("deadline")

// child is a running program.
type child struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout *os.File
	lines  chan []byte   // what it writes; closed at the end of it
	exited chan struct{} // closed when the program has ended and its group was killed
	gone   chan struct{} // closed by kill: nobody reads lines any more
	once   sync.Once
	stderr *tail
	status error // set before exited is closed
	broken error // set before lines is closed
}

// startChild runs a command in the shell, in a process group of its own. The pipe of its output is ours and not
// os/exec's: that waits for its end, which a grandchild can hold off forever.
func startChild(command string) (*child, error) {
	cmd := shell(command)
	ownGroup(cmd)
	cmd.WaitDelay = grace
	c := &child{cmd: cmd, stderr: &tail{}, lines: make(chan []byte), exited: make(chan struct{}), gone: make(chan struct{})}
	cmd.Stderr = c.stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, stdin.Close())
	}
	cmd.Stdout, c.stdin, c.stdout = w, stdin, r
	if err := errors.Join(cmd.Start(), w.Close()); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	go c.read()
	go func() {
		c.status = cmd.Wait()
		killGroup(cmd) // its children have nobody to answer to
		close(c.exited)
	}()
	return c, nil
}

// read hands on what the program writes, line by line.
func (c *child) read() {
	defer close(c.lines)
	lines := bufio.NewScanner(c.stdout)
	lines.Buffer(nil, maxReply)
	for lines.Scan() {
		select {
		case c.lines <- append([]byte(nil), lines.Bytes()...):
		case <-c.gone:
			return
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		c.broken = fmt.Errorf("the verifier wrote a line of more than %d bytes", maxReply)
	}
}

// dead tells whether the program has ended.
func (c *child) dead() bool {
	select {
	case <-c.exited:
		return true
	default:
		return false
	}
}

// ask writes a request and reads a line. Writing goes on beside: a program that does not read must not hold us.
func (c *child) ask(ctx context.Context, request []byte, deadline <-chan time.Time) ([]byte, error) {
	go func() { _, _ = c.stdin.Write(request) }() // it ends at the latest when the program is killed; a fault shows as no reply
	exited := c.exited
	var last <-chan time.Time
	for {
		select {
		case line, ok := <-c.lines:
			switch {
			case ok:
				return line, nil
			case c.broken != nil:
				return nil, c.broken
			}
			return nil, c.death()
		case <-exited:
			exited, last = nil, time.After(grace) // its last words may still be in the pipe
		case <-last:
			return nil, c.death()
		case <-deadline:
			return nil, errDeadline
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// death says how the program ended, or closed its output.
func (c *child) death() error {
	select {
	case <-c.exited:
	case <-time.After(grace):
		return errors.New("the verifier closed its standard output")
	}
	if c.status == nil {
		return errors.New("the verifier ended without a verdict")
	}
	return fmt.Errorf("the verifier died: %w", c.status)
}

// kill ends the program and its group, and waits for it.
func (c *child) kill() {
	c.once.Do(func() {
		if !c.dead() { // else the group was killed already, and its number may be another's by now
			killGroup(c.cmd)
		}
		<-c.exited
		close(c.gone)
		_ = c.stdout.Close() // ends read, even if a process outside the group holds the other end
		_ = c.stdin.Close()
	})
}

// tail keeps the end of what is written to it.
type tail struct {
	lock sync.Mutex
	text []byte
}

// maxTail is how much of standard error goes into a reason.
const maxTail = 300

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	t.lock.Lock()
	defer t.lock.Unlock()
	t.text = append(t.text, p...)
	if len(t.text) > maxTail {
		t.text = append([]byte(nil), t.text[len(t.text)-maxTail:]...)
	}
	return len(p), nil
}

// String is the tail on one line.
func (t *tail) String() string {
	t.lock.Lock()
	defer t.lock.Unlock()
	return strings.ToValidUTF8(strings.Join(strings.Fields(string(t.text)), " "), "?")
}
