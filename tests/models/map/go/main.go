// bucketstates: drives Go's own bucket map (up to 1.23) through scripts and prints its headers.
//
// The map's type is a copy with another hash function, a fixed one, so that layout and iteration are
// the same in every run and can be compared with the model, cell by cell. Everything else is the
// runtime's own code. bucket_fidelity_test.cpp holds the same scripts.
package main

import (
	"encoding/json"
	"os"
	"unsafe"
)

//go:linkname makemap runtime.makemap
func makemap(t unsafe.Pointer, hint int, h unsafe.Pointer) *header

//go:linkname mapassign runtime.mapassign
func mapassign(t unsafe.Pointer, h *header, key unsafe.Pointer) unsafe.Pointer

//go:linkname mapdelete runtime.mapdelete
func mapdelete(t unsafe.Pointer, h *header, key unsafe.Pointer)

//go:linkname mapclear runtime.mapclear
func mapclear(t unsafe.Pointer, h *header)

//go:linkname mapiterinit runtime.mapiterinit
func mapiterinit(t unsafe.Pointer, h *header, it *iterator)

//go:linkname mapiternext runtime.mapiternext
func mapiternext(it *iterator)

// runtime.hmap
type header struct {
	count      int
	flags      uint8
	log2       uint8
	overflows  uint16
	seed       uint32
	buckets    unsafe.Pointer
	oldbuckets unsafe.Pointer
	evacuated  uintptr
	extra      *struct{ overflow, oldoverflow, next unsafe.Pointer }
}

// runtime.hiter
type iterator struct {
	key, elem, t          unsafe.Pointer
	h                     *header
	buckets, bucket       unsafe.Pointer
	overflow, oldoverflow unsafe.Pointer
	start                 uintptr
	offset                uint8
	wrapped               bool
	log2, i               uint8
	next, check           uintptr
}

// The start of runtime.maptype, with room for the rest.
type mapType struct {
	base             [48]byte
	key, elem, cells unsafe.Pointer
	hash             func(unsafe.Pointer, uintptr) uintptr
	rest             [16]byte
}

const sameSize = 8 // of header.flags

func typeOf(m interface{}, hash func(uint64) uint64) *mapType {
	t := **(**mapType)(unsafe.Pointer(&m))
	t.hash = func(key unsafe.Pointer, _ uintptr) uintptr { return uintptr(hash(*(*uint64)(key))) }
	return &t
}

func stir(x uint64) uint64 {
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb
	return x ^ (x >> 31)
}

// The lowest bits are the key's own, so that a script can choose a bucket.
func chosen(x uint64) uint64 { return stir(x)&^15 | x>>20&15 }

type random struct{ state uint64 }

func (r *random) below(limit uint64) uint64 {
	r.state += 0x9e3779b97f4a7c15
	return stir(r.state) % limit
}

// A map under observation.
type subject struct {
	t       *mapType
	h       *header
	op      uint64
	walk    *iterator
	changes [][]uint64
	states  uint64 // digest of all headers
	orders  uint64 // digest of the keys met by iterators between two steps
	walks   uint64 // of those met by iterators that stay open
	last    [3]uint64
}

func newSubject(m interface{}, hash func(uint64) uint64, hint int) *subject {
	s := &subject{t: typeOf(m, hash), states: 1, orders: 1, walks: 1}
	s.h = makemap(unsafe.Pointer(s.t), hint, nil)
	s.observe()
	return s
}

func mix(digest *uint64, word uint64) { *digest = stir(*digest*31 + word) }

func (s *subject) observe() {
	var growing, same uint64
	if s.h.oldbuckets != nil {
		growing = 1
	}
	if s.h.flags&sameSize != 0 {
		same = 1
	}
	state := []uint64{s.op, uint64(s.h.count), uint64(s.h.log2), uint64(s.h.overflows), growing, same,
		uint64(s.h.evacuated)}
	for _, word := range state {
		mix(&s.states, word)
	}
	if now := [3]uint64{state[2], growing, same}; s.op == 0 || now != s.last {
		s.last = now
		s.changes = append(s.changes, state)
	}
}

func (s *subject) begin(bucket, cell uint64, digest *uint64) *iterator {
	it := new(iterator)
	mapiterinit(unsafe.Pointer(s.t), s.h, it)
	if it.key == nil {
		show(it, digest)
		return it
	}
	it.start = uintptr(bucket) & (1<<s.h.log2 - 1)
	it.offset = uint8(cell % 8)
	it.next, it.wrapped, it.bucket, it.i, it.check = it.start, false, nil, 0, 0
	step(it, digest)
	return it
}

func step(it *iterator, digest *uint64) {
	mapiternext(it)
	show(it, digest)
}

// At once: the next write may move the entry.
func show(it *iterator, digest *uint64) {
	if it.key == nil {
		mix(digest, 0)
	} else {
		mix(digest, 1+*(*uint64)(it.key))
	}
}

