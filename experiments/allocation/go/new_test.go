// New: objects of one size, with and without pointers, each replaced at once by the next.

package allocation

import (
	"fmt"

	"claimslab/lab"
)

func offerNew(p *lab.Program) {
	for size, makers := range newObjects {
		size := size
		for pointers, make1 := range map[string]func(){"no": makers.plain, "yes": makers.pointers} {
			make1 := make1
			p.Timed(fmt.Sprintf("New/bytes=%d/pointers=%s", size, pointers), func() func() uint32 {
				return func() uint32 { make1(); return uint32(size) }
			})
		}
	}
}

type makers struct{ plain, pointers func() }

// One variable a type, so that the store is of a pointer and nothing is boxed.
var (
	plain8     *[8]byte
	plain64    *[64]byte
	plain512   *[512]byte
	plain1024  *[1024]byte
	plain4096  *[4096]byte
	plain32768 *[32768]byte

	pointers8     *[1]*byte
	pointers64    *[8]*byte
	pointers512   *[64]*byte
	pointers1024  *[128]*byte
	pointers4096  *[512]*byte
	pointers32768 *[4096]*byte
)

// No generics, for Go 1.17.
var newObjects = map[int]makers{
	8:     {func() { plain8 = new([8]byte) }, func() { pointers8 = new([1]*byte) }},
	64:    {func() { plain64 = new([64]byte) }, func() { pointers64 = new([8]*byte) }},
	512:   {func() { plain512 = new([512]byte) }, func() { pointers512 = new([64]*byte) }},
	1024:  {func() { plain1024 = new([1024]byte) }, func() { pointers1024 = new([128]*byte) }},
	4096:  {func() { plain4096 = new([4096]byte) }, func() { pointers4096 = new([512]*byte) }},
	32768: {func() { plain32768 = new([32768]byte) }, func() { pointers32768 = new([4096]*byte) }},
}
