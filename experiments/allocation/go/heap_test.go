// Heap: what many objects hold together, by the runtime's own account.

package allocation

import (
	"runtime"

	"claimslab/lab"
)

func offerHeap(p *lab.Program) {
	p.Fact("Tiny/bytes=5", "bytes/object", func() interface{} { return bytesPerTiny() })
	p.Fact("Fragmentation/refill=same", "held/live", func() interface{} {
		return heldOverLive(func() []byte { return make([]byte, 96) }, 96)
	})
	p.Fact("Fragmentation/refill=other", "held/live", func() interface{} {
		return heldOverLive(func() []byte { return make([]byte, 160) }, 160)
	})
}

func memory() (stats runtime.MemStats) {
	runtime.GC()
	runtime.GC() // the first sweeps the garbage of before
	runtime.ReadMemStats(&stats)
	return stats
}

// bytesPerTiny is the heap that a million live objects of 5 bytes hold, each.
func bytesPerTiny() float64 {
	const count = 1000000
	objects := make([]*[5]byte, count)
	before := memory().HeapAlloc
	for i := range objects {
		objects[i] = new([5]byte)
	}
	after := memory().HeapAlloc
	runtime.KeepAlive(objects)
	return float64(after-before) / count
}

// heldOverLive fills 64 MiB with blocks of 96 bytes, drops half at random, asks for as many bytes
// again in other blocks, and returns the spans in use over what lives.
func heldOverLive(refill func() []byte, refillBytes int) float64 {
	const bytes, count = 96, (64 << 20) / 96
	refills := count / 2 * bytes / refillBytes
	blocks := make([][]byte, count+refills)
	before := memory().HeapInuse
	for i := 0; i < count; i++ {
		blocks[i] = make([]byte, bytes)
	}
	state := uint64(5)
	for i := count; i > count/2; i-- {
		state ^= state << 13
		state ^= state >> 7
		state ^= state << 17
		k := int(state % uint64(i))
		blocks[k], blocks[i-1] = blocks[i-1], nil // what was at k is dropped
	}
	memory() // what was dropped can be used again only after a collection
	for i := 0; i < refills; i++ {
		blocks[count+i] = refill()
	}
	held := memory().HeapInuse - before
	runtime.KeepAlive(blocks)
	return float64(held) / float64(count/2*bytes+refills*refillBytes)
}
