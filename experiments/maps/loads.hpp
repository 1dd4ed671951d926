// loads: maps filled exactly to a load factor, looked up; time, probes and bytes at that load.
//
// n = load × buckets (or slots), so a map is as full as its load factor ever lets it be. A growing
// map is between half as full and that, at every load factor alike.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
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

}  // namespace lab::maps
