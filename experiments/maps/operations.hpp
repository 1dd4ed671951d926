// operations: what is timed on a map, one templated body each; n steps an operation.
//
// A map here is any type with the interface of models/map/README.md. Every operation returns a sum
// that depends on what the map holds, not on its order, so that all subjects must agree.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "keys.hpp"

namespace lab::maps {

/// What the cases of one kind and number of keys work with.
template <class Keys>
struct Work {
    using Key = typename Keys::Key;

    explicit Work(std::size_t n) {
        const std::vector<std::size_t> order = shuffled(n);
        for (std::size_t at = 0; at < n; ++at) {
            keys.push_back(Keys::at(at));
            hits.push_back(Keys::at(order[at]));
            misses.push_back(Keys::at(order[at] + k_absent));
            values.push_back(value_of(order[at]));
        }
    }

    template <class Map>
    void fill(Map& map) const {
        for (std::size_t i = 0; i < keys.size(); ++i) map.insert_or_assign(keys[i], value_of(i));
    }
    template <class Map>
    std::uint64_t sum(Map& map) const {
        return map.size() + static_cast<std::uint64_t>(*map.find(hits[0]));
    }

    std::vector<Key> keys;          // as they are inserted
    std::vector<Key> hits, misses;  // as they are looked up
    std::vector<std::int64_t> values;  // of the hits
};

/// A map that grew while it was filled, and its keys.
template <class Map, class Keys>
struct Filled {
    explicit Filled(std::size_t n) : work(n) { work.fill(map); }
    Work<Keys> work;
    Map map;
};

template <class Map, class Keys>
auto set_up_insert(std::size_t n) {
    return [work = std::make_shared<Work<Keys>>(n)] {
        Map map;
        work->fill(map);
        return work->sum(map);
    };
}

template <class Map, class Keys>
auto set_up_presized(std::size_t n) {
    return [work = std::make_shared<Work<Keys>>(n)] {
        Map map(work->keys.size());
        work->fill(map);
        return work->sum(map);
    };
}

template <class Map, class Key>
std::uint64_t look_up(Map& map, const std::vector<Key>& keys) {
    std::uint64_t sum = 0;
    for (const Key& key : keys) {
        if (const std::int64_t* value = map.find(key)) sum += static_cast<std::uint64_t>(*value);
    }
    return sum;
}

template <class Map, class Keys>
auto set_up_hit(std::size_t n) {
    return [filled = std::make_shared<Filled<Map, Keys>>(n)] {
        return look_up(filled->map, filled->work.hits);
    };
}

/// The same for a caller that knows its keys, and asks for each one's memory 8 keys ahead.
template <class Map, class Keys>
auto set_up_hit_ahead(std::size_t n) {
    return [filled = std::make_shared<Filled<Map, Keys>>(n)] {
        constexpr std::size_t k_ahead = 8;
        const auto& keys = filled->work.hits;
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < keys.size(); ++i) {
            if (i + k_ahead < keys.size()) filled->map.prefetch(keys[i + k_ahead]);
            sum += static_cast<std::uint64_t>(*filled->map.find(keys[i]));
        }
        return sum;
    };
}

template <class Map, class Keys>
auto set_up_miss(std::size_t n) {
    return [filled = std::make_shared<Filled<Map, Keys>>(n)] {
        return look_up(filled->map, filled->work.misses);
    };
}

template <class Map, class Keys>
auto set_up_overwrite(std::size_t n) {
    return [filled = std::make_shared<Filled<Map, Keys>>(n)] {
        const auto& work = filled->work;
        for (std::size_t i = 0; i < work.hits.size(); ++i)
            filled->map.insert_or_assign(work.hits[i], work.values[i]);
        return work.sum(filled->map);
    };
}

/// Fills a presized map and deletes every key of it: nothing can be deleted twice.
template <class Map, class Keys>
auto set_up_delete(std::size_t n) {
    return [work = std::make_shared<Work<Keys>>(n)] {
        Map map(work->keys.size());
        work->fill(map);
        for (const auto& key : work->hits) map.erase(key);
        return static_cast<std::uint64_t>(map.size());
    };
}

/// Deletes the oldest key and inserts a new one, at a constant size.
template <class Map, class Keys>
auto set_up_churn(std::size_t n) {
    struct State {
        Map map;
        std::uint64_t oldest = 0;
    };
    auto state = std::make_shared<State>(State{Map(n)});
    Work<Keys>(n).fill(state->map);
    return [n, state] {
        for (std::size_t i = 0; i < n; ++i) {
            state->map.erase(Keys::at(state->oldest));
            state->map.insert_or_assign(Keys::at(state->oldest + n), value_of(state->oldest + n));
            ++state->oldest;
        }
        const std::uint64_t newest = state->oldest + n - 1;
        const std::int64_t* value = state->map.find(Keys::at(newest));
        return state->map.size() + (value != nullptr && *value == value_of(newest) ? 1u : 0u);
    };
}

template <class Map, class Keys>
auto set_up_iterate(std::size_t n) {
    return [filled = std::make_shared<Filled<Map, Keys>>(n)] {
        std::uint64_t sum = 0;
        for (auto&& [key, value] : filled->map) sum += static_cast<std::uint64_t>(value);
        return sum;
    };
}

/// Fills a map, then adds a key for every entry that was there from the start, while iterating.
template <class Map, class Keys>
auto set_up_iterate_growing(std::size_t n) {
    return [n, work = std::make_shared<Work<Keys>>(n)] {
        Map map;
        work->fill(map);
        std::uint64_t seen = 0;
        for (auto&& [key, value] : map) {
            const auto i = static_cast<std::uint64_t>(value) - 1;
            if (i >= n) continue;
            ++seen;
            map.insert_or_assign(Keys::at(i + n), value_of(i + n));
        }
        return seen + map.size();
    };
}

/// Clears a map that has its memory already, and fills it again.
template <class Map, class Keys>
auto set_up_refill(std::size_t n) {
    return [filled = std::make_shared<Filled<Map, Keys>>(n)] {
        filled->map.clear();
        filled->work.fill(filled->map);
        return filled->work.sum(filled->map);
    };
}

template <class Map, class Keys>
auto set_up_copy(std::size_t n) {
    return [filled = std::make_shared<Filled<Map, Keys>>(n)] {
        Map copy = filled->map;
        return filled->work.sum(copy);
    };
}

}  // namespace lab::maps
