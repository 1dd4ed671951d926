// standard: the interface of our maps around one that is made like std::unordered_map.
//
// Costs       Nothing but what the maps' own functions cost: each call is one call of theirs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "models/map/hash.hpp"

namespace lab::maps {

/// What an allocator of a map has given out and not got back; one map at a time is counted.
struct Given {
    static inline std::size_t bytes = 0;
};

template <class T>
struct CountingAllocator {
    using value_type = T;
    CountingAllocator() = default;
    template <class U>
    CountingAllocator(const CountingAllocator<U>&) {}
    T* allocate(std::size_t n) {
        Given::bytes += n * sizeof(T);
        return std::allocator<T>().allocate(n);
    }
    void deallocate(T* at, std::size_t n) {
        Given::bytes -= n * sizeof(T);
        std::allocator<T>().deallocate(at, n);
    }
    friend bool operator==(CountingAllocator, CountingAllocator) { return true; }
};

/// The hash of our maps, with a seed of its own a map: what a comparison of tables alone needs.
template <class K>
struct SameHash {
    using is_avalanching = void;  // tells boost that all bits are good
    std::uint64_t seed = go::hashing::fresh_seed();
    std::size_t operator()(const K& key) const noexcept { return go::seeded_hash<K>{}(key, seed); }
};

/// Counts how often keys are compared.
template <class K>
struct CountingEqual {
    static inline std::uint64_t comparisons = 0;
    bool operator()(const K& a, const K& b) const {
        ++comparisons;
        return a == b;
    }
};

template <class Base>
class Standard {
   public:
    using key_type = typename Base::key_type;
    using mapped_type = typename Base::mapped_type;

    Standard() = default;
    explicit Standard(std::size_t hint) { base_.reserve(hint); }

    std::size_t size() const { return base_.size(); }
    mapped_type* find(const key_type& key) {
        const auto at = base_.find(key);
        return at == base_.end() ? nullptr : &at->second;
    }
    template <class W>
    std::pair<mapped_type*, bool> insert_or_assign(const key_type& key, W&& value) {
        const auto [at, made] = base_.insert_or_assign(key, std::forward<W>(value));
        return {&at->second, made};
    }
    bool erase(const key_type& key) { return base_.erase(key) != 0; }
    void clear() { base_.clear(); }
    auto begin() { return base_.begin(); }
    auto end() { return base_.end(); }
    Base& base() { return base_; }

   private:
    Base base_;
};

}  // namespace lab::maps
