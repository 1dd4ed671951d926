// Others: what is timed on maps with string and 64-byte keys. Without generics, which Go 1.17 has
// not, each type of key needs a body of its own.

package maps

import (
	"fmt"

	"claimslab/lab"
)

type (
	texts = map[string]int64
	wides = map[[8]uint64]int64
)

var (
	textsSink texts
	widesSink wides
)

func offerOthers(p *lab.Program) {
	for n := 10; n <= 1000000; n *= 10 {
		n := n
		offerTexts(p, fmt.Sprintf("/key=str8/n=%d", n), shortKey, n)
		offerTexts(p, fmt.Sprintf("/key=str20/n=%d", n), middleKey, n)
		offerTexts(p, fmt.Sprintf("/key=str100/n=%d", n), longKey, n)
		offerWides(p, fmt.Sprintf("/key=bytes64/n=%d", n), n)
	}
}

func offerTexts(p *lab.Program, of string, key func(int) string, n int) {
	p.Timed("Insert"+of, func() func() uint32 {
		w := textsOf(of, key, n)
		return func() uint32 { return w.sum(w.fill(texts{})) }
	})
	p.Timed("Presized"+of, func() func() uint32 {
		w := textsOf(of, key, n)
		return func() uint32 { return w.sum(w.fill(make(texts, n))) }
	})
	p.Timed("Hit"+of, func() func() uint32 {
		w := textsOf(of, key, n)
		return func() uint32 { return lookUpTexts(w.filled, w.hits) }
	})
	p.Timed("Miss"+of, func() func() uint32 {
		w := textsOf(of, key, n)
		return func() uint32 { return lookUpTexts(w.filled, w.misses) }
	})
}

// textWork: keys that are looked up are no copies of those in the map, or equal pointers would
// spare the comparison.
type textWork struct {
	of                 string
	keys, hits, misses []string
	filled             texts
}

var lastTexts textWork

func textsOf(of string, key func(int) string, n int) *textWork {
	if lastTexts.of == of {
		return &lastTexts
	}
	lastTexts = textWork{}
	w := textWork{of: of}
	for at, i := range shuffled(n) {
		w.keys = append(w.keys, key(at))
		w.hits = append(w.hits, key(i))
		w.misses = append(w.misses, key(i+absent))
	}
	w.filled = w.fill(texts{})
	lastTexts = w
	return &lastTexts
}

func (w *textWork) fill(m texts) texts {
	textsSink = m
	for i, k := range w.keys {
		m[k] = value(i)
	}
	return m
}

func (w *textWork) sum(m texts) uint32 { return uint32(len(m)) + uint32(m[w.hits[0]]) }

func lookUpTexts(m texts, keys []string) uint32 {
	sum := uint64(0)
	for _, k := range keys {
		if v, ok := m[k]; ok {
			sum += uint64(v)
		}
	}
	return uint32(sum)
}

func offerWides(p *lab.Program, of string, n int) {
	p.Timed("Insert"+of, func() func() uint32 {
		w := widesOf(of, n)
		return func() uint32 { return w.sum(w.fill(wides{})) }
	})
	p.Timed("Presized"+of, func() func() uint32 {
		w := widesOf(of, n)
		return func() uint32 { return w.sum(w.fill(make(wides, n))) }
	})
	p.Timed("Hit"+of, func() func() uint32 {
		w := widesOf(of, n)
		return func() uint32 { return lookUpWides(w.filled, w.hits) }
	})
	p.Timed("Miss"+of, func() func() uint32 {
		w := widesOf(of, n)
		return func() uint32 { return lookUpWides(w.filled, w.misses) }
	})
}

type wideWork struct {
	of                 string
	keys, hits, misses [][8]uint64
	filled             wides
}

var lastWides wideWork

func widesOf(of string, n int) *wideWork {
	if lastWides.of == of {
		return &lastWides
	}
	lastWides = wideWork{}
	w := wideWork{of: of}
	for at, i := range shuffled(n) {
		w.keys = append(w.keys, wideKey(at))
		w.hits = append(w.hits, wideKey(i))
		w.misses = append(w.misses, wideKey(i+absent))
	}
	w.filled = w.fill(wides{})
	lastWides = w
	return &lastWides
}

func (w *wideWork) fill(m wides) wides {
	widesSink = m
	for i, k := range w.keys {
		m[k] = value(i)
	}
	return m
}

func (w *wideWork) sum(m wides) uint32 { return uint32(len(m)) + uint32(m[w.hits[0]]) }

func lookUpWides(m wides, keys [][8]uint64) uint32 {
	sum := uint64(0)
	for _, k := range keys {
		if v, ok := m[k]; ok {
			sum += uint64(v)
		}
	}
	return uint32(sum)
}
