package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/rollout"
)

// prompting says how tasks are put to the model.
type prompting struct {
	Template string   `yaml:"template"`           // one of rollout.TemplateNames
	Shots    int      `yaml:"shots,omitempty"`    // few-shot: worked examples; 0 is as many as is the custom
	Examples string   `yaml:"examples,omitempty"` // few-shot: the set whose first tasks they are; none: as is the custom for the tasks
	Stop     []string `yaml:"-"`                  // beside the template's own; sampling.stop in recipes
}

// template makes the template for tasks of a set. Examples that are tasks of the set themselves would give the answers away.
func (p prompting) template(set string) (rollout.Template, error) {
	t, err := p.bare(set)
	t.Stop = append(t.Stop, p.Stop...)
	return t, err
}

// bare is the template without Stop.
func (p prompting) bare(set string) (rollout.Template, error) {
	if p.Template != rollout.FewShot {
		if p.Shots != 0 || p.Examples != "" {
			return rollout.Template{}, fmt.Errorf("prompt: shots %d, examples %q with the template %s: only %s takes them", p.Shots, p.Examples, p.Template, rollout.FewShot)
		}
		return rollout.NewTemplate(p.Template, nil)
	}
	if p.Examples == set {
		return rollout.Template{}, fmt.Errorf("prompt: the examples are tasks of %s, which are asked: name another set, such as another split", set)
	}
	var shots []datasets.Shot
	var err error
	if p.Examples == "" {
		shots, err = datasets.Shots(set, p.Shots)
	} else {
		shots, err = datasets.ShotsOf(p.Examples, p.Shots)
	}
	if err != nil {
		return rollout.Template{}, fmt.Errorf("prompt: %w", err)
	}
	return rollout.NewTemplate(p.Template, shots)
}

// flags registers the settings as flags of a command.
func (p *prompting) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.Template, "prompt", rollout.Plain, "how tasks are put: "+strings.Join(rollout.TemplateNames(), ", "))
	cmd.Flags().StringArrayVar(&p.Stop, "stop", nil, "end completions before this `TEXT`; as often as needed")
	cmd.Flags().IntVar(&p.Shots, "shots", 0, "worked examples of few-shot (0: as many as is the custom)")
	cmd.Flags().StringVar(&p.Examples, "examples", "", "data set or JSONL `FILE` whose first tasks are the worked examples (default: as is the custom for the tasks)")
}
