// Package lab: the cases a Go peer offers, and the flags by which the lab asks for them.
//
//	P -lab.list                                         what is there, one JSON line a pair
//	P -lab.build                                        {"go":"go1.26.8"}
//	P -lab.facts [-lab.cases=C,C]                       facts, one JSON line each
//	P -test.run=^$ -test.bench=. [-lab.cases=C,C] ...   samples, printed by package testing itself
//
// A peer is an ordinary `go test` package: it fills a Program, hands it TestMain, and has one
// benchmark function a family of cases. The case Append/elem=8/n=10 is the sub-benchmark
// elem=8/n=10 of BenchmarkAppend, so Go's own tools print the same names as the lab.
//
// Invariants  Set-up is never timed; a case that was not asked for is not even set up.
// Costs       One indirect call an operation; the case Empty measures it.
// Gives up    Generics: one source serves Go 1.17 to the current release.
package lab

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
)

// NotRun, returned as the value of a fact, is the reason why it cannot be had here.
type NotRun string

// Program is what a peer offers. Make one with New.
type Program struct {
	timed    []timedCase
	facts    []fact
	selected map[string]bool // nil: everything
	warm     map[string]bool // cases that have run once in this process
}

type timedCase struct {
	name  string
	setUp func() func() uint32
}

type fact struct {
	name, metric string
	value        func() interface{}
}

// New returns a program that offers Empty, the floor of the harness, and nothing else.
func New() *Program {
	p := &Program{warm: map[string]bool{}}
	p.Timed("Empty", func() func() uint32 { return func() uint32 { return 0 } })
	return p
}

// Timed adds a case: setUp returns the operation that is timed, which returns its checksum.
func (p *Program) Timed(name string, setUp func() func() uint32) {
	p.timed = append(p.timed, timedCase{name, setUp})
}

// Fact adds a value: a number, a boolean, a string, a list of numbers, or a NotRun.
func (p *Program) Fact(name, metric string, value func() interface{}) {
	p.facts = append(p.facts, fact{name, metric, value})
}

// Bench runs the selected timed cases of one family as sub-benchmarks of b.
func (p *Program) Bench(b *testing.B, family string) {
	ran := false
	for _, c := range p.timed {
		if !p.wants(c.name) {
			continue
		}
		if c.name == family {
			p.run(b, c)
			return
		}
		if strings.HasPrefix(c.name, family+"/") {
			c := c
			b.Run(strings.TrimPrefix(c.name, family+"/"), func(b *testing.B) { p.run(b, c) })
			ran = true
		}
	}
	if !ran {
		b.SkipNow() // else package testing would time this empty function and print it
	}
}

// run is one batch. Package testing warms up by its own calibration, but takes the very first
// operation for a batch where that alone is long enough; so the first is made here, untimed.
func (p *Program) run(b *testing.B, c timedCase) {
	operation := c.setUp()
	checksum := uint32(0)
	if !p.warm[c.name] {
		p.warm[c.name] = true
		checksum = operation()
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		checksum = operation()
	}
	b.StopTimer()
	b.ReportMetric(float64(checksum), "checksum")
}

// Main is the peer's TestMain: it answers the lab's questions, or leaves the word to package testing.
func (p *Program) Main(m *testing.M) {
	list := flag.Bool("lab.list", false, "print what is there")
	build := flag.Bool("lab.build", false, "print how this program was built")
	facts := flag.Bool("lab.facts", false, "print facts")
	cases := flag.String("lab.cases", "", "only these cases, separated by commas")
	flag.Parse()
	if err := p.choose(*cases); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	switch {
	case *list:
		p.printList()
	case *build:
		print1(struct {
			Go string `json:"go"`
		}{runtime.Version()})
	case *facts:
		p.printFacts()
	default:
		os.Exit(m.Run())
	}
}

func (p *Program) choose(cases string) error {
	if cases == "" {
		return nil
	}
	known := map[string]bool{}
	for _, c := range p.timed {
		known[c.name] = true
	}
	for _, f := range p.facts {
		known[f.name] = true
	}
	p.selected = map[string]bool{}
	for _, name := range strings.Split(cases, ",") {
		if !known[name] {
			return fmt.Errorf("unknown case %q; -lab.list shows the known ones", name)
		}
		p.selected[name] = true
	}
	return nil
}

func (p *Program) wants(name string) bool { return p.selected == nil || p.selected[name] }

// Named says whether a case was asked for by its own name; a very costly fact waits for that.
func (p *Program) Named(name string) bool { return p.selected[name] }

// line is a JSON line of -lab.list or -lab.facts (docs/formats.md).
type line struct {
	Case   string      `json:"case"`
	Timed  *bool       `json:"timed,omitempty"`
	Metric string      `json:"metric,omitempty"`
	Value  interface{} `json:"value,omitempty"`
	NotRun NotRun      `json:"not_run,omitempty"`
}

func (p *Program) printList() {
	yes, no := true, false
	for _, c := range p.timed {
		print1(line{Case: c.name, Timed: &yes})
	}
	for _, f := range p.facts {
		print1(line{Case: f.name, Timed: &no, Metric: f.metric})
	}
}

func (p *Program) printFacts() {
	for _, f := range p.facts {
		if !p.wants(f.name) {
			continue
		}
		l := line{Case: f.name, Metric: f.metric}
		value := f.value()
		if reason, absent := value.(NotRun); absent {
			l.NotRun = reason
		} else {
			l.Value = value
		}
		print1(l)
	}
}

// print1 writes one JSON line at once, so that a later crash cannot take it away.
func print1(v interface{}) {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // a value that JSON cannot hold is an error in the peer
	}
	os.Stdout.Write(append(text, '\n'))
}
