// Cycles: how many collections a loop of a million steps causes, before and after one edit.
//
// Each pair of loops differs in that edit alone: a scratch buffer from a pool, a list with its
// capacity up front, records in the list itself instead of behind pointers.

package allocation

import (
	"runtime"
	"sync"

	"claimslab/lab"
)

const steps = 1000000

func offerCycles(p *lab.Program) {
	for _, edit := range []struct {
		name string
		loop func()
	}{
		{"pool/done=no", unpooledBuffers}, {"pool/done=yes", pooledBuffers},
		{"presize/done=no", grownLists}, {"presize/done=yes", presizedLists},
		{"values/done=no", recordsByPointer}, {"values/done=yes", recordsByValue},
	} {
		loop := edit.loop
		p.Fact("Cycles/edit="+edit.name, "cycles", func() interface{} { return cyclesOf(loop) })
	}
}

func cyclesOf(loop func()) int {
	before := memory().NumGC
	loop()
	var after runtime.MemStats
	runtime.ReadMemStats(&after)
	return int(after.NumGC - before)
}

func unpooledBuffers() {
	for i := 0; i < steps; i++ {
		blockSink = new([1024]byte)
		use(blockSink)
	}
}

func pooledBuffers() {
	pool := sync.Pool{New: func() interface{} { return new([1024]byte) }}
	for i := 0; i < steps; i++ {
		block := pool.Get().(*[1024]byte)
		use(block)
		pool.Put(block)
	}
}

func grownLists() {
	for i := 0; i < steps; i++ {
		intsSink = appendInts(nil, 100)
	}
}

func presizedLists() {
	for i := 0; i < steps; i++ {
		intsSink = appendInts(make([]int64, 0, 100), 100)
	}
}

type record struct{ key, value [4]int64 }

var (
	recordsSink  []record
	pointersSink []*record
)

func recordsByPointer() {
	for i := 0; i < steps; i++ {
		pointersSink = make([]*record, 4)
		for k := range pointersSink {
			pointersSink[k] = new(record)
		}
	}
}

func recordsByValue() {
	for i := 0; i < steps; i++ {
		recordsSink = make([]record, 4)
	}
}
