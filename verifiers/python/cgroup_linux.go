package python

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Control groups bound what a worker's processes use together, where limits of the kernel bound each alone. A worker has one
// group for each controller, made before it reads its settings and removed when it has ended: jobs cost nothing more.
// Version 1 has a tree for each controller, version 2 one for all, and a system may mix both.

// bound is a value to be written into a file of a group; what older or newer kernels lack is marked as optional.
type bound struct {
	file, value string
	optional    bool
}

// controller is a kind of limit, and where its groups can be made.
type controller struct {
	name, parent, missing string
	v1, v2                []bound
}

// groupThreads bounds the tasks of a worker: it, the judge, a candidate, and the candidate's threads.
const groupThreads = 256

// controllers are those wanted for workers whose groups may hold so many bytes. One processor each: judge and candidate
// take turns, and threads of a candidate gain nothing from a second.
func controllers(memory int64) []controller {
	const swap = 16 << 20 // more than none, so that it is the limit without swap that is met, and counted
	bytes, both, threads := strconv.FormatInt(memory, 10), strconv.FormatInt(memory+swap, 10), strconv.Itoa(groupThreads)
	return []controller{
		{
			name: "memory", v1: []bound{{"memory.limit_in_bytes", bytes, false}, {"memory.memsw.limit_in_bytes", both, true}},
			v2: []bound{{"memory.max", bytes, false}, {"memory.swap.max", "0", true}},
		},
		{name: "pids", v1: []bound{{"pids.max", threads, false}}, v2: []bound{{"pids.max", threads, false}}},
		{
			name: "cpu", v1: []bound{{"cpu.cfs_period_us", "100000", false}, {"cpu.cfs_quota_us", "100000", false}},
			v2: []bound{{"cpu.max", "100000 100000", false}},
		},
	}
}

// groups are the control groups of one pool's workers.
type groups struct {
	controllers []controller
	prefix      string // of their names: whose they are, so that a later process can tell that we are gone
	count       atomic.Int64
}

const groupMark = "rltrain-sandbox-"

// newGroups finds out which controllers this process may use, by making a group with each, and removes what processes
// that were killed have left.
func newGroups(memory int64) *groups {
	g := &groups{controllers: controllers(memory), prefix: fmt.Sprintf("%s%d-%s-%x-", groupMark, os.Getpid(), startOf("self"), time.Now().UnixNano())}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	own, err2 := os.ReadFile("/proc/self/cgroup")
	if err = errors.Join(err, err2); err != nil {
		for i := range g.controllers {
			g.controllers[i].missing = err.Error()
		}
		return g
	}
	for i := range g.controllers {
		c := &g.controllers[i]
		if err := c.find(string(mounts), string(own)); err != nil {
			c.missing = err.Error()
			continue
		}
		sweep(c.parent)
		var probe group
		if err := probe.add(c, filepath.Join(c.parent, g.prefix+"probe-"+c.name)); err != nil {
			c.missing = reasonOf(err)
		}
		probe.remove()
	}
	return g
}

// reasonOf shortens the usual refusal to what can be done about it.
func reasonOf(err error) string {
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, unix.EROFS) {
		return "this user may make no groups: run as root, or in a group of your own (systemd-run --user --scope -p Delegate=yes)"
	}
	return err.Error()
}

// find sets the folder in which groups are made: below our own group in version 1; in version 2, where a group with
// processes has no groups with limits in it, beside our own.
func (c *controller) find(mounts, own string) error {
	v1, v2 := ownGroup(own, c.name), ownGroup(own, "")
	if v1 != "" {
		if c.parent = mounted(mounts, "cgroup", c.name, v1); c.parent != "" {
			c.v2 = nil
			return nil
		}
	}
	folder := ""
	if v2 != "" {
		folder = mounted(mounts, "cgroup2", "", v2)
	}
	if folder == "" {
		return errors.New("no control groups are mounted")
	}
	c.v1 = nil
	for _, c.parent = range []string{folder, filepath.Dir(folder)} {
		enabled, _ := os.ReadFile(filepath.Join(c.parent, "cgroup.subtree_control")) // above the tree there is none
		if slices.Contains(strings.Fields(string(enabled)), c.name) {
			return nil
		}
	}
	return fmt.Errorf("the controller is not enabled in %s/cgroup.subtree_control", filepath.Dir(folder))
}

// ownGroup reads a line of /proc/self/cgroup: number:controllers:path. Version 2 names no controller.
func ownGroup(text, name string) string {
	for line := range strings.Lines(text) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) == 3 && (name == "" && parts[0] == "0" || name != "" && slices.Contains(strings.Split(parts[1], ","), name)) {
			return parts[2]
		}
	}
	return ""
}

