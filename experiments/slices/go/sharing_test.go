// Sharing: which slices see each other's writes, before and after append and copy.

package slices

import "claimslab/lab"

func offerSharing(p *lab.Program) {
	p.Fact("CopyOnGrow/elem=8/n=10000", "violations", func() interface{} { return copyOnGrow(10000) })
	p.Fact("FullCap4/elem=8", "capacity", func() interface{} { c, _ := fullCap4(); return c })
	p.Fact("FullCap4/elem=8", "original-unchanged", func() interface{} { _, same := fullCap4(); return same })
	p.Fact("SharedAlias", "holds", func() interface{} { return sharedAlias() })
	p.Fact("AppendClobbers", "holds", func() interface{} { return appendClobbers() })
	p.Fact("FullSliceExpr", "holds", func() interface{} { return fullSliceExpr() })
	p.Fact("CopyIndependent", "violations", func() interface{} { return copyIndependent() })
}

// copyOnGrow counts the appends that moved the array though it had room, or left it though it had
// none, and the elements that are not what was appended.
func copyOnGrow(n int) int {
	violations := 0
	var s []int64
	for i := 0; i < n; i++ {
		before := s // keeps the old array alive, so that a move cannot come back to its address
		s = append(s, int64(i))
		full := len(before) == cap(before)
		moved := cap(before) == 0 || &before[:1][0] != &s[0]
		if moved != full {
			violations++
		}
		if moved {
			violations += wrong(s)
		}
	}
	sink = s
	return violations + wrong(s)
}

// wrong counts the elements that do not equal their index.
func wrong(s []int64) int {
	count := 0
	for i, v := range s {
		if v != int64(i) {
			count++
		}
	}
	return count
}

// fullCap4 appends a fifth element to a full slice of capacity 4, writes through the result, and
// says the new capacity and whether the slice that was appended to stayed as it was.
func fullCap4() (capacity int, unchanged bool) {
	original := []int64{0, 1, 2, 3}
	sink = original
	grown := append(original, 4)
	for i := range grown {
		grown[i] = -1
	}
	sink = grown
	return cap(grown), len(original) == 4 && cap(original) == 4 && wrong(original) == 0
}

func sharedAlias() bool {
	array := []int64{0, 1, 2, 3, 4}
	sink = array
	part := array[1:4]
	part[0] = -1
	seen := array[1] == -1
	array[3] = -2
	return seen && part[2] == -2
}

func appendClobbers() bool {
	array := []int64{0, 1, 2, 3, 4}
	sink = array
	short := append(array[:3], -1)
	return array[3] == -1 && &short[0] == &array[0]
}

func fullSliceExpr() bool {
	array := []int64{0, 1, 2, 3, 4}
	sink = array
	short := append(array[:3:3], -1)
	return wrong(array) == 0 && short[3] == -1
}

// copyIndependent counts the elements of an array that changed by writing into its copy, and the
// elements of the copy that changed by writing into the array.
func copyIndependent() int {
	array := []int64{0, 1, 2, 3, 4}
	sink = array
	duplicate := make([]int64, len(array))
	copied := copy(duplicate, array)
	violations := len(array) - copied + wrong(duplicate)
	for i := range duplicate {
		duplicate[i] = -1
	}
	violations += wrong(array)
	for i := range array {
		array[i] = -2
	}
	for _, v := range duplicate {
		if v != -1 {
			violations++
		}
	}
	return violations
}
