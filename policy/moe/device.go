package moe

import (
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// Compilations counts the executables built and the time of the calls that built them (their
// first execution included), so that a run can tell compiling from working.
type Compilations struct {
	Count int64
	Time  time.Duration
}

// add may be called from several goroutines: a trainer and its samplers run side by side.
func (c *Compilations) add(n int64, took time.Duration) {
	atomic.AddInt64(&c.Count, n)
	atomic.AddInt64((*int64)(&c.Time), int64(took))
}

func (c *Compilations) read() Compilations {
	return Compilations{atomic.LoadInt64(&c.Count), time.Duration(atomic.LoadInt64((*int64)(&c.Time)))}
}

// builder is the form of all graphs here: nodes in, nodes out.
type builder = func([]*graph.Node) []*graph.Node

// program is a graph builder with its compiled executables, one for each set of input shapes.
type program struct {
	name  string
	exec  *graph.Exec
	built atomic.Int64
	meter *Compilations
}

func newProgram(backend compute.Backend, meter *Compilations, name string, build builder) (*program, error) {
	p := &program{name: name, meter: meter}
	exec, err := graph.NewExec(backend, func(in []*graph.Node) []*graph.Node {
		p.built.Add(1)
		return build(in)
	})
	if err != nil {
		return nil, fmt.Errorf("prepare %s: %w", name, err)
	}
	p.exec = exec.SetMaxCache(-1)
	return p, nil
}

// run executes the program, compiling it first where these shapes are new.
func (p *program) run(args []any) ([]*tensors.Tensor, error) {
	start, before := time.Now(), p.built.Load()
	out, err := p.exec.Call(args...)
	if n := p.built.Load() - before; n > 0 {
		p.meter.add(n, time.Since(start))
	}
	if err != nil {
		return nil, fmt.Errorf("run %s: %s", p.name, firstLine(err))
	}
	return out, nil
}

// firstLine cuts the stack trace that the tensor library writes into its errors.
func firstLine(err error) string {
	line, _, _ := strings.Cut(fmt.Sprintf("%v", err), "\n")
	return line
}

// toDevice copies values into a tensor on the backend's device.
func toDevice[T int32 | float32](backend compute.Backend, values []T, dims ...int) (*tensors.Tensor, error) {
	t := tensors.FromFlatDataAndDimensions(values, dims...)
	if err := t.ToDevice(backend, 0); err != nil {
		return nil, fmt.Errorf("copy %v to the device: %s", dims, firstLine(err))
	}
	return t, nil
}

// zeros is a float32 tensor of zeros.
func zeros(dims ...int) *tensors.Tensor {
	return tensors.FromShape(shapes.Make(dtypes.Float32, dims...))
}

// asArgs makes call arguments that stay valid after the call.
func asArgs(ts ...*tensors.Tensor) []any {
	args := make([]any, len(ts))
	for i, t := range ts {
		args[i] = t
	}
	return args
}

// donate makes call arguments whose memory the call may reuse; the tensors are invalid afterwards.
func donate(backend compute.Backend, ts ...*tensors.Tensor) ([]any, error) {
	args := make([]any, len(ts))
	for i, t := range ts {
		a, err := graph.DonateTensorBuffer(t, backend, 0)
		if err != nil {
			return nil, fmt.Errorf("hand tensor %d to the device: %s", i, firstLine(err))
		}
		args[i] = a
	}
	return args, nil
}

// release frees tensors now instead of at some garbage collection.
func release(ts ...*tensors.Tensor) {
	for _, t := range ts {
		t.FinalizeAll() //nolint:errcheck // freeing has no failure that a caller could act on
	}
}

// host is a tensor's content before upload: ints or floats.
type host struct {
	ints   []int32
	floats []float32
	dims   []int
}

// upload puts tensors on the device, all or none.
func (t *Trainer) upload(list []host) (out []*tensors.Tensor, err error) {
	for _, h := range list {
		var one *tensors.Tensor
		if h.ints != nil {
			one, err = toDevice(t.backend(), h.ints, h.dims...)
		} else {
			one, err = toDevice(t.backend(), h.floats, h.dims...)
		}
		if err != nil {
			release(out...)
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}