// mounted finds the folder of a group in /proc/self/mountinfo, whose fields are: number, parent, device, root of the mount in the
// file system, place, options, tags, "-", kind, source, options of the file system.
func mounted(text, kind, name, group string) string {
	for line := range strings.Lines(text) {
		head, tail, found := strings.Cut(strings.TrimSpace(line), " - ")
		fields, system := strings.Fields(head), strings.Fields(tail)
		if !found || len(fields) < 5 || len(system) < 3 || system[0] != kind {
			continue
		}
		if name != "" && !slices.Contains(strings.Split(system[2], ","), name) {
			continue
		}
		if inside, err := filepath.Rel(fields[3], group); err == nil && !strings.HasPrefix(inside, "..") {
			return filepath.Join(fields[4], inside)
		}
	}
	return ""
}

// limit writes the controller's bounds into a group.
func (c *controller) limit(path string) error {
	for _, b := range append(c.v1, c.v2...) {
		if err := put(path, b.file, b.value); err != nil && !b.optional {
			return err
		}
	}
	return nil
}

// put writes to a file that the kernel has made.
func put(folder, name, value string) error {
	file, err := os.OpenFile(filepath.Join(folder, name), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteString(value)
	return errors.Join(err, file.Close())
}

// group is the control groups of one worker; none if nil.
type group struct {
	paths  []string
	memory string // the one that counts kills for want of memory
}

// enter makes the groups of a worker and puts it in.
func (g *groups) enter(pid int) (*group, error) {
	one, name := &group{}, g.prefix+strconv.FormatInt(g.count.Add(1), 10)
	for i := range g.controllers {
		if c := &g.controllers[i]; c.missing == "" {
			if err := one.add(c, filepath.Join(c.parent, name)); err != nil {
				one.remove()
				return nil, fmt.Errorf("make a control group: %w", err)
			}
		}
	}
	for _, path := range one.paths {
		if err := put(path, "cgroup.procs", strconv.Itoa(pid)); err != nil {
			one.remove()
			return nil, fmt.Errorf("put a worker into its control group: %w", err)
		}
	}
	return one, nil
}

// add makes a group for a controller; in version 2 one group serves all.
func (g *group) add(c *controller, path string) error {
	if !slices.Contains(g.paths, path) {
		if err := os.Mkdir(path, 0o755); err != nil {
			return err
		}
		g.paths = append(g.paths, path)
	}
	if c.name == "memory" {
		g.memory = path
	}
	return c.limit(path)
}

// kills is how often the kernel ended a process of the group because the group's memory was used up. A process may also be ended
// because the machine's memory is: hence the lesser of two counts, the other being how often the limit was met.
func (g *group) kills() int {
	if g == nil || g.memory == "" {
		return 0
	}
	if events, err := os.ReadFile(filepath.Join(g.memory, "memory.events")); err == nil { // version 2
		return min(counted(string(events), "oom_kill "), counted(string(events), "oom "))
	}
	control, _ := os.ReadFile(filepath.Join(g.memory, "memory.oom_control"))
	met, _ := os.ReadFile(filepath.Join(g.memory, "memory.failcnt"))
	return min(counted(string(control), "oom_kill "), counted("met "+string(met), "met "))
}

// counted reads the number after a word at the start of a line; 0 if there is none.
func counted(text, word string) int {
	for line := range strings.Lines(text) {
		if number, found := strings.CutPrefix(line, word); found {
			n, _ := strconv.Atoi(strings.TrimSpace(number)) // the kernel's own number
			return n
		}
	}
	return 0
}

// remove removes the groups of a worker that has ended; its last processes may take a moment. What stays is swept later.
func (g *group) remove() {
	if g == nil {
		return
	}
	for _, path := range g.paths {
		for range 100 {
			if err := unix.Rmdir(path); !errors.Is(err, unix.EBUSY) {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
}

// sweep removes groups whose makers have ended without doing so. A group that has processes stays: the kernel says so.
func sweep(parent string) {
	entries, _ := os.ReadDir(parent) // nothing to sweep where nothing can be read
	for _, e := range entries {
		name, ours := strings.CutPrefix(e.Name(), groupMark)
		parts := strings.Split(name, "-")
		if ours && len(parts) >= 3 && startOf(parts[0]) != parts[1] {
			_ = unix.Rmdir(filepath.Join(parent, e.Name()))
		}
	}
}

// startOf is when a process began, in the kernel's ticks: numbers of processes come again, with the time they are one's own.
func startOf(pid string) string {
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return ""
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	if len(fields) < 20 {
		return ""
	}
	return fields[19]
}

// layer tells which controllers bound the workers, and why others do not.
func (g *groups) layer() Layer {
	var on, off []string
	for i, c := range g.controllers {
		if c.missing == "" {
			on = append(on, c.name)
		} else if i > 0 && c.missing == g.controllers[i-1].missing { // the same reason once
			off[len(off)-1] = strings.Replace(off[len(off)-1], ": ", ", "+c.name+": ", 1)
		} else {
			off = append(off, c.name+": "+c.missing)
		}
	}
	l := Layer{Name: "cgroup", On: len(on) > 0, Detail: strings.Join(off, "; ")}
	if l.On {
		l.Detail = "own for each worker: " + strings.Join(on, ", ")
	}
	if l.On && off != nil {
		l.Detail += "; not " + strings.Join(off, "; ")
	}
	return l
}
