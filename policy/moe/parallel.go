package moe

import (
	"fmt"

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
	of      *tensors.Tensor     // the first of the weights that params are copies of
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

// replicate copies the weights to the other devices unless they have them. The way is through the host.
func (t *Trainer) replicate() error {
	r := &t.replicas
	if r.of == t.params[0] {
		return nil
	}
	for _, old := range r.params {
		release(old...)
	}
	r.params, r.of = nil, nil
	for d := 1; d < t.Shapes.Devices; d++ {
		copies, err := t.copyTo(d, t.params)
		if err != nil {
			return err
		}
		r.params = append(r.params, copies)
		if len(r.nothing) < d {
			r.nothing = append(r.nothing, t.likeParams())
		}
	}
	r.of = t.params[0]
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

// rounds cuts microbatches into rounds of one a device; the last is filled up with empty ones.
func rounds(batches []*batch, devices int) [][]*batch {
	var list [][]*batch
	for from := 0; from < len(batches); from += devices {
		round := append([]*batch(nil), batches[from:min(from+devices, len(batches))]...)
		for len(round) < devices {
			round = append(round, newBatch(batches[0].rows, batches[0].width))
		}
		list = append(list, round)
	}
	return list
}

// args are a gradient graph's first inputs on device d: weights, then sums.
func (r *replicas) args(d int) []any {
	return append(asArgs(r.params[d-1]...), asArgs(r.nothing[d-1]...)...)
}
