// malloc_classes: which of Go's size classes serve malloc, found by one load.
//
//   request  0..16  17..32  33..48  49..64 ... 32768     every 16 bytes one entry: the class times 16,
//   class      2      4       5       6          67      which is its offset in the cache's slots
//
// C asks that a block be aligned for any type: 16 bytes here. Objects lie at multiples of their size
// from a page's begin, so the classes of 8 and of 24 bytes are left out; all others are multiples
// of 16. Go has no such duty: it aligns to 8, and so wastes less on objects of 1 to 8 and 17 to 24.
//
// Rejected    Go's two tables (steps of 8, then of 128): a compare and a branch more on every call.
#pragma once

#include "allocators/golike/size_class.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace golike {

inline constexpr std::size_t k_alignment = 16;
inline constexpr std::size_t k_max_small = lab::go::k_max_small_bytes;

namespace detail {
constexpr auto make_malloc_classes() {
    std::array<std::uint16_t, k_max_small / k_alignment + 1> table{};
    std::size_t size_class = 1;
    for (std::size_t i = 0; i < table.size(); ++i) {
        while (lab::go::k_classes[size_class].bytes < i * k_alignment ||
               lab::go::k_classes[size_class].bytes % k_alignment != 0) {
            ++size_class;
        }
        table[i] = static_cast<std::uint16_t>(size_class * 16);
    }
    return table;
}
}  // namespace detail

inline constexpr auto k_malloc_classes = detail::make_malloc_classes();

/// The class that serves `bytes`, at most k_max_small, times 16.
constexpr std::uint32_t malloc_class_times_16(std::size_t bytes) {
    return k_malloc_classes[(bytes + k_alignment - 1) / k_alignment];
}

/// The class whose objects hold `bytes` and all lie at multiples of `alignment` (a power of two, a
/// page at most); 0 if there is none.
constexpr std::uint8_t aligned_class_of(std::size_t bytes, std::size_t alignment) {
    if (bytes > k_max_small) return 0;
    for (std::size_t c = malloc_class_times_16(bytes) / 16; c < lab::go::k_size_classes; ++c) {
        if (lab::go::k_classes[c].bytes % alignment == 0) return static_cast<std::uint8_t>(c);
    }
    return 0;
}

}  // namespace golike
