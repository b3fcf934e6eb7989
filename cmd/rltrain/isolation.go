package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/internal/eval"
	"github.com/rltrain/rltrain/verifiers/python"
)

// unsafeFlag lets Python run where the machine cannot isolate it.
func unsafeFlag(cmd *cobra.Command, to *bool) {
	cmd.Flags().BoolVar(to, "unsafe-sandbox", false, "tasks in Python: run programs even where this machine cannot isolate them")
}

// readySandbox starts the sandbox if one of the task sets has programs in Python, and says what isolates them. It fails
// before anything is sampled where nothing does.
func readySandbox(sandbox *python.Lazy, sets [][]datasets.Task, out io.Writer) error {
	if !needPython(sets) {
		return nil
	}
	layers, err := sandbox.Layers()
	if err != nil {
		return fmt.Errorf("the tasks have programs in Python: %w (`rltrain doctor` tells what is missing; --unsafe-sandbox runs them with what there is)", err)
	}
	fmt.Fprintln(out, describeLayers(layers))
	return nil
}

func needPython(sets [][]datasets.Task) bool {
	for _, tasks := range sets {
		for _, task := range tasks {
			if task.Kind == "code" && task.Language == "python" {
				return true
			}
		}
	}
	return false
}

// describeLayers is one line: what is on, and what is missing and why.
func describeLayers(layers []python.Layer) string {
	var on, off []string
	for _, l := range layers {
		if l.On {
			on = append(on, l.Name)
		} else if l.Wanted {
			off = append(off, fmt.Sprintf("%s (%s)", l.Name, l.Detail))
		}
	}
	text := "Python programs are isolated by " + strings.Join(on, ", ")
	if off != nil {
		text += "; MISSING: " + strings.Join(off, "; ")
	}
	return text
}

// readySandbox is readySandbox for all that the recipe trains and evaluates on.
func (r *trainRecipe) readySandbox(sandbox *python.Lazy, out io.Writer) error {
	sets, err := r.taskSets()
	if err != nil {
		return err
	}
	return readySandbox(sandbox, sets, out)
}

// taskSets loads all that a recipe trains and evaluates on.
func (r *trainRecipe) taskSets() ([][]datasets.Task, error) {
	var sets [][]datasets.Task
	for _, share := range r.Tasks {
		tasks, err := share.load()
		if err != nil {
			return nil, err
		}
		sets = append(sets, tasks)
	}
	for _, set := range append(append([]eval.Set(nil), r.Validate.Sets...), r.Final...) {
		tasks, err := datasets.Load(set.Tasks)
		if err != nil {
			return nil, err
		}
		sets = append(sets, tasks)
	}
	return sets, nil
}
