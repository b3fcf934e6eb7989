package python

// Layer is one part of the isolation.
type Layer struct {
	Name   string
	On     bool
	Wanted bool   // without it programs are not isolated
	Detail string // what it does, or why it is missing
}

// Layers tells what isolates the programs of this pool.
func (p *Pool) Layers() []Layer {
	s := p.setting
	layers := []Layer{
		{Name: "namespaces", On: s.tier == tierNamespaces, Wanted: true, Detail: "user, mount, pid, network, IPC, host name, cgroup: own for each worker; pid: own for each job"},
		{Name: "root", On: s.tier == tierNamespaces, Wanted: true, Detail: "read-only, holds the interpreter's library alone; a small tmpfs to work in"},
		{Name: "landlock", On: s.tier == tierLandlock, Detail: "not used: the root holds nothing to protect"},
		{Name: "capabilities", On: true, Wanted: true, Detail: "none, and no way to gain one (no_new_privs, empty bounding set)"},
		{Name: "seccomp", On: true, Wanted: true, Detail: "an allow-list of system calls: no processes, programs, sockets, mounts, namespaces"},
		{Name: "limits", On: true, Wanted: true, Detail: "memory, processor time, threads, files, size of files, output"},
		s.groups.layer(),
	}
	for i := range layers[:2] {
		if !layers[i].On {
			layers[i].Detail = s.missing[0]
		}
	}
	switch s.tier {
	case tierLandlock:
		layers[2].Detail = "reads the interpreter's library and writes nothing, in place of namespaces and root"
	case tierBare:
		layers[2].Detail, layers[2].Wanted = s.missing[1], true
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
