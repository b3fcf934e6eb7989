//go:build linux

package python

import (
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// refuses is set in a process that may make no namespaces.
const refuses = "RLTRAIN_TEST_NO_NAMESPACES"

// Where namespaces are refused, as in a container, Landlock takes their place, and the layers say so and why.
func TestNamespacesRefused(t *testing.T) {
	if os.Getenv(refuses) == "" {
		command := exec.Command("/proc/self/exe", "-test.run", "^TestNamespacesRefused$")
		command.Env = append(os.Environ(), refuses+"=1")
		command.SysProcAttr = &syscall.SysProcAttr{
			Cloneflags:  syscall.CLONE_NEWUSER,
			UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
		}
		text, err := command.CombinedOutput()
		require.NoError(t, err, "%s", text)
		return
	}
	require.NoError(t, os.WriteFile("/proc/sys/user/max_user_namespaces", []byte("0"), 0o644), "the limit of this namespace alone")
	p := newPool(t, Options{Workers: 1})
	good(t, p)
	layers := p.Layers()
	require.False(t, layers[0].On)
	require.Contains(t, layers[0].Detail, "are user namespaces allowed?")
	require.Equal(t, []any{"landlock", true}, []any{layers[2].Name, layers[2].On})
	r, err := p.Test(t.Context(), Tests{Program: "def f(x):\n    import os\n    return os.listdir('/')", Tests: []string{"assert f(1)"}})
	require.NoError(t, err)
	require.Contains(t, r.Reason, "PermissionError")
}
