// Growth: at which entries a map grows, to how many buckets, and what a hint spares.

package maps

import (
	"fmt"

	"claimslab/lab"
)

// growth is the log of one fill: entries held when each growth began, and buckets after each.
type growth struct {
	points  []int
	buckets []int
	loads   []float64 // entries a bucket when each growth began
}

func grow(m ints, n int) (log growth) {
	intsSink = m
	now := buckets(m)
	log.buckets = []int{now}
	for i := 0; i < n; i++ {
		m[randomKey(i)] = value(i)
		if after := buckets(m); after != now {
			log.points = append(log.points, i)
			log.buckets = append(log.buckets, after)
			log.loads = append(log.loads, float64(i)/float64(now))
			now = after
		}
	}
	return log
}

func offerGrowth(p *lab.Program) {
	for _, n := range []int{1000, 10000} {
		n := n
		var once *growth // facts of one fill agree with each other
		log := func() growth {
			if once == nil {
				found := grow(ints{}, n)
				once = &found
			}
			return *once
		}
		name := fmt.Sprintf("Growth/key=int64/n=%d", n)
		p.Fact(name, "growth-points", func() interface{} { return from(0, log().points) })
		p.Fact(name+"/from=32", "growth-points", func() interface{} { return from(32, log().points) })
		p.Fact(name, "growths", func() interface{} { return len(log().points) })
		p.Fact(name, "buckets", func() interface{} { return log().buckets })
		p.Fact(name, "load-at-growth", func() interface{} { return log().loads })
		hinted := fmt.Sprintf("Presized/key=int64/n=%d", n)
		p.Fact(hinted, "growths", func() interface{} { return len(grow(make(ints, n), n).points) })
		p.Fact(hinted, "buckets", func() interface{} { return buckets(make(ints, n)) })
	}
	p.Fact("Moving/key=int64/n=833", "holds", func() interface{} { return moving(filled(833)) })
	p.Fact("Overflow/live=100", "holds", func() interface{} { return rebuiltInPlace() })
}

// from keeps what is not below a limit.
func from(lowest int, points []int) []int {
	kept := []int{}
	for _, at := range points {
		if at >= lowest {
			kept = append(kept, at)
		}
	}
	return kept
}
