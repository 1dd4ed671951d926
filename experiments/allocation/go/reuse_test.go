// Reuse: what sync.Pool, presizing and a buffer that is reset save.

package allocation

import (
	"bytes"
	"runtime"
	"sync"

	"claimslab/lab"
)

func offerReuse(p *lab.Program) {
	p.Timed("Pool/bytes=1024/pooled=yes", func() func() uint32 {
		pool := newPool(new(int))
		return func() uint32 {
			block := pool.Get().(*[1024]byte)
			good := use(block)
			pool.Put(block)
			return good
		}
	})
	p.Timed("Pool/bytes=1024/pooled=no", func() func() uint32 {
		return func() uint32 {
			blockSink = new([1024]byte)
			return use(blockSink)
		}
	})
	p.Timed("Pool/bytes=1024/pooled=boxed", func() func() uint32 {
		pool := sync.Pool{New: func() interface{} { return make([]byte, 1024) }}
		return func() uint32 {
			block := pool.Get().([]byte)
			block[0] = 1
			pool.Put(block) // a slice is no pointer: it is boxed, each time anew
			return uint32(block[0])
		}
	})
	p.Fact("Pool/bytes=1024/after=collections", "allocations", func() interface{} { return afterCollections() })
	p.Timed("Grow/elem=8/n=10000", func() func() uint32 {
		return func() uint32 { return checksum(appendInts(nil, 10000)) }
	})
	p.Timed("Presized/elem=8/n=10000", func() func() uint32 {
		return func() uint32 { return checksum(appendInts(make([]int64, 0, 10000), 10000)) }
	})
	p.Timed("Buffer/bytes=65536", func() func() uint32 {
		var buffer bytes.Buffer
		piece := []byte("0123456789abcdef")
		fill := func() uint32 {
			buffer.Reset()
			for i := 0; i < 65536/16; i++ {
				buffer.Write(piece)
			}
			return uint32(buffer.Len())
		}
		fill() // the claim is on the second fill and later ones
		return fill
	})
}

var (
	blockSink *[1024]byte
	intsSink  []int64
)

func newPool(made *int) *sync.Pool {
	return &sync.Pool{New: func() interface{} { *made++; return new([1024]byte) }}
}

//go:noinline
func use(block *[1024]byte) uint32 {
	block[0] = 1
	return uint32(block[0])
}

// afterCollections is how often an object had to be made anew when a pool that held one has seen
// two collections: the first moves it aside, the second drops it.
func afterCollections() int {
	made := 0
	pool := newPool(&made)
	pool.Put(pool.Get())
	before := made
	runtime.GC()
	runtime.GC()
	pool.Put(pool.Get())
	return made - before
}

// appendInts leaves at two places, which keeps the slice on the heap in Go 1.26 too.
//
//go:noinline
func appendInts(s []int64, n int) []int64 {
	intsSink = s
	for i := 0; i < n; i++ {
		s = append(s, int64(i))
	}
	return s
}

func checksum(s []int64) uint32 { return uint32(s[len(s)-1]) + uint32(len(s)) }
