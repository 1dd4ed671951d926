// latency: how long single inserts take while a map grows.
//
// Trap        A clock around each insert costs about as much as the insert: the middle of the
//             distribution is too high by that, its end is not.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "keys.hpp"

namespace lab::maps {

/// How long each insert took.
template <class Map>
std::vector<std::int64_t> times_of_fill(std::size_t n) {
    using Clock = std::chrono::steady_clock;
    std::vector<std::int64_t> took_ns(n, 0);
    Map map;
    Clock::time_point before = Clock::now();
    for (std::size_t i = 0; i < n; ++i) {
        map.insert_or_assign(RandomInts::at(i), value_of(i));
        const Clock::time_point after = Clock::now();
        took_ns[i] = std::chrono::duration_cast<std::chrono::nanoseconds>(after - before).count();
        before = after;
    }
    return took_ns;
}

/// How long inserts took, in rising order, in the fill of five whose slowest insert was fastest:
/// whatever else ran cannot have helped it.
template <class Map>
std::vector<std::int64_t> quietest_fill(std::size_t n) {
    std::vector<std::int64_t> best = times_of_fill<Map>(n);
    for (int more = 0; more < 4; ++more) {
        std::vector<std::int64_t> next = times_of_fill<Map>(n);
        if (std::ranges::max(next) < std::ranges::max(best)) best = std::move(next);
    }
    std::ranges::sort(best);
    return best;
}

}  // namespace lab::maps
