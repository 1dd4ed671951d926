// Keys: the n-th key of every kind, as keys.hpp of the C++ program makes it.

package maps

import "fmt"

// mix is a bijection of 64-bit numbers (the finaliser of SplitMix64), so keys never repeat.
func mix(i uint64) uint64 {
	z := (i + 1) * 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// absent is the distance from a key that is there to one that is not.
const absent = 1 << 32

// hostile keys are multiples of the bucket count that libstdc++ takes for 10,000 entries, so an
// identity hash puts all of them into one bucket.
const hostileStride = 10273

type intKeys func(i int) int64

func randomKey(i int) int64     { return int64(mix(uint64(i))) }
func sequentialKey(i int) int64 { return int64(i) }
func hostileKey(i int) int64    { return int64(i) * hostileStride }

const letters = "abcdefghijklmnopqrstuvwxyz234567"

// shortKey has 8 letters: 40 bits of an odd multiple of i.
func shortKey(i int) string {
	bits := uint64(i) * 0x9e3779b97f4a7c15
	var text [8]byte
	for at := range text {
		text[at] = letters[bits&31]
		bits >>= 5
	}
	return string(text[:])
}

func middleKey(i int) string { return fmt.Sprintf("key-%016x", mix(uint64(i))) }

// longKey has 100 bytes, of which the first 84 are the same in all.
func longKey(i int) string { return longPrefix + fmt.Sprintf("%016x", mix(uint64(i))) }

const longPrefix = "https://example.org/a/path/that/all/keys/have/in/common/and/that/must/be/compared/0/"

func wideKey(i int) (key [8]uint64) {
	for word := range key {
		key[word] = mix(uint64(i)) + uint64(word)
	}
	return key
}

// shuffled is 0 … n-1 in the order in which keys are looked up.
func shuffled(n int) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	for i := n - 1; i > 0; i-- {
		k := int(mix(uint64(i)) % uint64(i+1))
		order[i], order[k] = order[k], order[i]
	}
	return order
}

func value(i int) int64 { return int64(i) + 1 }
