// tiers: how far down Go's allocator has to go for each block, in the model that decides as Go does.
//
//   cache     the span that the last block came from
//   central   another span, which has been handed out before
//   heap      a span that is new, of pages the heap has
//   system    a span for which the heap had to grow
//
// Blocks are replaced at random, and what was replaced is freed all at once, as a collection would,
// when as much garbage has gathered as lives.
//
// Gives up    A span made anew at the place of one that was given up counts as central. It takes that
//             all of its 128 blocks die in one round.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_set>
#include <vector>

#include "allocators/golike/heap.hpp"
#include "memory.hpp"

namespace lab::allocation {

/// Parts of 1, of all blocks that were asked for.
struct Tiers {
    double cache = 0;
    double central = 0;
    double heap = 0;
    double system = 0;
};

inline Tiers tiers(std::size_t bytes, std::size_t live, std::size_t allocations) {
    golike::Heap heap(std::size_t{1} << 30);
    golike::Heap::Cache cache;
    std::vector<void*> blocks(live);
    std::vector<void*> garbage;
    std::unordered_set<const golike::Span*> known;
    const golike::Span* last = nullptr;
    std::uint64_t grown = heap.pages().totals().grown;
    std::uint64_t counts[4] = {};
    Rng rng{7};
    for (std::size_t i = 0; i < allocations; ++i) {
        void* block = checked(heap.allocate(cache, bytes, golike::Pointers::some));
        const golike::Span* span = heap.span_of(block);
        std::size_t tier = 0;
        if (span != last) {
            const std::uint64_t now = heap.pages().totals().grown;
            tier = !known.insert(span).second ? 1 : now == grown ? 2 : 3;
            grown = now;
            last = span;
        }
        ++counts[tier];
        void*& place = blocks[i < live ? i : rng.below(live)];
        if (place != nullptr) garbage.push_back(place);
        place = block;
        if (garbage.size() < live) continue;
        for (void* dead : garbage) heap.release(dead, bytes, golike::Pointers::some);
        garbage.clear();
    }
    heap.close(cache);
    const auto part = [allocations](std::uint64_t count) {
        return static_cast<double>(count) / static_cast<double>(allocations);
    };
    return {part(counts[0]), part(counts[1]), part(counts[2]), part(counts[3])};
}

}  // namespace lab::allocation
