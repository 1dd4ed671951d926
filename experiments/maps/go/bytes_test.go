// Bytes: what a map holds for each entry, by the runtime's own account.

package maps

import (
	"fmt"
	"runtime"

	"claimslab/lab"
)

// sawtooth: the last size before an old map grows (832 doubled), the first after, the last before a
// single Swiss table would, and one between.
func sawtooth() (sizes []int) {
	for times := 1; times <= 256; times *= 2 {
		sizes = append(sizes, 832*times, 832*times+1, 896*times, 1248*times)
	}
	return sizes
}

func offerBytes(p *lab.Program) {
	for _, n := range sawtooth() {
		n := n
		p.Fact(fmt.Sprintf("Bytes/key=int64/n=%d", n), "bytes/entry", func() interface{} { return bytesPerEntry(n) })
	}
	p.Fact("Deleted/key=int64/n=100000", "kept-share", func() interface{} { return keptAfterDeleting(100000) })
}

func heapBytes() float64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.GC() // the first sweeps the garbage of before
	runtime.ReadMemStats(&stats)
	return float64(stats.HeapAlloc)
}

// bytesPerEntry makes enough maps that everything else does not show.
func bytesPerEntry(n int) float64 {
	maps := make([]ints, 1+100000/n)
	before := heapBytes()
	for i := range maps {
		maps[i] = filled(n)
	}
	intsSink = nil
	bytes := heapBytes() - before
	runtime.KeepAlive(maps)
	return bytes / float64(n*len(maps))
}

// keptAfterDeleting is the share of a map's memory that is left when all its keys were deleted.
func keptAfterDeleting(n int) float64 {
	before := heapBytes()
	m := filled(n)
	full := heapBytes() - before
	for i := 0; i < n; i++ {
		delete(m, randomKey(i))
	}
	empty := heapBytes() - before
	runtime.KeepAlive(m)
	return empty / full
}
