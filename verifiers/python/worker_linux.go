package python

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// worker is a warm interpreter in its jail.
type worker struct {
	control *net.UnixConn
	process *os.Process
	ended   chan struct{} // closed when the process has been waited for
	stderr  *tail         // to be read after that
	group   *group
	kills   int // for want of memory, so far
}

// nobody is the user that workers of root run as: no file belongs to it.
const nobody = 65534

// startTime is what a worker may take until it is ready; it is a start, half a second on a busy machine.
const startTime = 60 * time.Second

// callNumbers are the numbers of system calls that the harness makes by number.
func callNumbers() map[string]int {
	return map[string]int{
		"pivot_root": unix.SYS_PIVOT_ROOT, "close_range": unix.SYS_CLOSE_RANGE, "capset": unix.SYS_CAPSET, "landlock_create_ruleset": unix.SYS_LANDLOCK_CREATE_RULESET,
		"landlock_add_rule": unix.SYS_LANDLOCK_ADD_RULE, "landlock_restrict_self": unix.SYS_LANDLOCK_RESTRICT_SELF,
	}
}

// start begins a worker and waits until it is ready.
func (s *settings) start() (*worker, error) {
	if s.fault != nil {
		return nil, s.fault
	}
	boot, err := harness.ReadFile("harness/boot.py")
	if err != nil {
		return nil, fmt.Errorf("read the harness: %w", err)
	}
	ours, theirs, err := socketPair(unix.SOCK_SEQPACKET)
	if err != nil {
		return nil, err
	}
	command := exec.Command(s.found.Executable, "-s", "-S", "-c", string(boot))
	command.Env = []string{"PYTHONHASHSEED=0"} // sets keep one order, so that a verdict is the same tomorrow
	command.Dir = "/"
	command.ExtraFiles = []*os.File{theirs}
	w := &worker{control: ours, ended: make(chan struct{}), stderr: &tail{}}
	command.Stderr = w.stderr
	command.SysProcAttr = s.attributes()
	err = w.launch(command)
	theirs.Close() // else the end of the worker would not be seen
	if err != nil {
		ours.Close()
		return nil, fmt.Errorf("start a worker for isolation by %s: %w%s", s.tier, err, hint(err))
	}
	if w.group, err = s.groups.enter(w.process.Pid); err != nil {
		w.kill()
		return nil, err
	}
	if err := w.greet(s.message); err != nil {
		w.kill()
		return nil, fmt.Errorf("set up a worker: %w%s", err, w.lastWords())
	}
	return w, nil
}

// attributes ask for the namespaces. Root is mapped to nobody, everybody else to himself: then the root of the
// worker's world is no one in particular outside.
func (s *settings) attributes() *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	if s.tier != tierNamespaces {
		if os.Geteuid() == 0 {
			a.Credential = s.credential()
		}
		return a
	}
	a.Cloneflags = unix.CLONE_NEWUSER | unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS | unix.CLONE_NEWCGROUP
	user, group, root := os.Geteuid(), os.Getegid(), os.Geteuid() == 0
	if root {
		user, group = nobody, nobody
	}
	a.Credential = &syscall.Credential{NoSetGroups: !root} // user 0 of the new namespace
	a.GidMappingsEnableSetgroups = root
	a.UidMappings = []syscall.SysProcIDMap{{HostID: user, Size: 1}}
	a.GidMappings = []syscall.SysProcIDMap{{HostID: group, Size: 1}}
	return a
}

// credential is a user that nobody else on the machine is: each worker of root's has its own, as far as users are mapped here.
// Where not even nobody is, root is an ordinary user outside, and nothing is changed.
func (s *settings) credential() *syscall.Credential {
	const first = 1 << 30 // above what systems and containers give out
	own := first | uint32(os.Getpid()&0xffff)<<12 | uint32(s.groups.count.Load()&0xfff)
	users, _ := os.ReadFile("/proc/self/uid_map") // what cannot be read maps nobody
	groups, _ := os.ReadFile("/proc/self/gid_map")
	if !mapped(string(users), nobody) || !mapped(string(groups), nobody) {
		return nil
	}
	if !mapped(string(users), own) {
		own = nobody
	}
	refused, _ := os.ReadFile("/proc/self/setgroups")
	return &syscall.Credential{Uid: own, Gid: nobody, NoSetGroups: strings.TrimSpace(string(refused)) == "deny"}
}

