package python

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// channels are the descriptors of one job: ours, and those that the worker hands on.
type channels struct {
	input, stdout, stderr *os.File           // our ends
	report                io.ReadWriteCloser // to the judge; a script's program goes this way too
	far                   []*os.File
}

// socketPair makes a pair of sockets: the near one as a connection of Go's, the far one to be given away.
func socketPair(kind int) (*net.UnixConn, *os.File, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, kind|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("make a socket pair: %w", err)
	}
	near, far := os.NewFile(uintptr(fds[0]), "near"), os.NewFile(uintptr(fds[1]), "far")
	defer near.Close()
	conn, err := net.FileConn(near)
	if err != nil {
		far.Close()
		return nil, nil, fmt.Errorf("make a socket pair: %w", err)
	}
	return conn.(*net.UnixConn), far, nil
}

// newChannels makes the descriptors of a job. The order in far is what zygote.py expects: the candidate's input, output,
// errors and channel; then, if there is a judge, its channel to the candidate and the one to us.
func newChannels(script bool) (*channels, error) {
	c := &channels{}
	var err error
	fail := func(e error) (*channels, error) {
		c.close()
		return nil, fmt.Errorf("make the channels of a job: %w", e)
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return fail(err)
	}
	c.far = []*os.File{null, null, nil, nil}
	if c.stderr, c.far[2], err = os.Pipe(); err != nil {
		return fail(err)
	}
	if script {
		return c.forScript(fail)
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fail(err)
	}
	c.far[3] = os.NewFile(uintptr(pair[0]), "candidate")
	c.far = append(c.far, os.NewFile(uintptr(pair[1]), "judge"))
	near, far, err := socketPair(unix.SOCK_STREAM)
	if err != nil {
		return fail(err)
	}
	c.report, c.far = near, append(c.far, far)
	return c, nil
}

// forScript: input and output are pipes, and the program comes by the channel.
func (c *channels) forScript(fail func(error) (*channels, error)) (*channels, error) {
	c.far[0].Close()
	var err error
	if c.far[0], c.input, err = os.Pipe(); err != nil {
		return fail(err)
	}
	if c.stdout, c.far[1], err = os.Pipe(); err != nil {
		return fail(err)
	}
	far, near, err := os.Pipe()
	if err != nil {
		return fail(err)
	}
	c.far[3], c.report = far, near
	return c, nil
}

func (c *channels) theirs() []int {
	var fds []int
	for _, f := range c.far {
		fds = append(fds, int(f.Fd()))
	}
	return fds
}

// release closes the far ends once they are handed over, so that an end of file reaches us.
func (c *channels) release() {
	for _, f := range c.far {
		if f != nil {
			f.Close() // the null device stands there twice
		}
	}
	c.far = nil
}

func (c *channels) close() {
	c.release()
	for _, f := range []*os.File{c.input, c.stdout, c.stderr} {
		if f != nil {
			f.Close()
		}
	}
	if c.report != nil {
		c.report.Close()
	}
}

// serve feeds the job and collects what comes out of it. All of it ends when the job's processes have ended.
func (c *channels) serve(wait *sync.WaitGroup, d *done, output int64, task []byte, s *script) {
	wait.Go(func() {
		var last tail
		_, _ = io.Copy(&last, io.LimitReader(c.stderr, output))
		d.stderr = last.kept
		c.stderr.Close() // writing more fails, in the candidate
	})
	if s == nil {
		wait.Go(func() { d.report = c.exchange(task) })
		return
	}
	wait.Go(func() { feed(c.report, s.program) })
	wait.Go(func() { feed(c.input, s.input) })
	wait.Go(func() {
		d.stdout, _ = io.ReadAll(io.LimitReader(c.stdout, output+1))
		d.flooded = int64(len(d.stdout)) > output
		c.stdout.Close()
	})
}

// feed writes text and ends it. A program that does not read to the end is free to.
func feed(to io.WriteCloser, text string) {
	_, _ = io.WriteString(to, text)
	to.Close()
}

// exchange tells the judge its task and reads its report: a length and so many bytes. No report if it died before.
func (c *channels) exchange(task []byte) []byte {
	if _, err := c.report.Write(task); err != nil {
		return nil
	}
	var size [4]byte
	if _, err := io.ReadFull(c.report, size[:]); err != nil {
		return nil
	}
	report := make([]byte, min(binary.LittleEndian.Uint32(size[:]), 1<<20))
	if _, err := io.ReadFull(c.report, report); err != nil {
		return nil
	}
	return report
}
