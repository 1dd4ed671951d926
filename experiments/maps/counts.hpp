// counts: what a map compares, visits, holds and grows to, exactly; no clock.
//
// Means are over as many maps as it takes to hold 100,000 entries: every map has its own seed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "keys.hpp"
#include "standard.hpp"

namespace lab::maps {

inline constexpr std::size_t k_entries_of_a_mean = 100'000;

template <class Map>
concept Counts = requires(Map map) { map.statistics().comparisons; };

template <class Map>
std::uint64_t comparisons_of(Map& map) {
    if constexpr (Counts<Map>) {
        return map.statistics().comparisons;
    } else {
        return CountingEqual<typename Map::key_type>::comparisons;
    }
}

/// Cells, buckets or groups that lookups visited; 0 where a map does not tell.
template <class Map>
std::uint64_t probes_of(Map& map) {
    if constexpr (Counts<Map>) {
        return map.statistics().probes;
    } else {
        return 0;
    }
}

template <class Map>
std::size_t held_bytes(Map& map) {
    if constexpr (requires { map.memory_bytes(); }) {
        return map.memory_bytes();
    } else {
        return Given::bytes + sizeof map;
    }
}

/// Each a mean of one lookup.
struct Lookups {
    double hit_comparisons = 0;
    double hit_probes = 0;
    double miss_comparisons = 0;
    double miss_probes = 0;
};

/// `make()` returns an empty map; n keys are inserted, then each is looked up once, and as many that
/// are not there; in new maps until there were that many entries.
template <class Keys, class Make>
Lookups count_lookups(std::size_t n, Make make, std::size_t until = k_entries_of_a_mean) {
    Lookups sum;
    std::size_t entries = 0;
    for (; entries < until; entries += n) {
        auto map = make();
        for (std::size_t i = 0; i < n; ++i) map.insert_or_assign(Keys::at(i), value_of(i));
        const auto count = [&map, n](std::uint64_t first, double& comparisons, double& probes) {
            const std::uint64_t compared = comparisons_of(map);
            const std::uint64_t probed = probes_of(map);
            for (std::size_t i = 0; i < n; ++i) map.find(Keys::at(first + i));
            comparisons += static_cast<double>(comparisons_of(map) - compared);
            probes += static_cast<double>(probes_of(map) - probed);
        };
        count(0, sum.hit_comparisons, sum.hit_probes);
        count(k_absent + entries, sum.miss_comparisons, sum.miss_probes);
    }
    const auto mean = [entries](double total) { return total / static_cast<double>(entries); };
    return {mean(sum.hit_comparisons), mean(sum.hit_probes), mean(sum.miss_comparisons),
            mean(sum.miss_probes)};
}

template <class Map, class Keys>
double bytes_per_entry(std::size_t n) {
    double bytes = 0;
    std::size_t entries = 0;
    for (; entries < k_entries_of_a_mean; entries += n) {
        Map map;
        for (std::size_t i = 0; i < n; ++i) map.insert_or_assign(Keys::at(i), value_of(i));
        bytes += static_cast<double>(held_bytes(map));
    }
    return bytes / static_cast<double>(entries);
}

/// What is left of a map's memory when all its keys were deleted.
template <class Map, class Keys>
double kept_share(std::size_t n) {
    Map map;
    for (std::size_t i = 0; i < n; ++i) map.insert_or_assign(Keys::at(i), value_of(i));
    const auto full = static_cast<double>(held_bytes(map));
    for (std::size_t i = 0; i < n; ++i) map.erase(Keys::at(i));
    return static_cast<double>(held_bytes(map)) / full;
}

/// The log of one fill: entries held when each growth began, and buckets (or groups) before and
/// after. `buckets(map)` counts them.
struct Growth {
    std::vector<std::size_t> points;
    std::vector<std::size_t> buckets;

    std::vector<double> loads() const {
        std::vector<double> all;
        for (std::size_t i = 0; i < points.size(); ++i) {
            if (points[i] == 0) continue;  // a map that had no memory yet
            all.push_back(static_cast<double>(points[i]) / static_cast<double>(buckets[i]));
        }
        return all;
    }
    std::vector<std::size_t> points_from(std::size_t lowest) const {
        std::vector<std::size_t> kept;
        for (const std::size_t at : points) {
            if (at >= lowest) kept.push_back(at);
        }
        return kept;
    }
};

template <class Keys, class Map, class Buckets>
Growth log_growth(Map map, std::size_t n, Buckets buckets) {
    Growth log;
    log.buckets.push_back(buckets(map));
    for (std::size_t i = 0; i < n; ++i) {
        map.insert_or_assign(Keys::at(i), value_of(i));
        const std::size_t now = buckets(map);
        if (now == log.buckets.back()) continue;
        log.points.push_back(i);
        log.buckets.push_back(now);
    }
    return log;
}

}  // namespace lab::maps