// mapped reads /proc/self/uid_map: lines of first user inside, first outside, how many.
func mapped(text string, user uint32) bool {
	for line := range strings.Lines(text) {
		var inside, outside, count int64
		if _, err := fmt.Sscan(line, &inside, &outside, &count); err == nil && int64(user) >= inside && int64(user) < inside+count {
			return true
		}
	}
	return false
}

// hint says what usually refuses namespaces.
func hint(err error) string {
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EACCES) {
		return ": are user namespaces allowed? (Docker: --security-opt seccomp=unconfined; Ubuntu: sysctl kernel.apparmor_restrict_unprivileged_userns=0; else user.max_user_namespaces)"
	}
	return ""
}

// launch starts the process on a thread that lives as long: the kernel kills the child when the thread that began it
// ends, and Go ends threads as it likes.
func (w *worker) launch(command *exec.Cmd) error {
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer close(w.ended)
		err := command.Start()
		w.process = command.Process
		started <- err
		if err == nil {
			_ = command.Wait() // killed, as a rule
		}
	}()
	return <-started
}

// greet sends the settings and waits for the answer.
func (w *worker) greet(message []byte) error {
	if err := w.control.SetDeadline(time.Now().Add(startTime)); err != nil {
		return err
	}
	for rest := message; len(rest) > 0; {
		n, err := w.control.Write(rest[:min(len(rest), 32<<10)])
		if err != nil {
			return fmt.Errorf("send the settings: %w", err)
		}
		rest = rest[n:]
	}
	var answer struct {
		Ready bool   `json:"ready"`
		Fault string `json:"fault"`
	}
	if err := w.receive(&answer); err != nil {
		return err
	}
	if !answer.Ready {
		return errors.New(answer.Fault)
	}
	return nil
}

func (w *worker) receive(to any) error {
	buffer := make([]byte, 64<<10)
	n, err := w.control.Read(buffer)
	if err != nil {
		return fmt.Errorf("the worker ended: %w", err)
	}
	if n == 0 {
		return errors.New("the worker ended")
	}
	return json.Unmarshal(buffer[:n], to)
}

// kill ends the worker, and with the first process of its pid namespace all that runs in there.
func (w *worker) kill() {
	w.control.Close()
	_ = w.process.Kill() // it may have ended
	<-w.ended
	w.group.remove()
}

// patience is for how long a worker may be silent. Within it a job gets its processor time unless the machine does little
// else than starve it, and that is not the job's fault.
func patience(j job) time.Duration {
	return time.Duration((60 + 20*j.Time) * float64(time.Second))
}

// lastWords are what a worker that has ended wrote to its standard error.
func (w *worker) lastWords() string {
	if text := lastLine(w.stderr.String()); text != "" {
		return ": " + text
	}
	return ""
}

// do runs one job. An error is the worker's; it is of no use afterwards.
func (w *worker) do(ctx context.Context, j job, task []byte, s *script) (done, error) {
	j.Script = s != nil
	c, err := newChannels(s != nil)
	if err != nil {
		return done{}, err
	}
	defer c.close()
	stop := context.AfterFunc(ctx, func() { _ = w.control.SetDeadline(time.Now()) })
	defer stop()
	if err := w.control.SetDeadline(time.Now().Add(patience(j))); err != nil {
		return done{}, err
	}
	message, err := json.Marshal(j)
	if err != nil {
		return done{}, err
	}
	if _, _, err := w.control.WriteMsgUnix(message, unix.UnixRights(c.theirs()...), nil); err != nil {
		return done{}, fmt.Errorf("send a job: %w", err)
	}
	c.release()
	var d done
	var wait sync.WaitGroup
	c.serve(&wait, &d, j.output, task, s)
	finished := make(chan struct{})
	wait.Go(func() { w.watch(finished, time.Duration(j.Time*float64(time.Second))) })
	err = w.receive(&d)
	close(finished)
	if err == nil && d.Fault != "" {
		err = errors.New(d.Fault)
	}
	if kills := w.group.kills(); kills > w.kills {
		d.starved, w.kills = true, kills
	}
	if err != nil {
		w.kill() // else what is served may never end
		err = fmt.Errorf("%w%s", err, w.lastWords())
	}
	wait.Wait()
	return d, err
}
