package grpo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/internal/runlog"
	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/rollout"
)

// Recorder is the side door for logs: one transaction a step.
type Recorder interface {
	RecordStep(ctx context.Context, step runlog.Step, groups []rollout.Group, advantages [][]float64, experts []runlog.Expert) error
}

// Scorer gives the log-probs of responses: a policy.Trainer that is not trained.
type Scorer interface {
	Score(ctx context.Context, data []policy.Datum) ([][]float32, error)
}

// Loop is a training run. Step s trains on tasks drawn with seed (Seed, s); Milestone runs before
// each step and once after the last, on the weights of that moment.
type Loop struct {
	Config
	Seed      uint64
	Tasks     datasets.Stream
	Pool      *rollout.Pool
	Policy    policy.Trainer
	Reference Scorer // the model that the run began with; needed where KL is not 0
	Log       Recorder
	Milestone func(ctx context.Context, step int) error // evaluate and save when due
	// Interrupted saves the weights of a moment at which the milestone of step has not been met; nil saves nothing.
	Interrupted func(ctx context.Context, step int) error
	Report      func(runlog.Step)   // one line for a person
	Skip        func(Skipped) error // an update that was not finite was left out; may be nil
	PeakFLOPs   float64             // a second, of the machine's matmuls; 0 is unknown

	queue  []*drawing // batches of the next steps, in order
	inARow int        // updates left out since the last good one
}

// Run trains from step first to Config.Steps. A resumed run may have met the milestone of its first step
// already. A cancelled ctx lets the present step end, then Interrupted saves and Run returns ctx's error.
func (l *Loop) Run(ctx context.Context, first int, resumed bool) error {
	work, stop := context.WithCancel(context.WithoutCancel(ctx)) // a step that has begun ends
	defer func() { stop(); l.Settle() }()
	for step := first; ; step++ {
		if step > first || !resumed {
			if err := l.Milestone(ctx, step); err != nil {
				return l.interrupted(ctx, step, fmt.Errorf("milestone at step %d: %w", step, err))
			}
		}
		if step >= l.Steps {
			return nil
		}
		if err := l.step(work, step); err != nil {
			return fmt.Errorf("step %d: %w", step, err)
		}
		if err := ctx.Err(); err != nil {
			return l.interrupted(ctx, step+1, err)
		}
	}
}

// interrupted saves before a step whose milestone has not been met, where ctx is what ended the run.
func (l *Loop) interrupted(ctx context.Context, step int, err error) error {
	if ctx.Err() == nil || l.Interrupted == nil {
		return err
	}
	return errors.Join(err, l.Interrupted(context.WithoutCancel(ctx), step))
}

func (l *Loop) step(ctx context.Context, step int) error {
	start, cpu := time.Now(), cpuSeconds()
	before, _ := l.counted()
	drawn, err := l.next(ctx, step) // G samples a task, each verified
	if err != nil {
		return err
	}
	batch, trained := drawn.batch, time.Now()
	advantages := l.advantages(batch.Groups) // pure, like what update assembles from them
	stats, err := l.update(ctx, step, batch.Groups, advantages)
	if err != nil {
		return err
	}
	record := summarise(batch, stats)
	record.Step, record.LR = step, l.rate(step)
	record.Staleness = staleness(step, batch.Groups)
	record.KLReference = l.klReference(drawn.kl, stats)
	record.TrainS, record.StepS = time.Since(trained).Seconds(), time.Since(start).Seconds()
	record.CPUS = cpuSeconds() - cpu
	l.describeCost(&record, before, drawn.flops, stats)
	if err := l.Log.RecordStep(ctx, record, batch.Groups, advantages, runlog.Experts(stats.load, stats.bias)); err != nil {
		return err
	}
	l.Report(record)
	return nil
}

// StepSeed is the seed of everything random in one step: SplitMix64's finaliser of both numbers.
func StepSeed(seed uint64, step int) uint64 {
	x := seed*0x9e3779b97f4a7c15 + uint64(step)
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// advantages are those of the objective.
func (l *Loop) advantages(groups []rollout.Group) [][]float64 {
	if l.Objective == ObjectiveRFT {
		return Selected(groups)
	}
	return Advantages(groups, l.Config)
}

func (l *Loop) loss() policy.Loss {
	if l.Objective == ObjectiveRFT {
		return policy.Loss{Kind: policy.LossCrossEntropy, Replay: l.RoutingReplay}
	}
	loss := policy.Loss{Kind: policy.LossKind(l.Loss), ClipLow: float32(l.ClipLow), ClipHigh: float32(l.ClipHigh), DualClip: float32(l.DualClip), Replay: l.RoutingReplay}
	if l.KLIn == KLInLoss {
		loss.KL = float32(l.KL)
	}
	return loss
}

// rate is the learning rate of a step: a linear rise, then linearly from LR to LRFinal at the last step.
func (l *Loop) rate(step int) float64 {
	done := float64(step) / float64(max(1, l.Steps-1))
	return (l.LR + (l.LRFinal-l.LR)*done) * min(1, float64(step+1)/float64(max(1, l.Warmup)))
}

func (l *Loop) optim(step int) policy.Optim {
	return policy.Optim{
		LR: float32(l.rate(step)), Beta1: float32(l.Beta1), Beta2: float32(l.Beta2), Eps: 1e-8,
		WeightDecay: float32(l.WeightDecay), ClipNorm: float32(l.ClipNorm), BiasRate: float32(l.BiasRate),
	}
}
