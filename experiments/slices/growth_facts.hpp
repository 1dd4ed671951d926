// growth_facts: what follows from a growth rule by counting alone.
//
// A rule's capacities, moves and copies come from grow_history, which touches no memory; a test
// walks real slices beside it.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "models/slice/grow_history.hpp"
#include "models/slice/growth.hpp"

namespace lab::slices {

/// Means over final lengths that are spread evenly on a logarithmic scale, three decades of them
/// and large enough that rounding to whole elements does not show.
///
/// Closed forms: copies/cap 1/(r-1); utilisation (r-1)/(r ln r). The form ln r/(r-1), often quoted
/// for utilisation, is the mean at one fixed length when capacities spread evenly over [n, r n).
struct FactorMeans {
    double copies_per_capacity = 0.0;
    double utilisation = 0.0;
};

inline FactorMeans factor_means(double factor) {
    constexpr double k_shortest = 1e6;
    constexpr double k_spread = 1e3;
    constexpr int k_lengths = 30000;
    const go::growth::any_factor growth{factor};
    const auto capacities =
        go::grow_history(growth, 1, static_cast<std::size_t>(k_shortest * k_spread)).capacities;

    FactorMeans sums;
    std::size_t step = 0;
    std::uint64_t copies = 0;
    for (int i = 0; i < k_lengths; ++i) {
        const auto length =
            static_cast<std::size_t>(k_shortest * std::pow(k_spread, double(i) / k_lengths));
        while (capacities[step] < length) copies += capacities[step++];
        const auto cap = static_cast<double>(capacities[step]);
        sums.copies_per_capacity += static_cast<double>(copies) / cap;
        sums.utilisation += static_cast<double>(length) / cap;
    }
    return {sums.copies_per_capacity / k_lengths, sums.utilisation / k_lengths};
}

/// Capacities that n appends take, and how often they change; Slice is any type with append() or
/// push_back() made like a slice.
template <class Slice, class Append>
std::vector<std::size_t> observed_capacities(Slice slice, std::size_t n, Append append) {
    std::vector<std::size_t> capacities;
    std::size_t last = slice.capacity();
    for (std::size_t i = 0; i < n; ++i) {
        append(slice, static_cast<std::int64_t>(i));
        if (slice.capacity() != last) capacities.push_back(last = slice.capacity());
    }
    return capacities;
}

}  // namespace lab::slices
