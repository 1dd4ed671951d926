// PageHeap: all pages of the heap; runs of them are taken from the lowest address where they fit.
//
//   Region      base [ arena 64 MiB ][ arena ][ arena ] ... grows upwards
//   Arena       16 chunks of 512 pages: free bits, dirty bits; one Span record for each page
//   Summary     radix tree over the chunks           PageMap   four bytes for each page
//
// A page is in use, or free and clean (it reads as zero: never touched, or given back to the kernel),
// or free and dirty (resident, with old contents). First fit by address keeps the heap dense at its
// low end; the scavenger gives back dirty pages from the high end.
//
// Invariants  A page has its free bit, or belongs to one span, or to one page cache. Dirty implies
//             free. Pages not yet grown into have neither bit. The summary equals the bits.
// Costs       A run: one search, two bit ranges, one climb; constant up to a chunk, then linear in
//             chunks. Records for 64 MiB are mapped when the heap grows into them: under 3 percent.
// Rejected    Holding the lock over madvise: the run is taken out of the heap meanwhile.
// Threads     One lock. The reclaimer is called without it.
#pragma once

#include "allocators/golike/lock.hpp"
#include "allocators/golike/page_bits.hpp"
#include "allocators/golike/page_map.hpp"
#include "allocators/golike/page_summary.hpp"
#include "allocators/golike/scavenger.hpp"
#include "allocators/golike/span.hpp"
#include "allocators/golike/system_memory.hpp"

#include <array>
#include <cstdint>
#include <mutex>

namespace golike {

struct PageRange {
    std::uint32_t first = 0;
    std::uint32_t pages = 0;
};

/// A run of pages, and which parts of it must be zeroed if zero is wanted.
struct PageRun : PageRange {
    std::array<PageRange, 8> dirty{};
    std::uint32_t dirty_count = 0;
    void add_dirty(PageRange range);
};

/// Up to 64 neighbouring pages that a page cache took out of the heap.
struct PageBlock {
    std::uint32_t first = 0;
    std::uint64_t free = 0;
    std::uint64_t dirty = 0;
};

class PageHeap {
public:
    constexpr PageHeap() = default;
    ~PageHeap() = default;
    PageHeap(const PageHeap&) = delete;
    PageHeap& operator=(const PageHeap&) = delete;

    /// Takes over the region; to be called once, before anything else.
    void start(const Region& region);
    /// Unmaps a reserved region and all records.
    void release();
    /// Called, without locks, before the heap grows; true if it freed pages.
    void set_reclaimer(bool (*reclaim)(void*), void* of) {
        reclaim_ = reclaim;
        reclaim_of_ = of;
    }

    /// `pages` at a multiple of `alignment` pages (a power of two); no pages if there is no memory.
    PageRun allocate(std::uint32_t pages, std::uint32_t alignment = 1);
    void free(PageRange range);
    /// Takes the pages that follow the range, if all of them are free.
    bool extend(PageRange range, std::uint32_t more);

    PageBlock take_block();
    void give_block(const PageBlock& block);

    /// Gives dirty pages back until at most `keep` are left; returns the pages given back.
    std::uint32_t scavenge(std::uint32_t keep);
    /// After that, gives back what only large heaps need: regret, and the records of free chunks.
    void forget();

    /// The record of the span that begins with `page`.
    Span* span_at(std::uint32_t page) { return &arenas_[page / k_arena_pages]->spans[page % k_arena_pages]; }
    Span* make_span(PageRange range) {
        Span* span = span_at(range.first);
        span->begin = address(range.first);
        span->pages = range.pages;
        return span;
    }

    std::uintptr_t address(std::uint32_t page) const { return base_ + std::uintptr_t{page} * k_page_bytes; }
    std::uintptr_t base() const { return base_; }
    std::uint32_t page_of(std::uintptr_t at) const {
        return static_cast<std::uint32_t>((at - base_) / k_page_bytes);
    }
    /// The map's entry for the page of any address.
    PageMap::Entry entry_of(std::uintptr_t at) const { return map_.entry((at - base_) / k_page_bytes); }
    PageMap& map() { return map_; }
    const PageMap& map() const { return map_; }

    struct Totals {
        std::uint64_t grown = 0, free = 0, dirty = 0;
    };
    Totals totals() {
        const std::lock_guard hold(lock_);
        return {grown_pages_, free_pages_, dirty_pages_};
    }
    Lock& lock() { return lock_; }

    // For tests: the bits and the summary, to be read while nobody allocates.
    const PageSummary& summary() const { return summary_; }
    const PageBits& free_bits(std::uint32_t chunk) { return chunk_at(chunk).free; }
    const PageBits& dirty_bits(std::uint32_t chunk) { return chunk_at(chunk).dirty; }
    std::uint32_t end_page() const { return end_page_; }

private:
    static constexpr std::uint32_t k_arena_pages = Region::k_alignment / k_page_bytes;
    static constexpr std::uint32_t k_arena_chunks = k_arena_pages / k_chunk_pages;

    struct Chunk {
        PageBits free;
        PageBits dirty;
    };
    struct Arena {
        std::array<Chunk, k_arena_chunks> chunks;
        std::array<Span, k_arena_pages> spans;
    };

    Chunk& chunk_at(std::uint32_t chunk) {
        return arenas_[chunk / k_arena_chunks]->chunks[chunk % k_arena_chunks];
    }
    template <class Action>
    void each_chunk(PageRange range, Action action);

    bool find(std::uint32_t pages, std::uint32_t alignment, PageRange& found);
    void take(PageRange range, PageRun* run);
    void give(PageRange range, bool dirty);
    bool grow(std::uint32_t pages);
    bool make_records(std::uint32_t end);
    std::uint32_t free_tail();
    bool take_dirty_run(PageRange& range);

    Lock lock_;
    std::uintptr_t base_ = 0;
    PageMap map_;
    Region region_;
    Scavenger scavenger_;
    std::uint32_t end_page_ = 0;      // the heap ends here
    std::uint32_t used_end_ = 0;      // no page from here on was ever in use
    std::uint32_t scavenge_end_ = 0;  // no chunk from here on is dirty
    std::uint64_t grown_pages_ = 0, free_pages_ = 0, dirty_pages_ = 0;
    bool (*reclaim_)(void*) = nullptr;
    void* reclaim_of_ = nullptr;
    PageSummary summary_;
    std::array<Arena*, PageSummary::k_chunks / k_arena_chunks> arenas_{};
};

}  // namespace golike
