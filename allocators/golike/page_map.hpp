// PageMap: for every page of the heap four bytes, all that free() must know of a pointer.
//
//   31      phase       16 15  12 11    10  size class  4 3 page in span 0
//   [ of the first byte  |      | large |  times 16      |                ]     0: no block begins here
//
// The phase is where in an object the page begins, so that free() can tell a block's begin from its
// inside without knowing the span. The class stands where it is an offset into a table of 16 bytes an
// entry already.
//
// Only the first page of a large block has an entry, so that making one costs the same at any size.
// Go's answer to the same question is heapArena.spans, a pointer a page, and the span then knows the
// class: two loads that depend on each other. Freeing is malloc's fast path and was not Go's, so here
// the class is one load away.
//
// Invariants  Entries of a live span stay as they are until all its blocks are free.
// Costs       4 bytes for 8 KiB. The table begins small and is copied into one four times as large
//             when the heap outgrows it; the old ones stay mapped, for a reader may be inside.
// Threads     Reading takes no lock. Whoever has a block got it, however indirectly, from a thread
//             that saw the table which holds its entry; so it is never found in an older table.
#pragma once

#include "allocators/golike/size_class.hpp"
#include "allocators/golike/system_memory.hpp"

#include <atomic>
#include <cstdint>
#include <cstring>

namespace golike {

class PageMap {
public:
    struct Entry {
        std::uint32_t bits = 0;

        bool is_large() const { return (bits & k_large) != 0; }
        /// 0 if the page holds no small objects.
        std::uint8_t size_class() const { return static_cast<std::uint8_t>((bits & k_class) >> 4); }
        std::uint32_t size_class_times_16() const { return bits & k_class; }
        std::uint32_t page_in_span() const { return bits & 15; }
        std::uint32_t phase() const { return bits >> 16; }
    };

    /// The entry of a page by its number from the heap's begin, however wild the number is.
    Entry entry(std::uintptr_t page) const {
        // First the limit, then the table: a newer table is larger, never smaller.
        if (page >= limit_.load(std::memory_order_acquire)) [[unlikely]] return {};
        return {table_.load(std::memory_order_acquire)[page].load(std::memory_order_relaxed)};
    }

    void set_small(std::uint32_t first, std::uint32_t pages, std::uint8_t size_class) {
        const auto bytes = static_cast<std::uint32_t>(lab::go::k_classes[size_class].bytes);
        for (std::uint32_t i = 0; i < pages; ++i) {
            const auto phase = static_cast<std::uint32_t>(i * lab::go::k_page_bytes % bytes);
            put(first + i, phase << 16 | std::uint32_t{size_class} << 4 | i);
        }
    }
    void set_large(std::uint32_t first) { put(first, k_large); }
    void clear(std::uint32_t first, std::uint32_t pages) {
        for (std::uint32_t i = 0; i < pages; ++i) put(first + i, 0);
    }

    /// Makes room for entries of pages below `end`; false if there is no memory for that.
    bool cover(std::uint32_t end) {
        const std::uint32_t limit = limit_.load(std::memory_order_relaxed);
        if (end <= limit) return true;
        std::uint32_t wider = limit == 0 ? k_first_pages : limit;
        while (wider < end) wider *= 4;
        auto* const table = static_cast<Cell*>(system_memory::map(std::size_t{wider} * sizeof(Cell)));
        if (table == nullptr) return false;
        const Cell* const old = table_.load(std::memory_order_relaxed);
        for (std::uint32_t i = 0; i < limit; ++i) {
            table[i].store(old[i].load(std::memory_order_relaxed), std::memory_order_relaxed);
        }
        table_.store(table, std::memory_order_release);
        limit_.store(wider, std::memory_order_release);
        return true;
    }

    /// Unmaps the table; the heap and everything in it is gone.
    void release() {
        if (Cell* table = table_.load()) {
            system_memory::unmap(table, std::size_t{limit_.load()} * sizeof(Cell));
        }
    }

private:
    static constexpr std::uint32_t k_class = 0x7f0;
    static constexpr std::uint32_t k_large = 0x800;

    using Cell = std::atomic<std::uint32_t>;
    static constexpr std::uint32_t k_first_pages = std::uint32_t{1} << 19;  // 4 GiB of heap

    void put(std::uint32_t page, std::uint32_t bits) {
        table_.load(std::memory_order_relaxed)[page].store(bits, std::memory_order_relaxed);
    }

    std::atomic<std::uint32_t> limit_{0};
    std::atomic<Cell*> table_{nullptr};
};

}  // namespace golike
