// Rules: what the language promises of nil maps, NaN keys, loop variables and writers that meet.

package maps

import (
	"math"
	"os"
	"os/exec"
	"strings"

	"claimslab/lab"
)

const meeting = "LAB_MAPS_WRITERS_MEET"

func offerRules(p *lab.Program) {
	if os.Getenv(meeting) != "" {
		m := filled(100)
		pretendWriting(m)
		m[1] = 1
		os.Exit(0)
	}
	p.Fact("NilMap", "zero", func() interface{} { return nilIsEmpty() })
	p.Fact("NilMap", "write-panics", func() interface{} { return nilWritePanics() })
	p.Fact("NaN/keys=100", "holds", func() interface{} { return nanKeys(100) })
	p.Fact("LoopCapture/messages=100", "distinct", func() interface{} { return distinctCaptured(100) })
	p.Fact("WritersMeet", "holds", func() interface{} { return writersMeet() })
}

var nilSink ints

func nilIsEmpty() bool {
	var m ints
	nilSink = m
	v, ok := m[1]
	delete(m, 1)
	for range m {
		return false
	}
	return m == nil && len(m) == 0 && v == 0 && !ok
}

// nilWritePanics says whether a nil map refuses a write, and takes it once it is made.
func nilWritePanics() (panics bool) {
	defer func() {
		if recover() == nil {
			panics = false
			return
		}
		nilSink = make(ints)
		nilSink[1] = 2
		panics = nilSink[1] == 2
	}()
	nilSink = nil
	nilSink[1] = 1
	return false
}

// nanKeys: each is an entry of its own, found by no lookup, deleted by no delete.
func nanKeys(n int) bool {
	m := map[float64]int{}
	for i := 0; i < n; i++ {
		m[math.NaN()] = i
	}
	delete(m, math.NaN())
	_, found := m[math.NaN()]
	visited := 0
	for k := range m {
		if k == k {
			return false
		}
		visited++
	}
	return len(m) == n && visited == n && !found
}

// distinctCaptured counts the values that closures see which a loop made and which run after it.
func distinctCaptured(messages int) int {
	var all []func() int
	for i := range make([]struct{}, messages) {
		all = append(all, func() int { return i })
	}
	seen := map[int]bool{}
	for _, f := range all {
		seen[f()] = true
	}
	return len(seen)
}

// writersMeet says whether a process dies that writes to a map while another write has not ended.
// The other is a mark in the map's header, so that no schedule decides.
func writersMeet() interface{} {
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), meeting+"=1")
	out, err := child.CombinedOutput()
	_, died := err.(*exec.ExitError)
	return died && strings.Contains(string(out), "concurrent map writes")
}
