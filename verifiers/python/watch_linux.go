package python

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"time"
)

// A job may use so much processor time, which the worker watches. It may also sleep, which costs none; that is what is
// watched here. Time in which it could run and was not let to does not count: on a busy machine a second of work takes
// many seconds, and what a program earns must not depend on that.
const (
	watchFrom  = 300 * time.Millisecond // most jobs end before
	watchEvery = 50 * time.Millisecond
)

// watch tells the worker to end a job that has slept for longer than allowed.
func (w *worker) watch(stop <-chan struct{}, allowed time.Duration) {
	timer := time.NewTimer(watchFrom)
	defer timer.Stop()
	asleep, last := time.Duration(0), time.Now()
	for {
		select {
		case <-stop:
			return
		case <-timer.C:
		}
		if !w.running() {
			asleep += min(time.Since(last), 2*watchEvery) // we may have been kept waiting ourselves
		}
		if last = time.Now(); asleep > allowed {
			_, _ = w.control.Write([]byte(`{"expire": true}`)) // if it is gone, its answer is missed soon
			return
		}
		timer.Reset(watchEvery)
	}
}

// running tells whether a thread of the job's processes, the worker's children, is on a processor, waits for one, or
// waits for a disk. What cannot be read counts as asleep.
func (w *worker) running() bool {
	pid := w.process.Pid
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return false
	}
	for _, child := range strings.Fields(string(children)) {
		threads, err := os.ReadDir("/proc/" + child + "/task")
		if err != nil {
			continue
		}
		for _, thread := range threads {
			stat, err := os.ReadFile("/proc/" + child + "/task/" + thread.Name() + "/stat")
			if at := bytes.LastIndexByte(stat, ')'); err == nil && at >= 0 && at+2 < len(stat) && strings.IndexByte("RD", stat[at+2]) >= 0 {
				return true
			}
		}
	}
	return false
}
