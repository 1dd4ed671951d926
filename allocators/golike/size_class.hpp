// size_class: the 68 size classes of Go's allocator, made by Go's own rule at compile time.
//
//   request  1..8  9..16  17..24  25..32  33..48 ...  28673..32768   more
//   class      1      2       3       4       5              67     whole pages of 8 KiB
//
// Rule        Sizes go up by an alignment that widens at powers of two; a span is the fewest pages
//             whose tail waste is at most an eighth; neighbours with the same span and the same
//             number of objects are one class; each class then takes what its span has left.
// Invariants  Sizes rise strictly; every size above 1024 is a multiple of 128, which the second
//             lookup table relies on. All but 8 and 24 are multiples of 16.
// Costs       A lookup is one division by a power of two and two loads.
// Source      Go tree: src/runtime/_mkmalloc/mksizeclasses.go (the rule), src/runtime/msize.go
//             (rounding), src/internal/runtime/gc/sizeclasses.go (the table it must equal).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace lab::go {

inline constexpr std::size_t k_page_bytes = 8192;
inline constexpr std::size_t k_max_small_bytes = 32768;
inline constexpr std::size_t k_size_classes = 68;  // class 0 stands for "large"

/// Go 1.16 widened the alignment at 32 instead of 16 bytes, and so won the class of 24 bytes.
enum class Classes { before_1_16, since_1_16 };

struct SizeClass {
    std::size_t bytes = 0;
    std::size_t pages = 0;
};

/// Where the pointer bitmap of an allocation lives. Go 1.22 and later put eight bytes in front of
/// an object with pointers of more than 512 bytes; older versions and pointer-free objects have
/// none.
enum class MallocHeader { none, if_large };

namespace detail {

inline constexpr std::size_t k_fine_step = 8;      // lookup step up to k_fine_limit
inline constexpr std::size_t k_coarse_step = 128;  // lookup step above
inline constexpr std::size_t k_fine_limit = 1024;
inline constexpr std::size_t k_header_bytes = 8;
inline constexpr std::size_t k_headerless_bytes = 512;

constexpr bool is_power_of_two(std::size_t x) {
    return x != 0 && (x & (x - 1)) == 0;
}

constexpr std::size_t alignment_from(std::size_t size, std::size_t current, Classes version) {
    if (!is_power_of_two(size)) return current;
    if (size >= 2048) return 256;
    if (size >= 128) return size / 8;
    if (size >= (version == Classes::since_1_16 ? 32 : 16)) return 16;
    return current;
}

constexpr std::size_t span_bytes_for(std::size_t size) {
    std::size_t span = k_page_bytes;
    while (span % size > span / 8) span += k_page_bytes;
    return span;
}

template <Classes Version>
constexpr auto make_size_classes() {
    std::array<SizeClass, k_size_classes - (Version == Classes::before_1_16)> classes{};
    std::size_t count = 1;
    std::size_t align = 8;
    for (std::size_t size = align; size <= k_max_small_bytes; size += align) {
        align = alignment_from(size, align, Version);
        const std::size_t span = span_bytes_for(size);
        SizeClass& last = classes[count - 1];
        if (last.bytes != 0 && last.pages == span / k_page_bytes &&
            span / size == span / last.bytes) {
            last.bytes = size;
            continue;
        }
        classes.at(count++) = {size,
                               span / k_page_bytes};  // at(): one class too many does not compile
    }
    for (SizeClass& c : classes) {
        if (c.bytes == 0) continue;
        const std::size_t span = c.pages * k_page_bytes;
        const std::size_t widest = span / (span / c.bytes) / k_coarse_step * k_coarse_step;
        if (widest > c.bytes) c.bytes = widest;
    }
    return classes;
}

}  // namespace detail

inline constexpr auto k_classes = detail::make_size_classes<Classes::since_1_16>();
inline constexpr auto k_classes_before_1_16 = detail::make_size_classes<Classes::before_1_16>();

namespace detail {

template <std::size_t Count>
constexpr std::array<std::uint8_t, Count> make_lookup(std::size_t first, std::size_t step) {
    std::array<std::uint8_t, Count> lookup{};
    std::size_t index = 0;
    for (std::size_t i = 0; i < Count; ++i) {
        while (k_classes[index].bytes < first + i * step) ++index;
        lookup[i] = static_cast<std::uint8_t>(index);
    }
    return lookup;
}

inline constexpr auto k_fine = make_lookup<k_fine_limit / k_fine_step + 1>(0, k_fine_step);
inline constexpr auto k_coarse =
    make_lookup<(k_max_small_bytes - k_fine_limit) / k_coarse_step + 1>(k_fine_limit,
                                                                        k_coarse_step);

constexpr std::size_t divide_up(std::size_t x, std::size_t by) {
    return (x + by - 1) / by;
}

}  // namespace detail

/// The class that serves a request of `bytes`, at most k_max_small_bytes.
constexpr std::size_t size_class_of(std::size_t bytes) {
    using namespace detail;
    if (bytes <= k_fine_limit - k_fine_step) return k_fine[divide_up(bytes, k_fine_step)];
    if (bytes <= k_fine_limit) return k_fine[k_fine_limit / k_fine_step];
    return k_coarse[divide_up(bytes - k_fine_limit, k_coarse_step)];
}

/// The bytes that Go really gives to a request of `bytes`: its size class, or whole pages, less the
/// header if there is one. A request too large to round is returned as it is.
constexpr std::size_t round_up_size(std::size_t bytes, MallocHeader header = MallocHeader::none) {
    using namespace detail;
    if (bytes <= k_max_small_bytes - k_header_bytes) {
        const bool has_header = header == MallocHeader::if_large && bytes > k_headerless_bytes;
        const std::size_t extra = has_header ? k_header_bytes : 0;
        return k_classes[size_class_of(bytes + extra)].bytes - extra;
    }
    if (bytes > std::numeric_limits<std::size_t>::max() - (k_page_bytes - 1)) return bytes;
    return divide_up(bytes, k_page_bytes) * k_page_bytes;
}

}  // namespace lab::go
