// Package fair shares a few seats among groups of jobs, so that a group whose jobs take long does not hold up the others.
//
// Whoever has used the seats least is next, counted in time and not in jobs: a group of endless programs and a group of quick ones
// get the same time, in which the one gets a few jobs done and the other all of its. Jobs under way are not interrupted, so
// what a group waits for at most, beyond its share, is the end of a job that began before it came.
package fair

import (
	"maps"
	"time"
)

// Order keeps the jobs T that wait, by groups K. It has no clock and no lock: callers tell the time, and call one after another.
// Its work for a job grows with the number of groups, of which there are some hundreds.
type Order[K comparable, T any] struct {
	groups map[K]*group[T]
	added  int
}

type group[T any] struct {
	waiting []entry[T]
	running int
	used    time.Duration // of the seats, by jobs that have ended
	began   time.Time     // of the jobs under way: the mean
}

type entry[T any] struct {
	job    T
	number int // among all that were added
}

// usedBy counts what the jobs under way have used so far, too.
func (g *group[T]) usedBy(now time.Time) time.Duration {
	return g.used + time.Duration(g.running)*now.Sub(g.began)
}

func (g *group[T]) busy() bool { return g.running+len(g.waiting) > 0 }

// Add queues a job. A group that comes late, or comes back, has no claim on the time before: it begins with what the others have
// used at least.
func (o *Order[K, T]) Add(key K, job T, now time.Time) {
	g, least := o.groups[key], o.least(now)
	if g == nil {
		g = &group[T]{}
		if o.groups == nil {
			o.groups = map[K]*group[T]{}
		}
		o.groups[key] = g
	}
	if !g.busy() {
		g.used = max(g.used, least)
	}
	g.waiting = append(g.waiting, entry[T]{job, o.added})
	o.added++
}

// least is what a group with jobs has used at least.
func (o *Order[K, T]) least(now time.Time) time.Duration {
	least, found := time.Duration(0), false
	for _, g := range o.groups {
		if used := g.usedBy(now); g.busy() && (!found || used < least) {
			least, found = used, true
		}
	}
	return least
}

// Next begins a job: the oldest of the group that has used least; ok is false if none waits.
func (o *Order[K, T]) Next(now time.Time) (key K, job T, ok bool) {
	var first *group[T]
	var least time.Duration
	for k, g := range o.groups {
		if len(g.waiting) == 0 {
			continue
		}
		used := g.usedBy(now)
		if first == nil || used < least || used == least && g.waiting[0].number < first.waiting[0].number {
			key, first, least = k, g, used
		}
	}
	if first == nil {
		return key, job, false
	}
	job = first.waiting[0].job
	first.waiting = first.waiting[1:]
	if first.running++; first.running == 1 {
		first.began = now
	} else {
		first.began = first.began.Add(now.Sub(first.began) / time.Duration(first.running))
	}
	return key, job, true
}

// Done ends a job that began at a moment.
func (o *Order[K, T]) Done(key K, began, now time.Time) {
	g := o.groups[key]
	g.used += now.Sub(began)
	if g.running--; g.running > 0 {
		g.began = g.began.Add(g.began.Sub(began) / time.Duration(g.running))
	}
	o.forget(o.least(now))
}

// mostIdle is how many groups without jobs are remembered, so that one that comes back is charged for what it had.
const mostIdle = 256

// forget drops groups without jobs that would begin anew no better than they stand; and all of them where there are many, as with
// jobs that are each a group of their own.
func (o *Order[K, T]) forget(least time.Duration) {
	idle := 0
	for _, g := range o.groups {
		if !g.busy() {
			idle++
		}
	}
	maps.DeleteFunc(o.groups, func(_ K, g *group[T]) bool { return !g.busy() && (g.used <= least || idle > mostIdle) })
}
