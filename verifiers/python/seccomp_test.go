//go:build linux

package python

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// run executes a filter as the kernel would, on one system call.
func run(t *testing.T, code []byte, number uint32, args ...uint32) uint32 {
	accumulator := uint32(0)
	for at := 0; at < len(code)/8; at++ {
		i := code[at*8 : at*8+8]
		op, jt, jf, k := binary.NativeEndian.Uint16(i), int(i[2]), int(i[3]), binary.NativeEndian.Uint32(i[4:])
		branch := func(taken bool) {
			if taken {
				at += jt
			} else {
				at += jf
			}
		}
		switch op {
		case loadWord:
			switch k {
			case offsetNumber:
				accumulator = number
			case offsetArch:
				accumulator = binary.NativeEndian.Uint32(code[12:]) // the one that it asks for
			default:
				accumulator = append(args, make([]uint32, 6)...)[(k-offsetArgs)/8]
			}
		case maskWord:
			accumulator &= k
		case jumpEqual:
			branch(accumulator == k)
		case jumpAtLeast:
			branch(accumulator >= k)
		case giveBack:
			return k
		}
	}
	t.Fatal("the filter runs off its end")
	return 0
}

func TestFilter(t *testing.T) {
	code, err := filter(false, tierNamespaces)
	require.NoError(t, err)
	require.Less(t, len(code)/8, 4096)
	const eperm, enosys = resultErrno | uint32(unix.EPERM), resultErrno | uint32(unix.ENOSYS)
	conditional := []uint32{unix.SYS_CLONE, unix.SYS_SOCKETPAIR, unix.SYS_PRLIMIT64, unix.SYS_IOCTL, unix.SYS_CLONE3, unix.SYS_KILL, unix.SYS_TGKILL}
	for number := range uint32(600) {
		want := eperm
		if slices.Contains(allowedCalls(), number) {
			want = resultAllow
		}
		if !slices.Contains(conditional, number) {
			require.Equal(t, want, run(t, code, number), "call %d", number)
		}
		require.NotEqual(t, uint32(resultAllow), run(t, code, number|0x40000000), "x32 call %d", number)
	}
	for _, test := range []struct {
		call uint32
		args []uint32
		want uint32
	}{
		{unix.SYS_CLONE, []uint32{unix.CLONE_VM | unix.CLONE_THREAD}, resultAllow},
		{unix.SYS_CLONE, []uint32{uint32(unix.SIGCHLD)}, eperm},
		{unix.SYS_CLONE, []uint32{unix.CLONE_THREAD | unix.CLONE_NEWNET}, eperm},
		{unix.SYS_CLONE, []uint32{unix.CLONE_NEWUSER}, eperm},
		{unix.SYS_CLONE3, nil, enosys},
		{unix.SYS_SOCKETPAIR, []uint32{unix.AF_UNIX}, resultAllow},
		{unix.SYS_SOCKETPAIR, []uint32{unix.AF_INET}, eperm},
		{unix.SYS_PRLIMIT64, []uint32{0}, resultAllow},
		{unix.SYS_PRLIMIT64, []uint32{7}, eperm},
		{unix.SYS_IOCTL, []uint32{1, unix.TCGETS}, resultAllow},
		{unix.SYS_IOCTL, []uint32{1, unix.TIOCSTI}, eperm},
		{unix.SYS_RECVMSG, nil, eperm},
		{unix.SYS_KILL, []uint32{ownPid}, resultAllow},
		{unix.SYS_KILL, []uint32{0xffffffff}, eperm},
		{unix.SYS_TGKILL, []uint32{ownPid}, resultAllow},
		{unix.SYS_TGKILL, []uint32{1}, eperm},
	} {
		require.Equal(t, test.want, run(t, code, test.call, test.args...), "call %d %v", test.call, test.args)
	}
	judge, err := filter(true, tierNamespaces)
	require.NoError(t, err)
	require.Equal(t, uint32(resultAllow), run(t, judge, unix.SYS_RECVMSG))
	poor, err := filter(false, tierLandlock)
	require.NoError(t, err)
	for _, call := range changingCalls() {
		require.Equal(t, eperm, run(t, poor, call), "call %d", call)
	}
}
