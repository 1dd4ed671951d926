// PageSummary: a radix tree over the chunks, to find the lowest run of free pages of a length.
//
//   level 0   [ 16 GiB ][ 16 GiB ] ...            each entry summarises the eight below it;
//   level 1   [2 GiB]x8 ...                       the last level has one entry a chunk of 4 MiB,
//   ...                                           and under it lie the bits themselves
//   level 4   [4 MiB]x8 ...
//
// Address-ordered first fit: at each level the entries are read from the lowest address on. A run may
// cross entries (end of one, wholly free ones, start of the next); otherwise it lies inside the first
// entry whose max suffices, and the search goes down into that one alone.
//
// Invariants  Every entry equals the merge of the eight below it; level 4 equals the bits.
// Costs       A search reads at most 8 entries on each of 4 levels and the used part of level 0. An
//             update climbs until nothing changes.
// Gives up    More than 1 TiB of heap: level 0 is as wide as that (Go covers all 48 bits).
// Rejected    Go's searchAddr, a hint below which nothing is free: searches here are rare enough
//             behind the page caches, and the hint is one more invariant to keep.
// Threads     None: the page heap's lock is held.
#pragma once

#include "allocators/golike/page_bits.hpp"

#include <array>
#include <cstdint>

namespace golike {

class PageSummary {
public:
    static constexpr std::uint32_t k_levels = 5;
    static constexpr std::uint32_t k_chunks = std::uint32_t{1} << 18;  // 1 TiB
    static constexpr std::uint32_t k_none = ~std::uint32_t{0};

    static constexpr std::uint32_t pages_per_entry(std::uint32_t level) {
        return k_chunk_pages << 3 * (k_levels - 1 - level);
    }

    Summary at(std::uint32_t level, std::uint32_t index) const { return entries(level)[index]; }

    /// Takes over the summary of one chunk.
    void update(std::uint32_t chunk, Summary summary) {
        std::uint32_t index = chunk;
        for (std::uint32_t level = k_levels - 1;; --level) {
            Summary& entry = entries(level)[index];
            if (entry == summary) return;
            entry = summary;
            if (level == 0) return;
            index /= 8;
            summary = merge(entries(level) + index * 8, pages_per_entry(level));
        }
    }

    /// A run that begins in `page`, or a chunk of which only the bits can tell where.
    struct Found {
        std::uint32_t page = k_none;
        std::uint32_t chunk = k_none;
    };

    /// The lowest run of `pages`; both fields are k_none if there is none below `end_page`.
    Found find(std::uint32_t pages, std::uint32_t end_page) const {
        const std::uint32_t top = pages_per_entry(0);
        std::uint32_t first = 0;
        std::uint32_t last = (end_page + top - 1) / top;
        for (std::uint32_t level = 0; level < k_levels; ++level) {
            const std::uint32_t per_entry = pages_per_entry(level);
            const Summary* const list = entries(level);
            std::uint32_t run = 0;  // free pages directly before this entry
            std::uint32_t i = first;
            for (; i < last; ++i) {
                const Summary entry = list[i];
                if (run + entry.start() >= pages) return {i * per_entry - run, k_none};
                if (entry.max() >= pages) break;
                run = entry.start() == per_entry ? run + per_entry : entry.end();
            }
            if (i == last) return {};
            first = i * 8;
            last = first + 8;
        }
        return {k_none, first / 8};
    }

    static Summary merge(const Summary* eight, std::uint32_t pages_each) {
        std::uint32_t start = 0, max = 0, run = 0;
        for (std::uint32_t i = 0; i < 8; ++i) {
            const Summary s = eight[i];
            if (run == i * pages_each) start = run + s.start();
            max = std::max({max, run + s.start(), s.max()});
            run = s.start() == pages_each ? run + pages_each : s.end();
        }
        return {start, max, run};
    }

private:
    static constexpr std::uint32_t offset_of(std::uint32_t level) {
        std::uint32_t offset = 0;
        for (std::uint32_t below = k_levels - 1; below > level; --below) {
            offset += k_chunks >> 3 * (k_levels - 1 - below);
        }
        return offset;
    }
    static constexpr std::uint32_t k_entries =
        k_chunks + k_chunks / 8 + k_chunks / 64 + k_chunks / 512 + k_chunks / 4096;

    const Summary* entries(std::uint32_t level) const { return entries_.data() + offset_of(level); }
    Summary* entries(std::uint32_t level) { return entries_.data() + offset_of(level); }

    std::array<Summary, k_entries> entries_{};
};

}  // namespace golike
