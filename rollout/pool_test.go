package rollout

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/datasets"
	"github.com/rltrain/rltrain/policy"
	"github.com/rltrain/rltrain/policy/fake"
	"github.com/rltrain/rltrain/verifiers"
)

type verifierFunc func(ctx context.Context, task datasets.Task, response string) (verifiers.Verdict, error)

func (f verifierFunc) Verify(ctx context.Context, task datasets.Task, response string) (verifiers.Verdict, error) {
	return f(ctx, task, response)
}

func numbered(n int) []datasets.Task {
	tasks := make([]datasets.Task, n)
	for i := range tasks {
		tasks[i] = datasets.Task{ID: fmt.Sprint("task", i), Question: fmt.Sprint("what is ", i, "?")}
	}
	return tasks
}

func script() fake.Sampler {
	return fake.Script(func(task string, n int) string { return fmt.Sprintf("%s answer %d", task, n) })
}

// slowly takes up to 2 ms, so that verdicts come in any order.
var slowly = verifierFunc(func(_ context.Context, task datasets.Task, response string) (verifiers.Verdict, error) {
	h := fnv.New32a()
	fmt.Fprint(h, response)
	time.Sleep(time.Duration(h.Sum32()%2000) * time.Microsecond)
	return verifiers.Verdict{Kind: verifiers.Correct, Reward: float64(h.Sum32() % 7), Answer: task.ID + "/" + response}, nil
})

func TestCollectKeepsOrder(t *testing.T) {
	var first []Group
	for _, workers := range []int{1, 2, 8, 0} {
		pool := Pool{Tokenizer: fake.Bytes{}, Verifier: slowly, Params: policy.Params{N: 5}, Workers: workers}
		tasks := numbered(20)
		batch, err := pool.Collect(t.Context(), script(), tasks, 1)
		require.NoError(t, err)
		require.Len(t, batch.Groups, len(tasks))
		require.Positive(t, batch.VerifyS)
		for i, g := range batch.Groups {
			require.Equal(t, tasks[i], g.Task)
			require.Equal(t, datasets.Prompt(tasks[i].Question), g.Prompt)
			require.Equal(t, fake.BOS, g.PromptTokens[0])
			require.Len(t, g.Rollouts, 5)
			for j := range g.Rollouts {
				r := &g.Rollouts[j]
				require.Equal(t, fmt.Sprintf("task%d answer %d", i, j), r.Text)
				require.Equal(t, fmt.Sprintf("task%d/%s", i, r.Text), r.Verdict.Answer)
				require.Positive(t, r.VerifyMS)
				r.VerifyMS = 0
			}
		}
		if first == nil {
			first = batch.Groups
		}
		require.Equal(t, first, batch.Groups, "%d workers", workers)
	}
}

func TestVerifierThatFails(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	verifier := verifierFunc(func(ctx context.Context, task datasets.Task, _ string) (verifiers.Verdict, error) {
		switch task.ID {
		case "task0":
			panic("cannot happen")
		case "task1":
			return verifiers.Verdict{Kind: verifiers.Correct, Reward: 1}, errors.New("sandbox unavailable")
		case "task2": // hangs and does not listen
			<-release
		case "task3": // hangs until told to stop
			<-ctx.Done()
			return verifiers.Verdict{}, ctx.Err()
		case "task4": // takes our deadline for the response's own budget
			<-ctx.Done()
			return verifiers.Verdict{Kind: verifiers.Timeout}, nil
		}
		return verifiers.Verdict{Kind: verifiers.Correct, Reward: 1}, nil
	})
	for _, workers := range []int{1, 8} {
		pool := Pool{Tokenizer: fake.Bytes{}, Verifier: verifier, Params: policy.Params{N: 2}, Workers: workers, Deadline: 30 * time.Millisecond}
		batch, err := pool.Collect(t.Context(), script(), numbered(6), 1)
		require.NoError(t, err)
		for i, want := range []string{"verifier panicked: cannot happen", "sandbox unavailable", "no verdict within 30ms", "", "no verdict within 30ms", ""} {
			for _, r := range batch.Groups[i].Rollouts {
				if i > 4 {
					require.Equal(t, verifiers.Verdict{Kind: verifiers.Correct, Reward: 1}, r.Verdict)
					continue
				}
				require.Equal(t, verifiers.Error, r.Verdict.Kind)
				require.Zero(t, r.Verdict.Reward, "what could not be judged is never paid")
				require.Contains(t, r.Verdict.Reason, want)
				require.NotEmpty(t, r.Verdict.Reason)
			}
		}
	}
}

