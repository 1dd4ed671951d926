// rules: what Go promises of iteration and NaN keys, and what is random in it, seen on a map.
//
// For maps with Go's iteration, which go on while the map changes.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "keys.hpp"
#include "standard.hpp"

namespace lab::maps {

template <class Map>
Map filled_with(std::size_t n) {
    Map map;
    for (std::size_t i = 0; i < n; ++i) map.insert_or_assign(RandomInts::at(i), value_of(i));
    return map;
}

struct Orders {
    double same = 0;           // share of iterations in the order of the one before
    std::size_t different = 0;  // orders seen
};

template <class Map>
Orders orders(std::size_t keys, std::size_t pairs) {
    Map map = filled_with<Map>(keys);
    std::set<std::vector<std::int64_t>> seen;
    std::vector<std::int64_t> last;
    std::size_t repeats = 0;
    for (std::size_t pair = 0; pair <= pairs; ++pair) {
        std::vector<std::int64_t> order;
        for (auto&& [key, value] : map) order.push_back(value);
        repeats += pair > 0 && order == last ? 1 : 0;
        seen.insert(order);
        last = std::move(order);
    }
    return {static_cast<double>(repeats) / static_cast<double>(pairs), seen.size()};
}

/// Keys as they lie in memory.
template <class Map>
std::vector<std::int64_t> placement(const Map& map) {
    std::vector<std::int64_t> order;
    if constexpr (requires { map.begin_at(0, 0); }) {
        for (auto at = map.begin_at(0, 0); at != map.end(); ++at) order.push_back((*at).key);
    } else {
        map.for_each([&](const std::int64_t& key, const std::int64_t&) { order.push_back(key); });
    }
    return order;
}

/// The share of maps that hold the same keys at the same places as the map before.
template <class Map>
double same_placement(std::size_t keys, std::size_t maps) {
    std::size_t same = 0;
    std::vector<std::int64_t> last;
    for (std::size_t i = 0; i < maps; ++i) {
        std::vector<std::int64_t> order = placement(filled_with<Map>(keys));
        same += order == last ? 1 : 0;
        last = std::move(order);
    }
    return static_cast<double>(same) / static_cast<double>(maps);
}

/// Entries that were there from the start and are not visited once, and entries visited twice,
/// while a key is added at each step until the map has four times its size.
template <class Map>
std::size_t growing_violations(std::size_t n) {
    Map map = filled_with<Map>(n);
    std::unordered_map<std::int64_t, int> visits;
    std::size_t next = n;
    for (auto&& [key, value] : map) {
        ++visits[key];
        if (next >= 4 * n) continue;
        map.insert_or_assign(RandomInts::at(next), value_of(next));
        ++next;
    }
    std::size_t violations = 0;
    for (std::size_t i = 0; i < next; ++i) {
        const int count = visits[RandomInts::at(i)];
        violations += count > 1 || (count == 0 && i < n) ? 1 : 0;
    }
    return violations;
}

/// Entries visited after they were deleted: each step deletes the next key in order of insertion.
template <class Map>
std::size_t deleting_violations(std::size_t n) {
    Map map = filled_with<Map>(n);
    std::unordered_set<std::int64_t> deleted;
    std::size_t next = 0;
    std::size_t violations = 0;
    for (auto&& [key, value] : map) {
        violations += deleted.count(key);
        map.erase(RandomInts::at(next));
        deleted.insert(RandomInts::at(next));
        ++next;
    }
    return violations;
}

/// The chance that keys thrown at random would lie less evenly than the low bits of the hash put
/// keys 0 … n-1 into 2^17 buckets: the median over 11 seeds of the p-value of the chi-square test,
/// by the approximation of Wilson and Hilferty.
inline double median_spread(std::size_t n) {
    constexpr std::size_t k_buckets = std::size_t{1} << 17;
    std::vector<double> values;
    for (int seed = 0; seed < 11; ++seed) {
        const SameHash<std::int64_t> hash;
        std::vector<double> held(k_buckets, 0.0);
        for (std::size_t i = 0; i < n; ++i)
            held[hash(SequentialInts::at(i)) & (k_buckets - 1)] += 1;
        const double expected = static_cast<double>(n) / k_buckets;
        double sum = 0;
        for (const double h : held) sum += (h - expected) * (h - expected) / expected;
        const double freedom = k_buckets - 1;
        const double spread = 2 / (9 * freedom);
        const double z = (std::cbrt(sum / freedom) - (1 - spread)) / std::sqrt(spread);
        values.push_back(std::erfc(z / std::sqrt(2.0)) / 2);
    }
    std::ranges::sort(values);
    return values[values.size() / 2];
}

/// Each NaN is an entry of its own, found by no lookup and deleted by no delete.
template <class Map>
bool keeps_nans(std::size_t n) {
    constexpr double k_nan = std::numeric_limits<double>::quiet_NaN();
    Map map;
    for (std::size_t i = 0; i < n; ++i) map.insert_or_assign(k_nan, value_of(i));
    map.erase(k_nan);
    const bool found = map.find(k_nan) != nullptr;
    std::size_t visited = 0;
    for (auto&& [key, value] : map) visited += key != key ? 1 : 0;
    return map.size() == n && visited == n && !found;
}

/// Adds and deletes entries at a load that never asks for growth: whether overflow buckets made the
/// map rebuild itself at its size, when there were as many as buckets, and never otherwise.
template <class Map>
bool rebuilt_in_place() {
    constexpr std::size_t k_live = 100;
    constexpr std::size_t k_rounds = 1000;
    Map map;
    bool rebuilt = false;
    for (std::size_t i = 0; i < k_live * k_rounds; ++i) {
        const auto before = map.header();
        map.insert_or_assign(RandomInts::at(i), value_of(i));
        const auto after = map.header();
        if (after.growing && after.same_size && !before.growing) {
            if (after.log2 != 4 || before.overflows < 16) return false;
            rebuilt = true;
        }
        if (i >= k_live) map.erase(RandomInts::at(i - k_live));
    }
    return rebuilt;
}

}  // namespace lab::maps
