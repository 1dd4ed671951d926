// Layout: what a map is made of up to Go 1.23: buckets of eight slots with overflow buckets.

//go:build !go1.24

package maps

import "unsafe"

type bucket struct {
	tophash      [8]uint8
	keys, values [8]int64
	overflow     *bucket
}

const (
	lowestTop = 5 // lower values of tophash mark empty and moved slots
	sameSize  = 8 // flag of a growth that only gets rid of overflow buckets
	writing   = 4
)

// chained: a bucket is followed by its overflow buckets.
const chained = true

// buckets counts them without overflow buckets.
func buckets(m ints) int { return 1 << headerOf(m).log2 }

func (h *header) chain(index int) *bucket {
	return (*bucket)(unsafe.Pointer(uintptr(h.buckets) + uintptr(index)*unsafe.Sizeof(bucket{})))
}

// walk visits the entries of a map that is not moving any.
func walk(m ints, visit func(entry)) {
	h := headerOf(m)
	for index := 0; h.buckets != nil && index < buckets(m); index++ {
		checked := 0
		for b, visited := h.chain(index), 1; b != nil; b, visited = b.overflow, visited+1 {
			for slot, top := range b.tophash {
				if top >= lowestTop {
					checked++
					visit(entry{key: b.keys[slot], bucket: index, visited: visited, checked: checked, tag: top})
				}
			}
		}
	}
}

// overflows counts the buckets that have overflow buckets, and those.
func overflows(m ints) (with, all int) {
	for index := 0; index < buckets(m); index++ {
		first := headerOf(m).chain(index).overflow
		if first != nil {
			with++
		}
		for b := first; b != nil; b = b.overflow {
			all++
		}
	}
	return with, all
}

// miss says how many buckets and entries are looked at in vain for a key that is not there.
func miss(m ints, key int64) (visited, checked int) {
	h := headerOf(m)
	for b := h.chain(int(hash(m, key)) & (buckets(m) - 1)); b != nil; b = b.overflow {
		visited++
		for _, top := range b.tophash {
			if top >= lowestTop {
				checked++
			}
		}
	}
	return visited, checked
}

// moving says whether some entries are still in old buckets.
func moving(m ints) bool { return headerOf(m).old != nil }

func seed(m ints) uintptr { return uintptr(headerOf(m).seed) }

// rebuiltInPlace adds and deletes entries at a load that never asks for growth, and says whether
// overflow buckets made the map rebuild itself at its size, when there were as many as buckets.
func rebuiltInPlace() interface{} {
	const live, rounds = 100, 1000
	m := ints{}
	intsSink = m
	rebuilt := false
	for i := 0; i < live*rounds; i++ {
		h := headerOf(m)
		before, wasMoving := int(h.overflows), moving(m)
		m[randomKey(i)] = value(i)
		if moving(m) && !wasMoving && h.flags&sameSize != 0 {
			if buckets(m) != 16 || before < 16 {
				return false
			}
			rebuilt = true
		}
		if i >= live {
			delete(m, randomKey(i-live))
		}
	}
	return rebuilt
}

// pretendWriting leaves the mark of a write that has not ended.
func pretendWriting(m ints) { headerOf(m).flags |= writing }
