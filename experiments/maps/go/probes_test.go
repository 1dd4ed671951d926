// Probes: what a lookup meets in real maps, counted by walking them; and what overflows.

package maps

import (
	"fmt"

	"claimslab/lab"
)

func offerProbes(p *lab.Program) {
	for _, n := range []int{832, 896, 106496} { // the first and last fill old maps to 6.5 of 8, the second one Swiss table
		n := n
		name := fmt.Sprintf("Probes/key=int64/n=%d", n)
		var once *probes
		counted := func() probes {
			if once == nil {
				found := countProbes(n)
				once = &found
			}
			return *once
		}
		told := func(value func(probes) interface{}) func() interface{} {
			return func() interface{} {
				if chained && n == 896 {
					return lab.NotRun("up to Go 1.23 a map of 896 entries is still moving some")
				}
				return value(counted())
			}
		}
		p.Fact(name, "groups/hit", told(func(c probes) interface{} { return c.hitVisited }))
		p.Fact(name, "groups/miss", told(func(c probes) interface{} { return c.missVisited }))
		p.Fact(name, "entries/hit", told(func(c probes) interface{} { return orNone(c.hitChecked) }))
		p.Fact(name, "entries/miss", told(func(c probes) interface{} { return orNone(c.missChecked) }))
		p.Fact(name, "overflow-share", told(func(c probes) interface{} { return c.overflows }))
		p.Fact(name, "overflows/bucket", told(func(c probes) interface{} { return c.perBucket }))
	}
}

type probes struct {
	hitVisited, missVisited float64     // buckets or groups
	hitChecked, missChecked float64     // entries
	overflows               interface{} // buckets that have overflow buckets
	perBucket               interface{} // overflow buckets
}

func orNone(checked float64) interface{} {
	if checked == 0 {
		return lab.NotRun("a group is matched at once since Go 1.24")
	}
	return checked
}

// countProbes takes the means over 100,000 entries or more, in as many maps as that needs.
func countProbes(n int) probes {
	var sum probes
	var share, perBucket float64
	maps := 0
	for ; maps*n < 100000; maps++ {
		m := filled(n)
		walk(m, func(e entry) {
			sum.hitVisited += float64(e.visited)
			sum.hitChecked += float64(e.checked)
		})
		for i := 0; i < n; i++ {
			visited, checked := miss(m, randomKey(maps*n+i+absent))
			sum.missVisited += float64(visited)
			sum.missChecked += float64(checked)
		}
		with, all := overflows(m)
		share += float64(with) / float64(buckets(m))
		perBucket += float64(all) / float64(buckets(m))
	}
	entries := float64(maps * n)
	mean := probes{sum.hitVisited / entries, sum.missVisited / entries, sum.hitChecked / entries, sum.missChecked / entries, noOverflow, noOverflow}
	if chained {
		mean.overflows, mean.perBucket = share/float64(maps), perBucket/float64(maps)
	}
	return mean
}
