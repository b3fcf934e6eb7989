package rollout

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/internal/reflect"
	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/policy/tokenizer"
	"github.com/rltrain/rltrain/verifiers"
)

// Tokenizer is what the Pool needs of a tokenizer.
type Tokenizer interface {
	Encode(text string) ([]policy.Token, error)
	Decode(ids []policy.Token) string
	Start() []policy.Token // what a prompt begins with, unless a chat template spells it
	EOS() policy.Token
}

// Renderer is a Tokenizer of a model that came with a chat template.
type Renderer interface {
	Render(c tokenizer.Chat) (string, error)
}

// Pool samples and judges groups of rollouts.
type Pool struct {
	Tokenizer Tokenizer // nil for a sampler that has its own
	Template  Template  // of the prompts
	Verifier  verifiers.Verifier
	Reward    *Formula      // pays instead of the verdict, out of whose reward it makes its own; nil leaves the verdict's
	Params    policy.Params // of each task; Seed and Stop are filled in by Collect
	Workers   int           // verifiers at work side by side; 0 is one a processor
	Deadline  time.Duration // for one verdict; 0 is DefaultDeadline
	Patience  time.Duration // with a sampler that streams: for all samples of a call; a few missing ones are then lost; 0 waits for all
	Waits     *Waits        // is told what is waited for; may be nil
}

// DefaultDeadline is when a verifier counts as hung. Each bounds itself by work or processor time; the slowest, a Python
// program on a machine that starves it, gives up by itself after two minutes.
const DefaultDeadline = 4 * time.Minute

// Batch is what one Collect yields, and the seconds that its two halves took.
type Batch struct {
	Groups           []Group
	SampleS, VerifyS float64
}

// Collect draws Params.N completions for each task and has them judged. The order of the groups is
// that of the tasks, and their content depends on seed, tasks and weights alone, not on Workers.
func (p *Pool) Collect(ctx context.Context, s policy.Sampler, tasks []datasets.Task, seed uint64) (Batch, error) {
	return p.CollectForced(ctx, s, tasks, seed, nil)
}

// CollectForced is Collect with a completion prefix for each task, where forced is not nil.
func (p *Pool) CollectForced(ctx context.Context, s policy.Sampler, tasks []datasets.Task, seed uint64, forced [][]policy.Token) (Batch, error) {
	groups, requests, err := p.Requests(tasks, seed)
	if err != nil {
		return Batch{}, err
	}
	for i := range forced {
		requests[i].Forced = forced[i]
	}
	start := time.Now()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	j := newJury(p, groups, requests)
	if err := p.draw(ctx, s, requests, j); err != nil {
		cancel()
		j.work.Wait()
		return Batch{}, err
	}
	sampled := time.Now()
	j.work.Wait()
	return Batch{groups, sampled.Sub(start).Seconds(), time.Since(sampled).Seconds()}, ctx.Err()
}

// draw has all samples drawn and handed to the jury: each as soon as it is there, where the sampler is a policy.Streamer.
func (p *Pool) draw(ctx context.Context, s policy.Sampler, requests []policy.Request, j *jury) error {
	asked := j.left()
	defer p.Waits.Begin(func() string { return fmt.Sprintf("rollouts to be drawn: %d of %d are not there yet", j.left(), asked) })()
	if streamer, ok := s.(policy.Streamer); ok {
		return p.stream(ctx, streamer, requests, j)
	}
	if err := Stream(ctx, s, requests, j.of(ctx, requests)); err != nil {
		return err
	}
	if left := j.left(); left > 0 {
		return fmt.Errorf("sample: %d of %d samples are missing", left, asked)
	}
	return nil
}

// Stream hands over samples, named as a policy.Streamer does: as they come, or all at the end where the sampler is none.
func Stream(ctx context.Context, s policy.Sampler, requests []policy.Request, done func(request, number int, s policy.Sample) error) error {
	if streamer, ok := s.(policy.Streamer); ok {
		return streamer.Stream(ctx, requests, done)
	}
	groups, err := s.Sample(ctx, requests)
	if err != nil {
		return fmt.Errorf("sample: %w", err)
	}
	if len(groups) != len(requests) {
		return fmt.Errorf("sample: the sampler returned %d groups for %d prompts", len(groups), len(requests))
	}
	for i, group := range groups {
		for n, one := range group {
			if err := done(i, requests[i].First+n, one); err != nil {
				return fmt.Errorf("sample: %w", err)
			}
		}
	}
	return nil
}

// mostLost is the share of a batch's rollouts, at least one, that a step goes on without.
const mostLost = 0.02