func (s *subject) after() {
	s.op++
	s.observe()
	if s.op%1009 == 0 {
		for it := s.begin(s.op*7, s.op*3, &s.orders); it.key != nil; {
			step(it, &s.orders)
		}
	}
	if s.walk != nil {
		for i := 0; i < 2 && s.walk.key != nil; i++ {
			step(s.walk, &s.walks)
		}
	} else if s.op%500 == 250 {
		s.walk = s.begin(s.op*5, s.op, &s.walks)
	}
	if s.walk != nil && s.walk.key == nil {
		s.walk = nil
	}
}

func (s *subject) put(k uint64) {
	key := [17]uint64{k}
	value := mapassign(unsafe.Pointer(s.t), s.h, unsafe.Pointer(&key))
	*(*uint64)(value) = k
	s.after()
}

func (s *subject) del(k uint64) {
	key := [17]uint64{k}
	mapdelete(unsafe.Pointer(s.t), s.h, unsafe.Pointer(&key))
	s.after()
}

func (s *subject) clear() {
	s.walk = nil
	mapclear(unsafe.Pointer(s.t), s.h)
	s.after()
}

// ---- The scripts, as in bucket_fidelity_test.cpp ----

func grow(s *subject) {
	for k := uint64(0); k < 20000; k++ {
		s.put(k)
	}
}

func churn(s *subject) {
	r := random{7}
	for i := 0; i < 60000; i++ {
		k := r.below(4000)
		if r.below(2) == 0 {
			s.put(k)
		} else {
			s.del(k)
		}
	}
}

func sparse(s *subject) {
	for phase := uint64(0); phase < 40; phase++ {
		for i := uint64(0); i < 120; i++ {
			s.put(phase<<20 | i)
		}
		for i := uint64(0); i < 120; i++ {
			if i%40 != 0 {
				s.del(phase<<20 | i)
			}
		}
	}
}

func drain(s *subject) {
	for round := uint64(0); round < 3; round++ {
		for k := uint64(0); k < 3000; k++ {
			s.put(k*7 + round)
		}
		for k := uint64(0); k < 3000; k++ {
			s.del(k*7 + round)
		}
	}
}

func clearing(s *subject) {
	for k := uint64(0); k < 5000; k++ {
		s.put(k)
		if k == 900 || k == 3400 {
			s.clear()
		}
	}
}

type words = map[uint64]uint64
type larges = map[[17]uint64][17]uint64

func scripts() map[string]interface{} {
	all := map[string]*subject{
		"grow":     newSubject(words{}, stir, 0),
		"presized": newSubject(words{}, stir, 5000),
		"churn":    newSubject(words{}, stir, 0),
		"sparse":   newSubject(words{}, chosen, 0),
		"drain":    newSubject(words{}, stir, 0),
		"clearing": newSubject(words{}, stir, 0),
		"large":    newSubject(larges{}, stir, 0),
	}
	bodies := map[string]func(*subject){"grow": grow, "presized": grow, "churn": churn,
		"sparse": sparse, "drain": drain, "clearing": clearing, "large": churn}
	told := map[string]interface{}{}
	for name, s := range all {
		bodies[name](s)
		told[name] = map[string]interface{}{"changes": s.changes, "states": s.states, "orders": s.orders,
			"walks": s.walks}
	}
	return told
}

// Buckets and spare overflow buckets that make(m, hint) has; a chain of spares ends with a bucket
// whose last word is set.
func hinted(m interface{}, bucketBytes uintptr, hint int) []uint64 {
	t := typeOf(m, stir)
	h := makemap(unsafe.Pointer(t), hint, nil)
	spares := uint64(0)
	if h.extra != nil && h.extra.next != nil {
		for b := h.extra.next; ; b = unsafe.Pointer(uintptr(b) + bucketBytes) {
			spares++
			if *(*uintptr)(unsafe.Pointer(uintptr(b) + bucketBytes - 8)) != 0 {
				break
			}
		}
	}
	return []uint64{uint64(hint), uint64(h.log2), spares}
}

func hints() map[string][][]uint64 {
	list := []int{-1, 0, 1, 7, 8, 9, 1000, 10000, 100000, 1000000, 1 << 46}
	for log2 := 1; log2 < 18; log2++ {
		list = append(list, 13<<log2/2, 13<<log2/2+1)
	}
	told := map[string][][]uint64{}
	for _, hint := range list {
		told["int64,int64"] = append(told["int64,int64"], hinted(map[int64]int64{}, 144, hint))
		told["int8,int8"] = append(told["int8,int8"], hinted(map[int8]int8{}, 32, hint))
		told["int32,none"] = append(told["int32,none"], hinted(map[int32]struct{}{}, 48, hint))
		told["3 words,int64"] = append(told["3 words,int64"], hinted(map[[3]int64]int64{}, 272, hint))
	}
	return told
}

func main() {
	json.NewEncoder(os.Stdout).Encode(map[string]interface{}{"scripts": scripts(), "hints": hints()})
}
