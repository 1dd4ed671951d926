// Escape: what leaves its function is allocated, what stays is not, and what that costs.

package allocation

import "claimslab/lab"

func offerEscape(p *lab.Program) {
	p.Timed("Return/what=value", func() func() uint32 {
		return func() uint32 { v := returnValue(); return uint32(v.a + v.b) }
	})
	p.Timed("Return/what=pointer", func() func() uint32 {
		return func() uint32 { return uint32(*returnPointer()) }
	})
	p.Timed("Return/what=slice", func() func() uint32 {
		return func() uint32 { return uint32(len(returnSlice())) }
	})
	p.Timed("Object/bytes=8/place=heap", func() func() uint32 {
		return func() uint32 { plain8 = new([8]byte); plain8[0] = 1; return uint32(plain8[0]) }
	})
	p.Timed("Object/bytes=8/place=stack", func() func() uint32 {
		return func() uint32 { var object [8]byte; return touch8(&object) }
	})
	p.Timed("Object/bytes=64/place=heap", func() func() uint32 {
		return func() uint32 { plain64 = new([64]byte); plain64[0] = 1; return uint32(plain64[0]) }
	})
	p.Timed("Object/bytes=64/place=stack", func() func() uint32 {
		return func() uint32 { var object [64]byte; return touch64(&object) }
	})
}

type pair struct{ a, b int }

//go:noinline
func returnValue() pair { v := pair{1, 2}; return v }

//go:noinline
func returnPointer() *int { v := 7; return &v }

//go:noinline
func returnSlice() []int64 { return make([]int64, 100) }

// Not inlined, so that the object is really in memory; it does not escape through these.
//
//go:noinline
func touch8(object *[8]byte) uint32 { object[0] = 1; return uint32(object[0]) }

//go:noinline
func touch64(object *[64]byte) uint32 { object[0] = 1; return uint32(object[0]) }
