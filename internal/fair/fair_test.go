package fair_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rltrain/rltrain/internal/fair"
)

// job takes so long.
type job struct {
	group string
	comes time.Duration
	takes time.Duration
}

// ends simulates jobs on seats, and returns when each group's last one ended.
func ends(seats int, jobs []job) map[string]time.Duration {
	type running struct {
		job
		began, ends time.Duration
	}
	var order fair.Order[string, job]
	var under []running
	origin, now, out := time.Unix(0, 0), time.Duration(0), map[string]time.Duration{}
	for next := 0; ; {
		for ; next < len(jobs) && jobs[next].comes <= now; next++ {
			order.Add(jobs[next].group, jobs[next], origin.Add(now))
		}
		for len(under) < seats {
			_, j, ok := order.Next(origin.Add(now))
			if !ok {
				break
			}
			under = append(under, running{j, now, now + j.takes})
		}
		if next == len(jobs) && len(under) == 0 {
			return out
		}
		soon := -1
		for i, r := range under {
			if soon < 0 || r.ends < under[soon].ends {
				soon = i
			}
		}
		if next < len(jobs) && (soon < 0 || jobs[next].comes < under[soon].ends) {
			now = jobs[next].comes
			continue
		}
		r := under[soon]
		under = append(under[:soon], under[soon+1:]...)
		now = r.ends
		out[r.group] = now
		order.Done(r.group, origin.Add(r.began), origin.Add(now))
	}
}

func several(n int, j job) []job {
	var out []job
	for range n {
		out = append(out, j)
	}
	return out
}

// A group of endless programs came first. In the order of arrival the quick ones would end after 40 s.
func TestQuickJobsPassEndlessOnes(t *testing.T) {
	loops := several(16, job{"loops", 0, 5 * time.Second})
	quick := several(16, job{"quick", time.Millisecond, 10 * time.Millisecond})
	got := ends(2, append(loops, quick...))
	require.Equal(t, 5*time.Second+80*time.Millisecond, got["quick"], "one loop a seat, which had begun, and then all of its own")
	require.Equal(t, 40*time.Second+80*time.Millisecond, got["loops"], "no seat is idle")
}

// Three groups with the same work each end about together, whatever the size of their jobs and the order they came in.
func TestEqualShares(t *testing.T) {
	for _, seats := range []int{1, 2, 3, 7} {
		var jobs []job
		jobs = append(jobs, several(20, job{"long", 0, 3 * time.Second})...)
		jobs = append(jobs, several(60, job{"middle", 0, time.Second})...)
		jobs = append(jobs, several(600, job{"short", 0, 100 * time.Millisecond})...)
		got := ends(seats, jobs)
		whole := 180 * time.Second / time.Duration(seats)
		for group, end := range got {
			require.InDelta(t, whole.Seconds(), end.Seconds(), 6.1, "%s on %d seats", group, seats)
		}
	}
}

// A group may not save up time in which it asked for nothing.
func TestLatecomersShareFromThenOn(t *testing.T) {
	early := several(100, job{"early", 0, time.Second})
	late := several(20, job{"late", 50 * time.Second, time.Second})
	got := ends(1, append(early, late...))
	require.InDelta(t, 90, got["late"].Seconds(), 2, "every other second of 40")
	require.Equal(t, 120*time.Second, got["early"])
}

// A group that hands over one job after the other is charged like one that hands over all at once.
func TestReturningGroupsAreCharged(t *testing.T) {
	var order fair.Order[string, int]
	now := time.Unix(0, 0)
	for i := range 10 {
		order.Add("steady", i, now)
	}
	var ran []string
	order.Add("one by one", 0, now)
	for range 8 {
		group, _, ok := order.Next(now)
		require.True(t, ok)
		ran = append(ran, group)
		began := now
		now = now.Add(map[string]time.Duration{"steady": time.Second, "one by one": 3 * time.Second}[group])
		order.Done(group, began, now)
		if group == "one by one" {
			order.Add(group, 0, now)
		}
	}
	require.Equal(t, []string{"steady", "one by one", "steady", "steady", "steady", "one by one", "steady", "steady"}, ran)
}

// Jobs that are each a group of their own are served in their order, and leave nothing behind.
func TestGroupsOfOneJob(t *testing.T) {
	var order fair.Order[int, int]
	now := time.Unix(0, 0)
	for i := range 3 {
		order.Add(i, i, now)
	}
	for i := range 10_000 {
		group, job, ok := order.Next(now)
		require.True(t, ok)
		require.Equal(t, []int{i, i}, []int{group, job})
		began := now
		now = now.Add(5 * time.Millisecond)
		order.Add(i+3, i+3, now)
		order.Done(group, began, now)
		require.LessOrEqual(t, order.Groups(), 300)
	}
}

func TestSeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seats := fair.NewSeats[int](3)
		var inside atomic.Int32
		ended := make(chan int, 400)
		for i := range 400 {
			go func() {
				leave, err := seats.Take(t.Context(), i%4)
				if err != nil {
					t.Error(err)
					return
				}
				if n := inside.Add(1); n > 3 {
					t.Errorf("%d on three seats", n)
				}
				time.Sleep(time.Duration(1+rand.IntN(9)) * time.Millisecond)
				inside.Add(-1)
				leave()
				ended <- i % 4
			}()
		}
		count := map[int]int{}
		for range 400 {
			count[<-ended]++
		}
		require.Equal(t, map[int]int{0: 100, 1: 100, 2: 100, 3: 100}, count)
	})
}

func TestSeatsOfThoseWhoGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seats := fair.NewSeats[string](1)
		leave, err := seats.Take(t.Context(), "a")
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		gone := make(chan error)
		go func() {
			_, err := seats.Take(ctx, "b")
			gone <- err
		}()
		synctest.Wait()
		got := make(chan string)
		go func() {
			leave, err := seats.Take(t.Context(), "c")
			if err == nil {
				leave()
			}
			got <- fmt.Sprint(err)
		}()
		synctest.Wait()
		cancel()
		require.ErrorIs(t, <-gone, context.Canceled)
		leave()
		require.Equal(t, "<nil>", <-got, "the seat goes to the next one that still waits")
		leave, err = seats.Take(t.Context(), "b")
		require.NoError(t, err, "and is free again")
		leave()
	})
}
