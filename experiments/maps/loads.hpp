// loads: maps filled exactly to a load factor, looked up; time, probes and bytes at that load.
//
// n = load × buckets (or slots), so a map is as full as its load factor ever lets it be. A growing
// map is between half as full and that, at every load factor alike.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include "counts.hpp"
#include "keys.hpp"

namespace lab::maps {

/// Keys in the order in which an operation looks them up: `lookups` of those inserted, each with
/// the same chance.
inline std::vector<std::int64_t> sampled(std::size_t n, std::size_t lookups, std::uint64_t first) {
    std::vector<std::int64_t> keys;
    for (std::size_t i = 0; i < lookups; ++i)
        keys.push_back(RandomInts::at(first + mix(i + first) % n));
    return keys;
}

/// `make()` returns an empty map that n keys fill exactly to its load. The checksum is how many
/// lookups found what they should: n differs with the load, the work does not.
template <class Make>
auto set_up_lookups_at_load(std::size_t n, std::size_t lookups, bool hit, Make make) {
    using Map = decltype(make());
    struct State {
        Map map;
        std::vector<std::int64_t> keys;
    };
    auto state = std::make_shared<State>(State{make(), sampled(n, lookups, hit ? 0 : k_absent)});
    for (std::size_t i = 0; i < n; ++i) state->map.insert_or_assign(RandomInts::at(i), value_of(i));
    return [state, hit] {
        std::uint64_t right = 0;
        for (const std::int64_t key : state->keys) right += (state->map.find(key) != nullptr) == hit;
        return right;
    };
}

// ---- The best load ------------------------------------------------------------------------------

/// A load factor with what a full map of it holds, and lookups in one (each call is one pass).
struct Candidate {
    double load = 0;
    double bytes_per_entry = 0;
    std::function<std::uint64_t()> look_up;
};

/// The load with the least time · memory^weight: the median over rounds, and the 95 % interval of
/// that median by order statistics.
struct Best {
    double low = 0;
    double load = 0;
    double high = 0;
};

inline constexpr std::size_t k_timed_rounds = 15;

/// A round times every candidate once, in an order of its own; a pass before warms its caches.
inline std::vector<std::vector<double>> time_rounds(std::span<const Candidate> candidates) {
    using Clock = std::chrono::steady_clock;
    std::vector<std::vector<double>> rounds;
    for (std::size_t round = 0; round < k_timed_rounds; ++round) {
        std::vector<double> took(candidates.size(), 0.0);
        std::vector<std::size_t> order = shuffled(candidates.size());
        std::ranges::rotate(order, order.begin() + std::ptrdiff_t(round % order.size()));
        for (const std::size_t i : order) {
            const std::uint64_t expected = candidates[i].look_up();
            const auto from = Clock::now();
            if (candidates[i].look_up() != expected) throw std::runtime_error("lookups changed");
            took[i] = std::chrono::duration<double>(Clock::now() - from).count();
        }
        rounds.push_back(std::move(took));
    }
    return rounds;
}

inline Best best_load(std::span<const Candidate> candidates,
                      const std::vector<std::vector<double>>& rounds, double weight) {
    std::vector<double> best;
    for (const std::vector<double>& took : rounds) {
        double least = std::numeric_limits<double>::infinity();
        double load = 0;
        for (std::size_t i = 0; i < candidates.size(); ++i) {
            const double cost = took[i] * std::pow(candidates[i].bytes_per_entry, weight);
            if (cost < least) {
                least = cost;
                load = candidates[i].load;
            }
        }
        best.push_back(load);
    }
    std::ranges::sort(best);
    static_assert(k_timed_rounds == 15);  // the 4th and the 12th of 15 enclose the median in 96.5 %
    return {best.at(3), best.at(7), best.at(11)};
}

}  // namespace lab::maps
