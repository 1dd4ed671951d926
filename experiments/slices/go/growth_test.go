// Growth: the capacities that append goes through, and what follows from them by counting.

package slices

import (
	"fmt"

	"claimslab/lab"
)

func offerGrowth(p *lab.Program) {
	for _, size := range []int{1, 8, 16, 24, 64, 4096} {
		for _, n := range []int{2000, 1000000} {
			size, n := size, n
			name := fmt.Sprintf("Capacities/elem=%d/n=%d", size, n)
			p.Fact(name, "capacities", func() interface{} {
				if reason := tooBig(size*n, p.Named(name)); reason != "" {
					return reason
				}
				return capacities(appenders[size](), n)
			})
		}
	}
	p.Fact("FirstCapacity/elem=8/escapes=no", "capacity", func() interface{} { return firstCapacity() })
	for _, n := range []int{2000, 10000} {
		n := n
		p.Fact(fmt.Sprintf("Reallocations/elem=8/n=%d", n), "reallocations", func() interface{} {
			return len(capacities(appenders[8](), n))
		})
	}
	for n := 10; n <= 10000000; n *= 10 {
		n := n
		p.Fact(fmt.Sprintf("Presized/elem=8/n=%d", n), "reallocations", func() interface{} {
			return presizedReallocations(n)
		})
	}
	for _, n := range []int{2000, 1000000, 10000000} {
		n := n
		for _, c := range costs {
			value := c.value
			p.Fact(fmt.Sprintf("Copies/elem=8/n=%d", n), c.metric, func() interface{} {
				return value(n, capacities(appenders[8](), n))
			})
		}
	}
}

// appenders holds, by the size of an element in bytes, what makes a function that appends one
// element to a slice of its own and returns the capacity. The closure makes the slice escape. No
// generics, for Go 1.17; not reflect.Append, which grew by a rule of its own before Go 1.20. The
// elements hold no pointers: with them, Go from 1.22 on rounds large slices differently.
var appenders = map[int]func() func() int{
	1: func() func() int {
		var s []uint8
		return func() int { s = append(s, 0); return cap(s) }
	},
	8: func() func() int {
		var s []int64
		return func() int { s = append(s, 0); return cap(s) }
	},
	16: func() func() int {
		var s [][16]byte
		return func() int { s = append(s, [16]byte{}); return cap(s) }
	},
	24: func() func() int {
		var s [][24]byte
		return func() int { s = append(s, [24]byte{}); return cap(s) }
	},
	64: func() func() int {
		var s [][64]byte
		return func() int { s = append(s, [64]byte{}); return cap(s) }
	},
	4096: func() func() int {
		var s [][4096]byte
		return func() int { s = append(s, [4096]byte{}); return cap(s) }
	},
}

// capacities logs each new capacity that n appends go through; the first is that of the first append.
func capacities(appendOne func() int, n int) []int {
	log := []int{}
	last := 0
	for i := 0; i < n; i++ {
		if c := appendOne(); c != last {
			log = append(log, c)
			last = c
		}
	}
	return log
}

// tooBig says why a slice of so many bytes cannot be grown here, if it cannot. 4 GB took 15 GB at
// the peak (the old array, the new one, and those the collector had not reached yet) and up to 50 s
// of page faults on a cloud VM, so it must be asked for by name.
func tooBig(bytes int, named bool) lab.NotRun {
	need := 4 * uint64(bytes)
	switch {
	case need < 1<<30:
		return ""
	case lab.AvailableBytes() < need:
		return lab.NotRun(fmt.Sprintf("needs %d GB of memory", (need+1<<30-1)>>30))
	case !named:
		return "takes up to a minute: name it in -lab.cases"
	}
	return ""
}

// firstCapacity keeps its slice inside the function on purpose: what does not escape may start on
// the stack, with a capacity of its own.
func firstCapacity() int {
	var s []int64
	s = append(s, 1)
	return cap(s)
}

func presizedReallocations(n int) int {
	s := make([]int64, 0, n)
	sink = s
	moves := 0
	for i := 0; i < n; i++ {
		before := cap(s)
		s = append(s, int64(i))
		if cap(s) != before {
			moves++
		}
	}
	sink = s
	return moves
}

// costs are counted from n and the log of capacities: a slice moves when it is full, so a move
// copies as many elements as the capacity before it.
var costs = []struct {
	metric string
	value  func(n int, log []int) interface{}
}{
	{"copies/elem", func(n int, log []int) interface{} { return copied(log) / float64(n) }},
	{"copies/cap", func(n int, log []int) interface{} { return copied(log) / last(log) }},
	{"slack", func(n int, log []int) interface{} {
		held := float64(1) // right after the last growth: the old elements and the new one
		if len(log) > 1 {
			held += float64(log[len(log)-2])
		}
		return (last(log) - held) / last(log)
	}},
	{"peak/final", func(n int, log []int) interface{} {
		peak, old := 0, 0
		for _, c := range log {
			if old+c > peak {
				peak = old + c // while copying, both arrays exist
			}
			old = c
		}
		return float64(peak) / last(log)
	}},
}

func copied(log []int) float64 {
	sum := 0
	for _, c := range log[:len(log)-1] {
		sum += c
	}
	return float64(sum)
}

func last(log []int) float64 { return float64(log[len(log)-1]) }
