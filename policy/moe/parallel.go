package moe

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/distributed"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// Data parallelism: with Shapes.Devices above 1, ForwardBackward computes a round of so many microbatches at once, one a device,
// in one program that adds up their gradients (XLA's all-reduce). All else runs on device 0, which keeps weights, gradient
// sums and optimizer state; the others hold a copy of the weights, made anew after each optimizer step.

// replicas are what devices 1, 2, ... hold.
type replicas struct {
	params  [][]*tensors.Tensor
	nothing [][]*tensors.Tensor // gradient sums of zero
	of      *tensors.Tensor     // the first of what is trained of which params are copies
}

// newParallelProgram is a program for several devices. On each it returns the sums over all of them of the first n outputs, and
// its own of the others. Arguments and outputs are those of device 0, then of device 1, and so on.
func newParallelProgram(backend compute.Backend, meter *Compilations, name string, devices, n int, build builder) (*program, error) {
	mesh, err := distributed.NewDeviceMesh([]int{devices}, []string{"data"})
	if err != nil {
		return nil, fmt.Errorf("line up %d devices: %s", devices, firstLine(err))
	}
	p, err := newProgram(backend, meter, name, func(in []*graph.Node) []*graph.Node {
		out := build(in)
		return append(out[0].Graph().Distributed().AllReduce(out[:n], compute.ReduceOpSum), out[n:]...)
	})
	if err == nil {
		p.exec.SPMD(mesh)
	}
	return p, err
}

// replicate copies the weights, then the adapters, to the other devices unless they have them: beside adapters the weights stay as they
// are. The way is through the host.
func (t *Trainer) replicate() error {
	r := &t.replicas
	if r.of == t.learned()[0] {
		return nil
	}
	keep := 0
	if r.of != nil && t.Config.lora != nil {
		keep = len(t.params)
	}
	r.of = nil
	for d := 1; d < t.Shapes.Devices; d++ {
		if len(r.params) < d {
			r.params, r.nothing = append(r.params, nil), append(r.nothing, t.likeLearned())
		}
		there := r.params[d-1]
		release(there[min(keep, len(there)):]...)
		copies, err := t.copyTo(d, slices.Concat(t.params, t.tuned)[keep:])
		if err != nil {
			r.params = nil
			return err
		}
		r.params[d-1] = append(there[:min(keep, len(there)):min(keep, len(there))], copies...)
	}
	r.of = t.learned()[0]
	return nil
}

func (t *Trainer) copyTo(device int, list []*tensors.Tensor) ([]*tensors.Tensor, error) {
	copies := make([]*tensors.Tensor, len(list))
	for i, x := range list {
		var err error
		if copies[i], err = x.OnDeviceClone(t.backend(), compute.DeviceNum(device)); err != nil {
			return nil, fmt.Errorf("copy %v to device %d: %s", x.Shape(), device, firstLine(err))
		}
	}
	return copies, nil
}

// rounds cuts microbatches into rounds of one a device, all of one shape; a round that lacks some is filled up with empty ones.
func rounds(batches []*batch, devices int) [][]*batch {
	var list [][]*batch
	for len(batches) > 0 {
		first, n := batches[0], 1
		for n < min(devices, len(batches)) && batches[n].rows == first.rows && batches[n].width == first.width {
			n++
		}
		round := append([]*batch(nil), batches[:n]...)
		for len(round) < devices {
			round = append(round, newBatch(first.rows, first.width))
		}
		list, batches = append(list, round), batches[n:]
	}
	return list
}

// args are a gradient graph's first inputs on device d: weights, then sums.
func (r *replicas) args(d int) []any {
	return append(asArgs(r.params[d-1]...), asArgs(r.nothing[d-1]...)...)
}
