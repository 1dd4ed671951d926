// Placement: the header of a map, where its hash puts keys, and how evenly.

package maps

import (
	"math"
	"runtime"
	"sort"
	"unsafe"

	"claimslab/lab"
)

// header is the header of a map up to Go 1.23.
type header struct {
	count        int
	flags, log2  uint8
	overflows    uint16
	seed         uint32
	buckets, old unsafe.Pointer
	moved        uintptr
	extra        unsafe.Pointer
}

func headerOf(m ints) *header { return *(**header)(unsafe.Pointer(&m)) }

// entry is one entry as it lies in memory.
type entry struct {
	key     int64
	bucket  int   // or group, within its table
	visited int   // buckets or groups that a lookup visits
	checked int   // entries that it passes, itself included; before Go 1.24
	tag     uint8 // the part of the hash that is kept beside the key
}

// hash asks the map's own hash function, which lies at the same place of its type in every version.
func hash(m ints, key int64) uintptr {
	var any interface{} = m
	mapType := *(*unsafe.Pointer)(unsafe.Pointer(&any))
	const typeBytes, pointers = 48, 3
	hasher := *(*func(unsafe.Pointer, uintptr) uintptr)(unsafe.Pointer(uintptr(mapType) + typeBytes + pointers*8))
	return hasher(unsafe.Pointer(&key), seed(m))
}

const noOverflow = lab.NotRun("maps have no overflow buckets since Go 1.24")

func offerPlacement(p *lab.Program) {
	p.Fact("Header", "header-bytes", func() interface{} { return headerBytes() })
	p.Fact("Header", "holds", func() interface{} { return headerReads() })
	p.Fact("Slots/key=int64", "slots", func() interface{} { return mostInOneBucket(filled(800)) })
	for _, rule := range []struct {
		metric string
		wrong  func(m ints, e entry) bool
	}{
		{"index-mismatches", func(m ints, e entry) bool { return e.bucket != int(hash(m, e.key))&(buckets(m)-1) }},
		{"tag-mismatches", func(m ints, e entry) bool { return e.tag != uint8(hash(m, e.key)>>56) }},
		{"tophash-mismatches", func(m ints, e entry) bool { return e.tag != topOf(hash(m, e.key)) }},
		{"low-tag-mismatches", func(m ints, e entry) bool { return e.tag != uint8(hash(m, e.key)&127) }},
	} {
		wrong := rule.wrong
		p.Fact("Placement/key=int64/n=800", rule.metric, func() interface{} {
			m, count := filled(800), 0
			walk(m, func(e entry) {
				if wrong(m, e) {
					count++
				}
			})
			return count
		})
	}
	p.Fact("Spread/key=sequential/n=1000000", "p-value", func() interface{} { return medianSpread(1000000) })
	p.Fact("Seeds/keys=100/maps=1000", "same-placement", func() interface{} { return samePlacement(100, 1000) })
}

// filled is a map of n random keys that grew from nothing.
func filled(n int) ints {
	m := ints{}
	intsSink = m
	for i := 0; i < n; i++ {
		m[randomKey(i)] = value(i)
	}
	return m
}

// headerBytes is what an empty map takes from the heap.
func headerBytes() float64 {
	const count = 1000
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for i := 0; i < count; i++ {
		intsSink = make(ints)
	}
	runtime.ReadMemStats(&after)
	return float64(after.TotalAlloc-before.TotalAlloc) / count
}

// headerReads says whether count, log2 of the buckets, seed and the two bucket pointers are where
// the header of Go 1.23 has them.
func headerReads() bool {
	for n, log2 := range map[int]uint8{5: 0, 100: 4, 800: 7} {
		if h := headerOf(filled(n)); h.count != n || h.log2 != log2 || h.buckets == nil || h.old != nil {
			return false
		}
	}
	growing := headerOf(filled(105)) // 104 entries are 6.5 in each of 16 buckets
	return growing.log2 == 5 && growing.old != nil && growing.seed != headerOf(filled(105)).seed
}

// topOf makes room for the values that mark empty slots.
func topOf(hash uintptr) uint8 {
	if top := uint8(hash >> 56); top >= 5 {
		return top
	}
	return uint8(hash>>56) + 5
}

// mostInOneBucket counts a chain's overflow buckets as buckets of their own.
func mostInOneBucket(m ints) int {
	type place struct{ bucket, visited int }
	held, most := map[place]int{}, 0
	walk(m, func(e entry) {
		at := place{e.bucket, e.visited}
		if !chained {
			at.visited = 0 // groups of a probe sequence are told apart by their number
		}
		held[at]++
		if held[at] > most {
			most = held[at]
		}
	})
	return most
}

// medianSpread is the median over 11 seeds of the chance that keys thrown at random into 2^17
// buckets would lie less evenly than the low bits of the hash put keys 0 … n-1.
func medianSpread(n int) float64 {
	const log2 = 17
	var values []float64
	for try := 0; try < 11; try++ {
		m := ints{}
		intsSink = m
		held := make([]float64, 1<<log2)
		for i := 0; i < n; i++ {
			held[hash(m, int64(i))&(1<<log2-1)]++
		}
		values = append(values, evenness(held, float64(n)/(1<<log2)))
	}
	sort.Float64s(values)
	return values[len(values)/2]
}

// evenness is the p-value of the chi-square test, by the approximation of Wilson and Hilferty.
func evenness(held []float64, expected float64) float64 {
	sum := 0.0
	for _, h := range held {
		sum += (h - expected) * (h - expected) / expected
	}
	freedom := float64(len(held) - 1)
	spread := 2 / (9 * freedom)
	z := (math.Cbrt(sum/freedom) - (1 - spread)) / math.Sqrt(spread)
	return math.Erfc(z/math.Sqrt2) / 2
}

// samePlacement is the share of maps that hold the same keys at the same places as the one before.
func samePlacement(keys, maps int) float64 {
	same := 0
	var last []int64
	for i := 0; i < maps; i++ {
		var order []int64
		walk(filled(keys), func(e entry) { order = append(order, e.key) })
		equal := len(order) == len(last)
		for at := 0; equal && at < len(order); at++ {
			equal = order[at] == last[at]
		}
		if equal {
			same++
		}
		last = order
	}
	return float64(same) / float64(maps)
}
