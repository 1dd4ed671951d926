// Package slices: what real Go's append does and costs, in one source for Go 1.17 to the current release.
//
// Question    How does append grow a slice, what does growing copy, and what does presizing save?
// Held equal  n appends of an int64, one at a time, to a fresh slice; checksum as in the C++ program.
// Trap        Go 1.26 builds small slices on the stack unless they escape: see appendInts.
package slices

import (
	"fmt"
	"testing"

	"claimslab/lab"
)

var program = lab.New()

func TestMain(m *testing.M) {
	offerGrowth(program)
	offerSharing(program)
	offerTimed(program)
	program.Main(m)
}

func BenchmarkEmpty(b *testing.B)    { program.Bench(b, "Empty") }
func BenchmarkAppend(b *testing.B)   { program.Bench(b, "Append") }
func BenchmarkPresized(b *testing.B) { program.Bench(b, "Presized") }

func offerTimed(p *lab.Program) {
	for n := 10; n <= 10000000; n *= 10 {
		n := n
		p.Timed(fmt.Sprintf("Append/elem=8/n=%d", n), func() func() uint32 {
			return func() uint32 { return checksum(appendInts(nil, n)) }
		})
		p.Timed(fmt.Sprintf("Presized/elem=8/n=%d", n), func() func() uint32 {
			return func() uint32 { return checksum(appendInts(make([]int64, 0, n), n)) }
		})
	}
}

var sink []int64

// appendInts appends 0 … n-1 one at a time, on the heap in every version of Go.
//
// Go 1.26 builds a slice on the stack if it leaves the function at one place only, and copies it
// out there (cmd/compile/internal/slice); leaving at two places, by sink and by return, keeps it
// on the heap. A test counts the allocations and reads the compiler's escape notes.
//
//go:noinline
func appendInts(s []int64, n int) []int64 {
	sink = s
	for i := 0; i < n; i++ {
		s = append(s, int64(i))
	}
	return s
}

func checksum(s []int64) uint32 {
	n := len(s)
	return uint32(uint64(s[n-1]) + uint64(s[n/2]) + uint64(n))
}
