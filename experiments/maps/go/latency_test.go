// Latency: how long single inserts take while a map grows.

package maps

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sort"
	"time"

	"claimslab/lab"
)

// offerLatency tells what one insert in 2, 10, 100 … takes at least, while a million keys are inserted.
func offerLatency(p *lab.Program) {
	const n = 1000000
	var fill []int64
	for oneIn := 1; oneIn <= n; oneIn *= 10 {
		oneIn := oneIn
		if oneIn == 1 {
			oneIn = 2
		}
		p.Fact(fmt.Sprintf("Latency/key=int64/n=%d/one_in=%d", n, oneIn), "insert-ns", func() interface{} {
			if fill == nil {
				fill = quietestFill(n)
			}
			return fill[n-n/oneIn]
		})
	}
}

// quietestFill tells how long each insert took, in rising order, in the fill of five whose slowest
// insert was fastest: whatever else ran cannot have helped it. The collector is off, for it is no
// part of the map.
func quietestFill(n int) (best []int64) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	least := int64(0)
	for try := 0; try < 5; try++ {
		runtime.GC()
		took := make([]int64, n)
		m := ints{}
		intsSink = m
		slowest := int64(0)
		start := time.Now()
		before := time.Since(start)
		for i := range took {
			m[randomKey(i)] = value(i)
			after := time.Since(start)
			took[i] = int64(after - before)
			if took[i] > slowest {
				slowest = took[i]
			}
			before = after
		}
		if best == nil || slowest < least {
			best, least = took, slowest
		}
	}
	sort.Slice(best, func(a, b int) bool { return best[a] < best[b] })
	return best
}