// spy keeps the requests that it got.
func spy(requests *[]policy.Request) fake.Sampler {
	return func(ctx context.Context, r []policy.Request) ([][]policy.Sample, error) {
		*requests = r
		return script()(ctx, r)
	}
}

func TestCollectRequests(t *testing.T) {
	var requests []policy.Request
	params := policy.Params{N: 3, MaxTokens: 9, Temperature: 0.5}
	pool := Pool{Tokenizer: fake.Bytes{}, Verifier: slowly, Params: params}
	tasks := numbered(3)
	forced := [][]policy.Token{{'a', 'b'}, nil, {'c'}}
	batch, err := pool.CollectForced(t.Context(), spy(&requests), tasks, 42, forced)
	require.NoError(t, err)
	require.Len(t, requests, 3)
	for i, r := range requests {
		require.Equal(t, tasks[i].ID, r.Task)
		require.Equal(t, batch.Groups[i].PromptTokens, r.Prompt)
		require.Equal(t, forced[i], r.Forced)
		require.Equal(t, policy.Params{N: 3, MaxTokens: 9, Temperature: 0.5, Seed: 42, Stop: []policy.Token{fake.EOS}}, r.Params)
	}
	require.True(t, strings.HasPrefix(batch.Groups[0].Rollouts[0].Text, "abtask0"), "a forced prefix is part of the text")
	require.True(t, strings.HasPrefix(batch.Groups[1].Rollouts[0].Text, "task1"))
	require.Equal(t, params, pool.Params, "the pool is not changed")

	_, err = pool.Collect(t.Context(), spy(&requests), tasks, 42)
	require.NoError(t, err)
	require.Nil(t, requests[0].Forced)
}

func TestCollectErrors(t *testing.T) {
	pool := Pool{Tokenizer: fake.Bytes{Refuse: "~"}, Verifier: slowly, Params: policy.Params{N: 1}}
	tasks := numbered(3)
	tasks[1].Question = "what is ~1?"
	_, err := pool.Collect(t.Context(), script(), tasks, 1)
	require.EqualError(t, err, "task task1: encode the prompt: no token for '~'")

	boom := errors.New("boom")
	_, err = pool.Collect(t.Context(), fake.Sampler(func(context.Context, []policy.Request) ([][]policy.Sample, error) { return nil, boom }), numbered(1), 1)
	require.ErrorIs(t, err, boom)

	_, err = pool.Collect(t.Context(), fake.Sampler(func(context.Context, []policy.Request) ([][]policy.Sample, error) { return nil, nil }), numbered(2), 1)
	require.ErrorContains(t, err, "returned 0 groups for 2 prompts")

	batch, err := pool.Collect(t.Context(), script(), nil, 1)
	require.NoError(t, err)
	require.Empty(t, batch.Groups)
}

// A cancelled run ends soon, without waiting for a verifier that hangs, and yields no batch.
func TestCollectCancelled(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	ctx, cancel := context.WithCancel(t.Context())
	verifier := verifierFunc(func(context.Context, datasets.Task, string) (verifiers.Verdict, error) {
		cancel()
		<-release
		return verifiers.Verdict{}, nil
	})
	pool := Pool{Tokenizer: fake.Bytes{}, Verifier: verifier, Params: policy.Params{N: 4}, Workers: 2}
	start := time.Now()
	_, err := pool.Collect(ctx, script(), numbered(4), 1)
	require.ErrorIs(t, err, context.Canceled)
	require.Less(t, time.Since(start), 5*time.Second)
}
