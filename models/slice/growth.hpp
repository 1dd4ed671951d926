// growth: how much capacity a slice that must grow is given, one type a rule.
//
//   go1_17     1 2 4 ... 1024 1280 1696 2304    double below 1024, then a quarter, then size class
//   go1_18     1 2 4 ...  512  848 1280 1792    double below 256, then (c + 3*256)/4, then size
//   class factor<2>  1 2 4 ... 1024 2048              floor(r * old), at least what is needed; no
//   rounding
//
// A policy is any type with
//     std::size_t next(std::size_t old_cap, std::size_t needed, std::size_t elem_bytes) const
// that returns a capacity in elements, at least `needed`, or throws std::length_error where Go
// panics. `needed` is above `old_cap`; elements of no size never reach a policy.
//
// Invariants  next() >= needed; next() * elem_bytes <= k_max_alloc_bytes.
// Source      Go tree: src/runtime/slice.go (growslice, nextslicecap) of 1.17, 1.23 and 1.26.
// Rejected    A floating-point factor as template argument: clang 16 has none. Ratios of integers
//             also keep every capacity exact.
#pragma once

#include <algorithm>
#include <cstddef>
#include <stdexcept>

#include "allocators/golike/size_class.hpp"

namespace lab::go {

inline constexpr std::size_t k_max_alloc_bytes = std::size_t{1} << 48;  // linux/amd64

/// elements * elem_bytes, or std::length_error(what) when Go would not allocate that much.
constexpr std::size_t checked_bytes(std::size_t elements, std::size_t elem_bytes,
                                    const char* what) {
    if (elem_bytes != 0 && elements > k_max_alloc_bytes / elem_bytes) throw std::length_error(what);
    return elements * elem_bytes;
}

namespace growth {

inline constexpr const char* k_len_out_of_range = "growslice: len out of range";
inline constexpr const char* k_cap_out_of_range = "growslice: cap out of range";  // before Go 1.20

/// Capacity in elements after the bytes are rounded up to what Go's allocator gives.
constexpr std::size_t fill_size_class(std::size_t cap, std::size_t elem_bytes, MallocHeader header,
                                      const char* what) {
    const std::size_t bytes = round_up_size(checked_bytes(cap, elem_bytes, what), header);
    if (bytes > k_max_alloc_bytes) throw std::length_error(what);
    return bytes / elem_bytes;
}

/// Go up to 1.17: doubles below Threshold elements, then adds a quarter.
template <std::size_t Threshold>
struct go_stepped {
    static constexpr std::size_t next(std::size_t old_cap, std::size_t needed,
                                      std::size_t elem_bytes) {
        checked_bytes(needed, elem_bytes, k_cap_out_of_range);
        std::size_t cap = old_cap;
        if (needed > 2 * old_cap) {
            cap = needed;
        } else if (old_cap < Threshold) {
            cap = 2 * old_cap;
        } else {
            while (cap < needed) cap += cap / 4;
        }
        return fill_size_class(cap, elem_bytes, MallocHeader::none, k_cap_out_of_range);
    }
};

/// Go from 1.18 on: doubles below Threshold elements, then slides from twice to a quarter more.
template <std::size_t Threshold, MallocHeader Header>
struct go_smooth {
    static constexpr std::size_t next(std::size_t old_cap, std::size_t needed,
                                      std::size_t elem_bytes) {
        checked_bytes(needed, elem_bytes, k_len_out_of_range);
        std::size_t cap = old_cap;
        if (needed > 2 * old_cap) {
            cap = needed;
        } else if (old_cap < Threshold) {
            cap = 2 * old_cap;
        } else {
            do cap += (cap + 3 * Threshold) / 4;
            while (cap < needed);
        }
        return fill_size_class(cap, elem_bytes, Header, k_len_out_of_range);
    }
};

using go1_17 = go_stepped<1024>;
using go1_18 = go_smooth<256, MallocHeader::none>;  // any elements up to 1.21; later, no pointers
using go1_22_pointers =
    go_smooth<256, MallocHeader::if_large>;  // elements with pointers from 1.22 on

/// The larger of what a rule proposes and what is needed, cut to what may be allocated at all.
constexpr std::size_t at_least(std::size_t needed, std::size_t proposed, std::size_t elem_bytes) {
    checked_bytes(needed, elem_bytes, k_len_out_of_range);
    return std::max(needed, std::min(proposed, k_max_alloc_bytes / elem_bytes));
}

/// Times Num/Den, rounded down.
template <std::size_t Num, std::size_t Den = 1>
struct factor {
    static_assert(Num > Den && Num < (std::size_t{1} << 31),
                  "a factor above 1, small enough to multiply");
    static constexpr std::size_t next(std::size_t old_cap, std::size_t needed,
                                      std::size_t elem_bytes) {
        if (old_cap > k_max_alloc_bytes / Num * Den)
            return at_least(needed, k_max_alloc_bytes, elem_bytes);
        return at_least(needed, old_cap / Den * Num + old_cap % Den * Num / Den, elem_bytes);
    }
};

using doubling = factor<2>;
using one_and_a_half = factor<3, 2>;
using golden =
    factor<832040, 514229>;  // neighbours in Fibonacci's sequence: the golden ratio to 12 digits
using one_and_an_eighth = factor<9, 8>;

/// Rule, but the first array has room for Bytes: an allocator's smallest blocks are larger than one
/// small element, so the first few doublings would buy nothing.
template <std::size_t Bytes, class Rule>
struct first_array {
    static constexpr std::size_t next(std::size_t old_cap, std::size_t needed,
                                      std::size_t elem_bytes) {
        const std::size_t cap = Rule{}.next(old_cap, needed, elem_bytes);
        return old_cap == 0 ? std::max(cap, Bytes / elem_bytes) : cap;
    }
};

/// A factor chosen at run time, for sweeps.
struct any_factor {
    double times = 2.0;
    constexpr std::size_t next(std::size_t old_cap, std::size_t needed,
                               std::size_t elem_bytes) const {
        const double proposed = static_cast<double>(old_cap) * times;
        const bool too_large = proposed >= static_cast<double>(k_max_alloc_bytes);
        return at_least(needed, too_large ? k_max_alloc_bytes : static_cast<std::size_t>(proposed),
                        elem_bytes);
    }
};

}  // namespace growth
}  // namespace lab::go
