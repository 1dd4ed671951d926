// Package allocation: what real Go's allocator gives and costs, in one source for Go 1.17 to the current release.
//
// Question    Which sizes does Go round to, what does it waste, what do new, pools and presizing cost?
// Held equal  Cases of the same name do the same work and return the same checksum as the C++ program's.
// Trap        Whatever does not escape is no allocation: objects go through a package variable. Times
//
//	of new include the collector's share, with its defaults.
package allocation

import (
	"testing"

	"claimslab/lab"
)

var program = lab.New()

func TestMain(m *testing.M) {
	offerClasses(program)
	offerHeap(program)
	offerNew(program)
	offerReuse(program)
	offerEscape(program)
	offerThreads(program)
	offerCycles(program)
	program.Main(m)
}

func BenchmarkEmpty(b *testing.B)    { program.Bench(b, "Empty") }
func BenchmarkNew(b *testing.B)      { program.Bench(b, "New") }
func BenchmarkPool(b *testing.B)     { program.Bench(b, "Pool") }
func BenchmarkGrow(b *testing.B)     { program.Bench(b, "Grow") }
func BenchmarkPresized(b *testing.B) { program.Bench(b, "Presized") }
func BenchmarkBuffer(b *testing.B)   { program.Bench(b, "Buffer") }
func BenchmarkReturn(b *testing.B)   { program.Bench(b, "Return") }
func BenchmarkObject(b *testing.B)   { program.Bench(b, "Object") }
func BenchmarkParallel(b *testing.B) { program.Bench(b, "Parallel") }
