package python

// Layer is one part of the isolation.
type Layer struct {
	Name   string
	On     bool
	Wanted bool   // without it programs are not isolated
	Detail string // what it does, or why it is missing
}

// Layers tells what isolates the programs of this pool. A pool that lacks one of the first group only exists if the
// options allowed it.
func (p *Pool) Layers() []Layer {
	s := p.setting
	layers := []Layer{
		{Name: "namespaces", On: s.isolated, Wanted: true, Detail: "user, mount, pid, network, IPC, host name, cgroup: own for each worker; pid: own for each job"},
		{Name: "root", On: s.isolated, Wanted: true, Detail: "read-only, holds the interpreter's library alone; a small tmpfs to work in"},
		{Name: "capabilities", On: true, Wanted: true, Detail: "none, and no way to gain one (no_new_privs, empty bounding set)"},
		{Name: "seccomp", On: true, Wanted: true, Detail: "an allow-list of system calls: no processes, programs, sockets, mounts, namespaces"},
		{Name: "limits", On: true, Wanted: true, Detail: "memory, processor time, threads, files, size of files, output"},
		{Name: "cgroup", Detail: "not used: a candidate is one process, which its limits bound"},
		{Name: "landlock", Detail: "not used: the root holds nothing to protect"},
	}
	if !s.isolated {
		for i := range layers[:2] {
			layers[i].Detail = s.missing
		}
	}
	return layers
}

// Probe tries the isolation and tells its layers. The error tells what is missing for New to work.
func Probe(o Options) ([]Layer, error) {
	o.Workers = 1
	p, err := New(o)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	return p.Layers(), nil
}
