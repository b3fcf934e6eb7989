//go:build linux

package python

import (
	_ "embed"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

//go:embed testdata/attacks.txt
var attackTexts string

type attack struct {
	name, never, program string
	allowed              []string
}

func attacks(t testing.TB) []attack {
	var all []attack
	for i, block := range strings.Split("\n"+attackTexts, "\n== ") {
		if i == 0 {
			continue
		}
		head, program, _ := strings.Cut(block, "\n")
		parts := strings.Split(head, " | ")
		require.Len(t, parts, 3, "attack %q", head)
		all = append(all, attack{parts[0], parts[1], program, strings.Fields(parts[2])})
	}
	require.GreaterOrEqual(t, len(all), 60)
	return all
}

// host is what the attacks are after, and can tell from outside whether one of them got it.
type host struct {
	secret, folder, abstract string
	listener, local          net.Listener
	victim                   *exec.Cmd
	touched                  atomic.Int64 // connections
}

const (
	secretText = "the secret of the host"
	secretName = "RLTRAIN_ATTACK_SECRET"
)

func newHost(t *testing.T) *host {
	t.Setenv(secretName, secretText)
	folder, err := os.MkdirTemp("", "attacks")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(folder) })
	require.NoError(t, os.Chmod(folder, 0o777))
	h := &host{folder: folder, secret: filepath.Join(folder, "secret"), abstract: "rltrain" + filepath.Base(folder)}
	require.NoError(t, os.WriteFile(h.secret, []byte(secretText), 0o666))
	require.NoError(t, os.Chmod(h.secret, 0o666))
	h.listener, err = net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	h.local, err = net.Listen("unix", "@"+h.abstract)
	require.NoError(t, err)
	for _, l := range []net.Listener{h.listener, h.local} {
		t.Cleanup(func() { l.Close() })
		go func() {
			for {
				if _, err := l.Accept(); err != nil {
					return
				}
				h.touched.Add(1)
			}
		}()
	}
	h.victim = exec.Command("sleep", "1000")
	require.NoError(t, h.victim.Start())
	t.Cleanup(func() { h.victim.Process.Kill(); h.victim.Wait() })
	return h
}

func (h *host) fill(program string) string {
	return strings.NewReplacer("{SECRET}", h.secret, "{FOLDER}", h.folder, "{PORT}", fmt.Sprint(h.listener.Addr().(*net.TCPAddr).Port),
		"{ABSTRACT}", h.abstract, "{PID}", fmt.Sprint(h.victim.Process.Pid), "{ENV}", secretName).Replace(program)
}

// intact checks from outside that nothing was reached.
func (h *host) intact(t *testing.T) {
	require.Zero(t, h.touched.Load(), "a connection was made")
	require.NoError(t, h.victim.Process.Signal(syscall.Signal(0)), "a process of the host was killed")
	text, err := os.ReadFile(h.secret)
	require.NoError(t, err)
	require.Equal(t, secretText, string(text), "a file of the host was changed")
	entries, err := os.ReadDir(h.folder)
	require.NoError(t, err)
	require.Len(t, entries, 1, "a file was made on the host")
}

func TestAttacks(t *testing.T) {
	for _, wanted := range []tier{tierNamespaces, tierLandlock} {
		t.Run(string(wanted), func(t *testing.T) {
			attackAll(t, tierPool(t, Options{Workers: 3, Time: time.Second}, wanted))
		})
	}
}

func attackAll(t *testing.T, p *Pool) {
	h := newHost(t)
	stopped := atomic.Int64{}
	var wait sync.WaitGroup
	all := attacks(t)
	for _, a := range all {
		wait.Go(func() {
			r, err := p.Test(t.Context(), Tests{Program: h.fill(a.program), EntryPoint: "f", Tests: []string{"assert f(3) == 9", "assert f(5) == 25", "assert f(10) == 100"}})
			if fault := a.fault(r, err, p.setting.tier); fault != "" {
				t.Errorf("%s (%s): %s: %+v %v", a.name, a.never, fault, r, err)
				return
			}
			stopped.Add(1)
		})
	}
	wait.Wait()
	h.intact(t)
	require.Empty(t, childrenOf(t, p), "a process lives on")
	r, err := p.Test(t.Context(), Tests{Program: "def f(x): return x * x", Tests: []string{"assert f(3) == 9"}})
	require.NoError(t, err)
	require.Equal(t, Passed, r.Outcome, "an honest program after the attacks")
	t.Logf("user %d, %s: %d of %d attacks stopped", os.Getuid(), p.setting.tier, stopped.Load(), len(all))
}

func (a attack) fault(r Result, err error, t tier) string {
	if err != nil {
		return "an error, which is ours"
	}
	seen := t == tierNamespaces || !slices.Contains(a.allowed, "seen")
	if seen && strings.Contains(r.Stderr, "PWNED") || strings.Contains(r.Stderr, secretText) || strings.Contains(r.Reason, secretText) {
		return "it happened"
	}
	for _, allowed := range a.allowed {
		if r.Outcome == map[string]Outcome{"fail": Failed, "time": TimedOut, "syntax": Unparseable}[allowed] {
			return ""
		}
	}
	return "outcome"
}

// childrenOf lists what the idle workers of a pool have left running.
func childrenOf(t *testing.T, p *Pool) []string {
	var left []string
	var workers []*worker
	for range cap(p.free) {
		workers = append(workers, <-p.free)
	}
	for _, w := range workers {
		if w != nil {
			children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", w.process.Pid, w.process.Pid))
			require.NoError(t, err)
			if own := strings.Fields(string(children)); len(own) > 1 { // one is the judge, which stays
				left = append(left, own...)
			}
		}
		p.free <- w
	}
	return left
}

// TestAttacksAsOrdinaryUser runs the attacks again, as nobody.
func TestAttacksAsOrdinaryUser(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can become somebody else; TestAttacks ran as an ordinary user")
	}
	command := exec.Command("/proc/self/exe", "-test.run", "^TestAttacks$", "-test.v")
	command.Dir = "/"
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "TMPDIR=/tmp"}
	command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}, Pdeathsig: syscall.SIGKILL}
	text, err := command.CombinedOutput()
	require.NoError(t, err, "%s", text)
	require.Contains(t, string(text), "user 65534, namespaces:")
	t.Logf("%s", text)
}
