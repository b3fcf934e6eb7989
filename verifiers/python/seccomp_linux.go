package python

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"slices"

	"golang.org/x/sys/unix"
)

// The filter is an allow-list: what is not named fails with EPERM. A candidate is one process: it may start threads, but
// no processes and no programs, so that nothing it began can outlive it and its memory and time are those of one process.

// rule allows a system call when an argument has one of the values, or the wanted bits.
type rule struct {
	call   uint32
	arg    int
	mask   uint32 // 0: compare the whole value
	values []uint32
}

// ownPid stands in the filter for the number of the process that installs it, which puts that there (kernel.py).
const ownPid = 0x70696421

func rules() []rule {
	const setNonBlocking, clearCloseOnExec, setCloseOnExec = 0x5421, 0x5450, 0x5451 // FIONBIO, FIONCLEX, FIOCLEX
	const newNamespaces = unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC | unix.CLONE_NEWUSER |
		unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWTIME
	return []rule{
		{call: unix.SYS_CLONE, mask: unix.CLONE_THREAD | newNamespaces, values: []uint32{unix.CLONE_THREAD}},
		{call: unix.SYS_SOCKETPAIR, values: []uint32{unix.AF_UNIX}},
		{call: unix.SYS_PRLIMIT64, values: []uint32{0}}, // of the process itself
		{call: unix.SYS_KILL, values: []uint32{ownPid}},
		{call: unix.SYS_TGKILL, values: []uint32{ownPid}},
		{call: unix.SYS_IOCTL, arg: 1, values: []uint32{unix.TCGETS, unix.TIOCGWINSZ, unix.TIOCINQ, setNonBlocking, setCloseOnExec, clearCloseOnExec}},
	}
}

// Codes of the classic packet filter and results of seccomp.
const (
	loadWord    = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
	jumpEqual   = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
	jumpAtLeast = unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K
	maskWord    = unix.BPF_ALU | unix.BPF_AND | unix.BPF_K
	giveBack    = unix.BPF_RET | unix.BPF_K

	resultAllow = 0x7fff0000
	resultErrno = 0x00050000
	resultKill  = 0x80000000

	offsetNumber, offsetArch, offsetArgs = 0, 4, 16 // in struct seccomp_data
)

// filter compiles the allow-list. The numbers lie in a binary tree of ranges: the kernel runs the filter for each
// number once when it is installed, which is once a job. The judge, which serves many, may also be given descriptors.
func filter(judge bool, t tier) ([]byte, error) {
	arch, ok := map[string]uint32{"amd64": unix.AUDIT_ARCH_X86_64, "arm64": unix.AUDIT_ARCH_AARCH64}[runtime.GOARCH]
	if !ok {
		return nil, fmt.Errorf("no seccomp filter for %s: amd64 and arm64 have one", runtime.GOARCH)
	}
	calls := allowedCalls()
	if t == tierLandlock { // it stops neither changes of modes and times nor, in its first versions, of length
		calls = slices.DeleteFunc(calls, func(n uint32) bool { return slices.Contains(changingCalls(), n) })
	}
	if judge {
		calls = append(calls, unix.SYS_RECVMSG)
	}
	ranges := allowedRanges(calls)
	program := []unix.SockFilter{
		{Code: loadWord, K: offsetArch},
		{Code: jumpEqual, Jt: 1, K: arch},
		{Code: giveBack, K: resultKill},
		{Code: loadWord, K: offsetNumber},
	}
	for _, r := range rules() {
		program = append(program, r.compile()...)
	}
	program = append(program, unix.SockFilter{Code: jumpEqual, Jf: 1, K: unix.SYS_CLONE3}, // the C library then takes clone
		unix.SockFilter{Code: giveBack, K: resultErrno | uint32(unix.ENOSYS)})
	program = append(program, tree(ranges)...)
	var code []byte
	for _, i := range program {
		code = binary.NativeEndian.AppendUint16(code, i.Code)
		code = append(code, i.Jt, i.Jf)
		code = binary.NativeEndian.AppendUint32(code, i.K)
	}
	return code, nil
}

// compile tests one call's argument. The upper half of an argument is not looked at: the kernel takes these as 32 bits,
// but for the flags of clone, whose upper half has no meaning there.
func (r rule) compile() []unix.SockFilter {
	body := []unix.SockFilter{{Code: loadWord, K: offsetArgs + 8*uint32(r.arg)}}
	if r.mask != 0 {
		body = append(body, unix.SockFilter{Code: maskWord, K: r.mask})
	}
	for i, v := range r.values {
		body = append(body, unix.SockFilter{Code: jumpEqual, Jt: uint8(len(r.values) - i), K: v})
	}
	body = append(body, unix.SockFilter{Code: giveBack, K: resultErrno | uint32(unix.EPERM)}, unix.SockFilter{Code: giveBack, K: resultAllow})
	return append([]unix.SockFilter{{Code: jumpEqual, Jf: uint8(len(body)), K: r.call}}, body...)
}

// span is a range of numbers, the end not included, and what becomes of them.
type span struct {
	start, end uint32
	result     uint32
}

// allowedRanges covers all numbers from 0 up with spans.
func allowedRanges(calls []uint32) []span {
	slices.Sort(calls)
	calls = slices.Compact(calls)
	refuse := resultErrno | uint32(unix.EPERM)
	spans, next := []span{}, uint32(0)
	for _, n := range calls {
		if n > next {
			spans = append(spans, span{next, n, refuse})
		}
		if last := len(spans) - 1; last >= 0 && spans[last].result == resultAllow && spans[last].end == n {
			spans[last].end++
		} else {
			spans = append(spans, span{n, n + 1, resultAllow})
		}
		next = n + 1
	}
	return append(spans, span{next, 1<<32 - 1, refuse})
}

// tree is a binary search among spans. Jumps reach 255 instructions, which 100 spans do not need.
func tree(spans []span) []unix.SockFilter {
	if len(spans) == 1 {
		return []unix.SockFilter{{Code: giveBack, K: spans[0].result}}
	}
	middle := len(spans) / 2
	low, high := tree(spans[:middle]), tree(spans[middle:])
	jump := unix.SockFilter{Code: jumpAtLeast, Jt: uint8(len(low)), K: spans[middle].start}
	return append(append([]unix.SockFilter{jump}, low...), high...)
}