// stream takes samples one by one. A few that never come, for an error or for Patience, do not cost the step the others.
func (p *Pool) stream(ctx context.Context, s policy.Streamer, requests []policy.Request, j *jury) error {
	asked, drawing := j.left(), ctx
	if p.Patience > 0 {
		var cancel context.CancelFunc
		drawing, cancel = context.WithTimeout(ctx, p.Patience)
		defer cancel()
	}
	err := s.Stream(drawing, requests, j.of(ctx, requests))
	left := j.left()
	if err == nil && left > 0 {
		err = errors.New("the sampler ended without them")
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case j.refused != nil: // all goroutines of Stream have ended
		return fmt.Errorf("sample: %w", j.refused)
	case left > max(1, int(mostLost*float64(asked))):
		return fmt.Errorf("sample: %d of %d samples are missing: %w", left, asked, err)
	case left > 0:
		j.lose(err)
	}
	return nil
}

// Requests asks for Params.N completions of each task. The groups are without rollouts yet.
func (p *Pool) Requests(tasks []datasets.Task, seed uint64) ([]Group, []policy.Request, error) {
	groups, requests, ends := make([]Group, len(tasks)), make([]policy.Request, len(tasks)), p.Ends()
	for i, task := range tasks {
		prompt, ids, err := p.prompt(task)
		if err != nil {
			return nil, nil, fmt.Errorf("task %s: %w", task.ID, err)
		}
		groups[i] = Group{Task: task, Prompt: prompt, PromptTokens: ids, Seed: seed}
		requests[i] = policy.Request{Task: task.ID, Prompt: ids, Text: prompt, Chat: p.Template.Chat, Params: p.Params}
		requests[i].Seed, requests[i].StopStrings = seed, p.Template.Stop
		requests[i].Stop = ends
	}
	return groups, requests, nil
}

// prompt is the task's prompt as text and, with a tokenizer, as tokens.
func (p *Pool) prompt(task datasets.Task) (text string, ids []policy.Token, err error) {
	text = p.Template.Text(task)
	if p.Tokenizer == nil {
		return text, nil, nil
	}
	if p.Template.Chat {
		renderer, ok := p.Tokenizer.(Renderer)
		if !ok {
			return "", nil, errors.New("this tokenizer has no chat template: choose another prompt template")
		}
		if text, err = renderer.Render(tokenizer.Chat{Messages: []tokenizer.Message{{Role: "user", Content: text}}, Answer: true}); err != nil {
			return "", nil, err
		}
	}
	if ids, err = p.Tokenizer.Encode(text); err != nil {
		return "", nil, fmt.Errorf("encode the prompt: %w", err)
	}
	if !p.Template.Chat {
		ids = append(slices.Clone(p.Tokenizer.Start()), ids...)
	}
	return text, ids, nil
}

// Judge never fails: what could not be judged carries the verdict error.
func (p *Pool) Judge(ctx context.Context, task datasets.Task, sample policy.Sample) Rollout {
	start := time.Now()
	r := p.Read(sample)
	verdict, err := p.verdict(ctx, task, r.Text)
	if err != nil {
		verdict = verifiers.Verdict{Kind: verifiers.Error, Reason: err.Error()}
	}
	r.Verdict = p.paid(task, r, verdict)
	r.Reflections = reflect.Find(task, r.Text)
	r.VerifyMS = float64(time.Since(start).Microseconds()) / 1000
	return r
}

// paid is the verdict with the reward that the formula makes of it. What could not be judged, or not be computed, is
// not paid.
func (p *Pool) paid(task datasets.Task, r Rollout, v verifiers.Verdict) verifiers.Verdict {
	if p.Reward == nil || v.Kind == verifiers.Error {
		return v
	}
	r.Verdict = v
	reward, err := p.Reward.reward(task, r, p.Params.MaxTokens)
	if err != nil {
		return verifiers.Verdict{Kind: verifiers.Error, Format: v.Format, Answer: v.Answer, Reason: err.Error()}
	}
	v.Reward = reward
	return v
}

// verdict waits for the verifier until the deadline; a verifier that hangs is left behind and not waited for.
func (p *Pool) verdict(ctx context.Context, task datasets.Task, text string) (verifiers.Verdict, error) {
	deadline := p.Deadline
	if deadline == 0 {
		deadline = DefaultDeadline
	}
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	type outcome struct {
		verdict verifiers.Verdict
		err     error
	}
	done := make(chan outcome, 1)
	go func() {
		defer func() {
			if r := recover(); r != nil {
				done <- outcome{err: fmt.Errorf("verifier panicked: %v", r)}
			}
		}()
		v, err := p.Verifier.Verify(ctx, task, text)
		done <- outcome{v, err}
	}()
	select {
	case o := <-done:
		if o.verdict.Kind == verifiers.Timeout && ctx.Err() != nil { // our deadline, not the response's budget
			return verifiers.Verdict{}, fmt.Errorf("no verdict within %v", deadline)
		}
		return o.verdict, o.err
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return verifiers.Verdict{}, fmt.Errorf("no verdict within %v", deadline)
		}
		return verifiers.Verdict{}, ctx.Err()
	}
}
