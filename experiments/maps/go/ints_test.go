// Ints: everything that is timed on maps from int64 to int64.

package maps

import (
	"fmt"

	"claimslab/lab"
)

type ints = map[int64]int64

var intsSink ints

func offerInts(p *lab.Program) {
	for _, kind := range []struct {
		name    string
		key     intKeys
		largest int
	}{{"int64", randomKey, 10000000}, {"sequential", sequentialKey, 1000000}, {"hostile", hostileKey, 10000}} {
		for n := 10; n <= kind.largest; n *= 10 {
			offerInts1(p, fmt.Sprintf("/key=%s/n=%d", kind.name, n), kind.key, n)
		}
	}
}

func offerInts1(p *lab.Program, of string, key intKeys, n int) {
	timed := func(name string, setUp func(work *intWork) func() uint32) {
		p.Timed(name+of, func() func() uint32 { return setUp(workOf(of, key, n)) })
	}
	timed("Insert", func(w *intWork) func() uint32 {
		return func() uint32 { return w.sum(w.fill(ints{})) }
	})
	timed("Presized", func(w *intWork) func() uint32 {
		return func() uint32 { return w.sum(w.fill(make(ints, n))) }
	})
	timed("Hit", func(w *intWork) func() uint32 { return func() uint32 { return lookUp(w.map_(), w.hits) } })
	timed("Miss", func(w *intWork) func() uint32 { return func() uint32 { return lookUp(w.map_(), w.misses) } })
	timed("Overwrite", func(w *intWork) func() uint32 {
		return func() uint32 {
			m := w.map_()
			for at, k := range w.hits {
				m[k] = w.values[at]
			}
			return w.sum(m)
		}
	})
	timed("Delete", func(w *intWork) func() uint32 {
		return func() uint32 {
			m := w.fill(make(ints, n))
			for _, k := range w.hits {
				delete(m, k)
			}
			return uint32(len(m))
		}
	})
	timed("Churn", func(w *intWork) func() uint32 {
		m, oldest := w.fill(make(ints, n)), 0
		return func() uint32 {
			for i := 0; i < n; i++ {
				delete(m, key(oldest))
				m[key(oldest+n)] = value(oldest + n)
				oldest++
			}
			found := uint32(0)
			if m[key(oldest+n-1)] == value(oldest+n-1) {
				found = 1
			}
			return uint32(len(m)) + found
		}
	})
	timed("Iterate", func(w *intWork) func() uint32 {
		return func() uint32 {
			sum := uint64(0)
			for _, v := range w.map_() {
				sum += uint64(v)
			}
			return uint32(sum)
		}
	})
	timed("IterateGrowing", func(w *intWork) func() uint32 {
		return func() uint32 { return iterateGrowing(w.fill(ints{}), key, n) }
	})
	timed("Refill", func(w *intWork) func() uint32 {
		m := w.fill(ints{})
		return func() uint32 {
			for k := range m {
				delete(m, k) // compiled to one clear
			}
			return w.sum(w.fill(m))
		}
	})
	timed("Copy", func(w *intWork) func() uint32 {
		return func() uint32 { return w.sum(clone(w.map_())) }
	})
}

// iterateGrowing adds a key for every entry that was there from the start, and counts those.
func iterateGrowing(m ints, key intKeys, n int) uint32 {
	seen := uint32(0)
	for _, v := range m {
		if i := int(v) - 1; i < n {
			seen++
			m[key(i+n)] = value(i + n)
		}
	}
	return seen + uint32(len(m))
}

// intWork is what the cases of one kind and number of keys share; the last one asked for is kept,
// because package testing sets a case up anew for every batch.
type intWork struct {
	of           string
	keys         []int64 // as they are inserted
	hits, misses []int64 // as they are looked up
	values       []int64 // of the hits
	filled       ints
}

var lastInts intWork

func workOf(of string, key intKeys, n int) *intWork {
	if lastInts.of == of {
		return &lastInts
	}
	lastInts = intWork{}
	w := intWork{of: of}
	for at, i := range shuffled(n) {
		w.keys = append(w.keys, key(at))
		w.hits = append(w.hits, key(i))
		w.misses = append(w.misses, key(i+absent))
		w.values = append(w.values, value(i))
	}
	lastInts = w
	return &lastInts
}

// map_ is filled once, growing as it does.
func (w *intWork) map_() ints {
	if w.filled == nil {
		w.filled = w.fill(ints{})
	}
	return w.filled
}

func (w *intWork) fill(m ints) ints {
	intsSink = m
	for i, k := range w.keys {
		m[k] = value(i)
	}
	return m
}

func (w *intWork) sum(m ints) uint32 { return uint32(len(m)) + uint32(m[w.hits[0]]) }

func lookUp(m ints, keys []int64) uint32 {
	sum := uint64(0)
	for _, k := range keys {
		if v, ok := m[k]; ok {
			sum += uint64(v)
		}
	}
	return uint32(sum)
}
