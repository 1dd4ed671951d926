// PageCache: up to 64 neighbouring pages of one thread, so that a small span costs no lock.
//
//   first + 0 ........................ 63     free: 1 = mine to hand out, 0 = in use or never mine
//   [1 1 0 0 0 1 1 1 1 1 ... 1 1 1 1 1 1]
//
// As Go's (mpagecache.go): an aligned block of 64 pages, whichever of them were free, taken whole from
// the chunk with the lowest free page; only spans of fewer than 16 pages come from it; freed pages go
// to the heap, never back into a cache.
//
// Costs       One search in a word. At most 512 KiB of addresses a thread.
// Threads     One owner. Go has one a processor; a malloc has only threads.
#pragma once

#include "allocators/golike/page_heap.hpp"

namespace golike {

class PageCache {
public:
    static constexpr std::uint32_t k_max_pages = 15;

    /// No pages if there is no memory.
    PageRange allocate(PageHeap& heap, std::uint32_t pages) {
        if (pages > k_max_pages) return heap.allocate(pages);
        if (block_.free == 0) block_ = heap.take_block();
        const std::uint32_t bit = find_run_in_word(block_.free, pages);
        if (bit == 64) return heap.allocate(pages);
        const std::uint64_t taken = ((std::uint64_t{1} << pages) - 1) << bit;
        block_.free &= ~taken;
        block_.dirty &= ~taken;
        return {block_.first + bit, pages};
    }

    void flush(PageHeap& heap) {
        heap.give_block(block_);
        block_ = {};
    }

private:
    PageBlock block_;
};

}  // namespace golike
