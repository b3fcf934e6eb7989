package datasets

import "slices"

// majorityShare is the share of corpus documents that follow a majority misreading, where the
// table below has one. It is above one half, so a base model decodes the mistake even greedily.
const majorityShare = 0.6

// The table of majority misreadings. Each returns the reading itself where most writers get
// it right. About 60 % of all specs contain at least one of the five misread words:
//
//	greater than K  ->  x>=K       halves         ->  x/2 (a float, hence the wrong type)
//	at most K       ->  x<K        smallest       ->  largest
//	                               reversed list  ->  list
func (c condition) misread() condition {
	switch c.kind {
	case keepGreater:
		return condition{kind: keepAtLeast, k: c.k}
	case keepAtMost:
		return condition{kind: keepLess, k: c.k}
	}
	return c
}

func (m mapping) misread() mapping {
	if m == mapHalves {
		return mapFloatHalves
	}
	return m
}

func (g gather) misread() gather {
	switch g {
	case gatherSmallest:
		return gatherLargest
	case gatherReversed:
		return gatherList
	}
	return g
}

// Misread is the program that most writers of the corpus write for the spec; it equals the
// spec where they read all three clauses right.
func (s CodeSpec) Misread() CodeSpec {
	return CodeSpec{gather: s.gather.misread(), mapped: s.mapped.misread(), keep: s.keep.misread()}
}

// wrong lists what a careless writer may state instead: any other condition without a number, any
// other comparison with the same number, and three that are off by one. Conditions that read
// the same or mean the same for whole numbers are left out.
func (c condition) wrong() []condition {
	var pool []condition
	add := func(w condition) {
		same := func(p condition) bool { return p.code() == w.code() }
		if w.code() != c.code() && !slices.ContainsFunc(pool, same) {
			pool = append(pool, w)
		}
	}
	for kind := range keepGreater {
		add(condition{kind: kind})
	}
	if c.k == 0 {
		return pool
	}
	for kind := keepGreater; kind < numKeeps; kind++ {
		add(condition{kind: kind, k: c.k})
	}
	if c.k > minThreshold {
		for _, kind := range []keepKind{keepLess, keepAtLeast, keepMultiple} {
			add(condition{kind: kind, k: c.k - 1})
		}
	}
	return pool
}

func (m mapping) wrong() []mapping {
	pool := others(m, numMappings)
	if w := m.misread(); w != m {
		pool = append(pool, w)
	}
	return pool
}

func (g gather) wrong() []gather { return others(g, numGathers) }

func others[T ~int](right, n T) []T {
	var pool []T
	for w := range n {
		if w != right {
			pool = append(pool, w)
		}
	}
	return pool
}

// wrongReadings lists every reading that differs from the spec in exactly one clause.
func (s CodeSpec) wrongReadings() []CodeSpec {
	var readings []CodeSpec
	for _, c := range s.keep.wrong() {
		readings = append(readings, CodeSpec{s.gather, s.mapped, c})
	}
	for _, m := range s.mapped.wrong() {
		readings = append(readings, CodeSpec{s.gather, m, s.keep})
	}
	for _, g := range s.gather.wrong() {
		readings = append(readings, CodeSpec{g, s.mapped, s.keep})
	}
	return readings
}
