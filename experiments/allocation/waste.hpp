// waste: what a block holds beyond what was asked for, from outside: of a malloc, or of a table.
//
// A rounding is any function from the bytes asked for to the bytes of the block.
//
// Gives up    What malloc_usable_size does not tell: headers in front of blocks (8 bytes in glibc) and
//             tables elsewhere. Memory held over what lives counts those (footprint.hpp).

#pragma once

#include <malloc.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdlib>
#include <vector>

#include "allocators/golike/size_class.hpp"
#include "footprint.hpp"
#include "memory.hpp"

namespace lab::allocation {

inline constexpr std::size_t k_largest_class_bytes = go::k_max_small_bytes;

inline std::size_t usable_of_malloc(std::size_t bytes) {
    void* block = checked(std::malloc(bytes));
    const std::size_t usable = malloc_usable_size(block);
    std::free(block);
    return usable;
}

inline std::size_t usable_of_go(std::size_t bytes) { return go::round_up_size(bytes); }

/// The smallest power of two that holds them, from 8 bytes on.
inline std::size_t usable_of_pow2(std::size_t bytes) { return std::max<std::size_t>(8, std::bit_ceil(bytes)); }

/// Every different block size for requests of 1 to `until` bytes, in rising order.
template <class Rounding>
std::vector<std::size_t> distinct_sizes(Rounding usable, std::size_t until) {
    std::vector<std::size_t> sizes;
    for (std::size_t bytes = 1; bytes <= until; ++bytes) sizes.push_back(usable(bytes));
    std::ranges::sort(sizes);
    const auto repeats = std::ranges::unique(sizes);
    sizes.erase(repeats.begin(), repeats.end());
    return sizes;
}

inline double waste(std::size_t asked, std::size_t usable) {
    return static_cast<double>(usable - asked) / static_cast<double>(usable);
}

/// Over all sizes from 1 to `until`, each asked for once: the unused part of all memory.
template <class Rounding>
double mean_waste(Rounding usable, std::size_t until) {
    double asked = 0;
    double held = 0;
    for (std::size_t bytes = 1; bytes <= until; ++bytes) {
        asked += static_cast<double>(bytes);
        held += static_cast<double>(usable(bytes));
    }
    return (held - asked) / held;
}

/// The largest unused part of one block.
template <class Rounding>
double worst_waste(Rounding usable, std::size_t from, std::size_t until) {
    double worst = 0;
    for (std::size_t bytes = from; bytes <= until; ++bytes) worst = std::max(worst, waste(bytes, usable(bytes)));
    return worst;
}

/// Whether every span of Go's classes is whole pages and holds as many objects as fit.
inline bool spans_are_whole_pages() {
    return std::all_of(go::k_classes.begin() + 1, go::k_classes.end(), [](go::SizeClass c) {
        const std::size_t span = c.pages * go::k_page_bytes;
        const std::size_t objects = span / c.bytes;
        return c.pages > 0 && objects > 0 && span - objects * c.bytes <= span / 8;
    });
}

/// Resident bytes for each of a million blocks of that size that live at once.
inline double resident_per_block(std::size_t bytes) {
    constexpr std::size_t k_blocks = 1'000'000;
    return in_child([bytes] {
               std::vector<void*> blocks(k_blocks, nullptr);
               std::ranges::fill(blocks, static_cast<void*>(&blocks));  // resident before the count starts
               const double before = resident_bytes();
               for (void*& block : blocks) {
                   block = checked(std::malloc(bytes));
                   *static_cast<volatile char*>(block) = 1;
               }
               return std::vector<double>{(resident_bytes() - before) / k_blocks};
           })
        .at(0);
}

/// 64 MiB in blocks of 96 bytes; half of them are freed at random, and as many bytes asked for
/// again in blocks of `refill_bytes`. Resident memory over what lives then.
inline double held_over_live(std::size_t refill_bytes) {
    constexpr std::size_t k_bytes = 96;
    constexpr std::size_t k_blocks = (std::size_t{64} << 20) / k_bytes;
    return in_child([refill_bytes] {
               const std::size_t refills = k_blocks / 2 * k_bytes / refill_bytes;
               std::vector<void*> blocks(k_blocks + refills, nullptr);
               std::ranges::fill(blocks, static_cast<void*>(&blocks));
               const double before = resident_bytes();
               const auto make = [](std::size_t bytes) {
                   void* block = checked(std::malloc(bytes));
                   std::memset(block, 1, bytes);
                   return block;
               };
               for (std::size_t i = 0; i < k_blocks; ++i) blocks[i] = make(k_bytes);
               Rng rng{5};
               for (std::size_t i = k_blocks; i > k_blocks / 2; --i) {
                   std::swap(blocks[i - 1], blocks[rng.below(i)]);
                   std::free(blocks[i - 1]);
               }
               for (std::size_t i = 0; i < refills; ++i) blocks[k_blocks + i] = make(refill_bytes);
               const double live = static_cast<double>(k_blocks / 2 * k_bytes + refills * refill_bytes);
               return std::vector<double>{(resident_bytes() - before) / live};
           })
        .at(0);
}

}  // namespace lab::allocation
