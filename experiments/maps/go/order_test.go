// Order: in which order range visits a map, and what it visits of a map that changes meanwhile.

package maps

import (
	"claimslab/lab"
)

func offerOrder(p *lab.Program) {
	p.Fact("Order/keys=3/pairs=60000", "same-order", func() interface{} { same, _ := orders(3, 60000); return same })
	p.Fact("Order/keys=3/pairs=60000", "orders", func() interface{} { _, seen := orders(3, 60000); return seen })
	p.Fact("Order/keys=1000/pairs=1000", "same-order", func() interface{} { same, _ := orders(1000, 1000); return same })
	p.Fact("IterateGrowing/key=int64/n=1000", "violations", func() interface{} { return growingViolations(1000) })
	p.Fact("IterateDeleting/key=int64/n=1000", "violations", func() interface{} { return deletingViolations(1000) })
}

// orders ranges over one map again and again: the share of times that the order was that of the
// time before, and the number of different orders.
func orders(keys, pairs int) (same float64, seen int) {
	m := filled(keys)
	last, all, repeats := "", map[string]bool{}, 0
	for pair := 0; pair <= pairs; pair++ {
		var order []byte
		for _, v := range m {
			order = append(order, byte(v), byte(v>>8))
		}
		if pair > 0 && string(order) == last {
			repeats++
		}
		last = string(order)
		all[last] = true
	}
	return float64(repeats) / float64(pairs), len(all)
}

// growingViolations counts entries that were there from the start and are not visited once, and
// entries visited twice, while a key is added at each step until the map has four times its size.
func growingViolations(n int) int {
	m, visits, next := filled(n), map[int64]int{}, n
	for k := range m {
		visits[k]++
		if next < 4*n {
			m[randomKey(next)] = value(next)
			next++
		}
	}
	violations := 0
	for i := 0; i < next; i++ {
		count := visits[randomKey(i)]
		if count > 1 || (count == 0 && i < n) {
			violations++
		}
	}
	return violations
}

// deletingViolations counts entries visited after they were deleted: each step deletes the next key
// in order of insertion.
func deletingViolations(n int) int {
	m, deleted, next, violations := filled(n), map[int64]bool{}, 0, 0
	for k := range m {
		if deleted[k] {
			violations++
		}
		delete(m, randomKey(next))
		deleted[randomKey(next)] = true
		next++
	}
	return violations
}
