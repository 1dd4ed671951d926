// Threads: goroutines that allocate side by side.

package allocation

import (
	"fmt"
	"runtime"
	"sync"

	"claimslab/lab"
)

func offerThreads(p *lab.Program) {
	counts := []int{1, 2}
	if runtime.NumCPU() > 2 {
		counts = append(counts, runtime.NumCPU())
	}
	for _, threads := range counts {
		threads := threads
		p.Timed(fmt.Sprintf("Parallel/threads=%d/bytes=64/n=100000", threads), func() func() uint32 {
			return func() uint32 { return parallel(threads, 100000) }
		})
	}
}

// parallel makes n objects in each of several goroutines, in batches that are dropped together.
func parallel(threads, n int) uint32 {
	var wait sync.WaitGroup
	good := make([]uint32, threads)
	wait.Add(threads)
	for t := 0; t < threads; t++ {
		go func(good *uint32) {
			defer wait.Done()
			var blocks [100]*[64]byte
			for done := 0; done < n; done += len(blocks) {
				for i := range blocks {
					blocks[i] = new([64]byte)
					blocks[i][0] = byte(i)
				}
				for i := range blocks {
					if blocks[i][0] == byte(i) {
						*good++
					}
				}
			}
		}(&good[t])
	}
	wait.Wait()
	sum := uint32(0)
	for _, g := range good {
		sum += g
	}
	return sum
}
