// Classes: the size that Go gives to a pointer-free request, seen from outside, and what that wastes.

package allocation

import (
	"fmt"
	"unsafe"

	"claimslab/lab"
)

const largestClass = 32768

func offerClasses(p *lab.Program) {
	p.Fact("Classes/until=32768", "classes", func() interface{} { return distinctSizes() })
	p.Fact("Boundary", "usable", func() interface{} {
		return []int{usable(largestClass - 1), usable(largestClass), usable(largestClass + 1)}
	})
	for _, n := range []int{17, 24, 50} {
		n := n
		p.Fact(fmt.Sprintf("RoundUp/bytes=%d", n), "usable", func() interface{} { return usable(n) })
	}
	for _, n := range wasteSizes {
		n := n
		p.Fact(fmt.Sprintf("Waste/bytes=%d", n), "waste", func() interface{} { return waste(n) })
	}
	p.Fact("Waste/until=32768", "mean-waste", func() interface{} { return meanWaste() })
	p.Fact("Waste/until=32768", "worst-waste", func() interface{} { return worstWaste(1) })
	p.Fact("Waste/from=129/until=32768", "worst-waste", func() interface{} { return worstWaste(129) })
	p.Fact("Tiny/bytes=5", "gaps", func() interface{} { return tinyGaps() })
}

var wasteSizes = []int{
	1, 5, 8, 9, 16, 17, 24, 25, 33, 49, 65, 97, 129, 161, 225, 257, 353, 513, 769,
	1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577, 28673, 32768, 32769, 65537, 131073,
	262145, 524289, 1048576,
}

var (
	source    = make([]byte, 1<<20+1)
	bytesSink []byte
)

// usable is the size of the block that a request of n bytes without pointers gets: append fills a
// new array up to what the allocator gives.
//
//go:noinline
func usable(n int) int {
	bytesSink = append([]byte(nil), source[:n]...)
	return cap(bytesSink)
}

func distinctSizes() []int {
	var sizes []int
	for n := 1; n <= largestClass; n++ {
		if size := usable(n); len(sizes) == 0 || size != sizes[len(sizes)-1] {
			sizes = append(sizes, size)
		}
	}
	return sizes
}

func waste(n int) float64 {
	size := usable(n)
	return float64(size-n) / float64(size)
}

func meanWaste() float64 {
	asked, held := 0, 0
	for n := 1; n <= largestClass; n++ {
		asked += n
		held += usable(n)
	}
	return float64(held-asked) / float64(held)
}

func worstWaste(from int) float64 {
	worst := 0.0
	for n := from; n <= largestClass; n++ {
		if w := waste(n); w > worst {
			worst = w
		}
	}
	return worst
}

var tinySink [8]*[5]byte

// tinyGaps are the distances between eight objects of 5 bytes that are allocated one after the
// other; below 8 where the tiny allocator puts them into one block of 16.
func tinyGaps() []int {
	for i := range tinySink {
		tinySink[i] = new([5]byte)
	}
	var gaps []int
	for i := 1; i < len(tinySink); i++ {
		before, after := uintptr(unsafe.Pointer(tinySink[i-1])), uintptr(unsafe.Pointer(tinySink[i]))
		gaps = append(gaps, int(after-before))
	}
	return gaps
}
