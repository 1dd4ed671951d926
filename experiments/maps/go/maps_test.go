// Package maps: what real Go's map is made of, does and costs, in one source for Go 1.17 to the current release.
//
// Question    How does a map grow, find, iterate and forget, and what do presizing and layout change?
// Held equal  Cases of the same name use the same keys in the same order as the C++ program, n
//
//	operations an operation, and return the same checksum.
//
// Trap        A small map that does not escape lives on the stack; every map here goes through a
//
//	package variable. Times include the collector's share, with its defaults.
package maps

import (
	"testing"

	"claimslab/lab"
)

var program = lab.New()

func TestMain(m *testing.M) {
	offerInts(program)
	offerOthers(program)
	offerGrowth(program)
	offerPlacement(program)
	offerProbes(program)
	offerOrder(program)
	offerBytes(program)
	offerLatency(program)
	offerRules(program)
	program.Main(m)
}

func BenchmarkEmpty(b *testing.B)          { program.Bench(b, "Empty") }
func BenchmarkInsert(b *testing.B)         { program.Bench(b, "Insert") }
func BenchmarkPresized(b *testing.B)       { program.Bench(b, "Presized") }
func BenchmarkHit(b *testing.B)            { program.Bench(b, "Hit") }
func BenchmarkMiss(b *testing.B)           { program.Bench(b, "Miss") }
func BenchmarkOverwrite(b *testing.B)      { program.Bench(b, "Overwrite") }
func BenchmarkDelete(b *testing.B)         { program.Bench(b, "Delete") }
func BenchmarkChurn(b *testing.B)          { program.Bench(b, "Churn") }
func BenchmarkIterate(b *testing.B)        { program.Bench(b, "Iterate") }
func BenchmarkIterateGrowing(b *testing.B) { program.Bench(b, "IterateGrowing") }
func BenchmarkRefill(b *testing.B)         { program.Bench(b, "Refill") }
func BenchmarkCopy(b *testing.B)           { program.Bench(b, "Copy") }
