// bucket_search: where a key is in a chain of buckets, by the policy's way of looking.
//
//   one_by_one   each cell's tag; 4- and 8-byte integers without tags: key by key (Go's fast64)
//   at_once      the eight tags of a bucket in one comparison
//
// Both find the same cell. They count as probes the cells up to the key, or to the end of the chain.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "models/map/bucket_cells.hpp"
#include "models/map/bucket_policy.hpp"

namespace lab::go::bucket {

/// Keys that Go looks for without looking at tags.
template <class K, class Equal>
inline constexpr bool k_compared_directly =
    std::integral<K> && (sizeof(K) == 4 || sizeof(K) == 8) &&
    (std::same_as<Equal, std::equal_to<>> || std::same_as<Equal, std::equal_to<K>>);

template <class Policy, bool Direct, class Equal, class Statistics>
struct Searcher {
    const Equal& equal;
    Statistics& statistics;

    /// The key's cell, or none.
    template <class Bucket, class Q>
    Cell<Bucket> find(Bucket* b, std::uint8_t tag, const Q& key) const {
        if constexpr (Policy::k_search == Search::at_once) {
            return find_at_once(b, tag, key);
        } else {
            return find_one_by_one(b, tag, key);
        }
    }

    /// The cells of a chain for a key that is not there yet: the first free one, if any.
    template <class Bucket>
    struct Free {
        Cell<Bucket> cell;
        Bucket* last = nullptr;  // of the chain, where there is no free cell
    };
    template <class Bucket>
    static Free<Bucket> first_free(Bucket* b) {
        for (;; b = b->overflow) {
            for (std::size_t i = 0; i < k_cells; ++i) {
                if (is_empty(b->tags[i])) return {{b, i}, b};
            }
            if (b->overflow == nullptr) return {{}, b};
        }
    }

   private:
    static constexpr std::size_t k_line_bytes = 64;

    template <class Bucket, class Q>
    bool same(Bucket* b, std::size_t i, const Q& key) const {
        statistics.compare();
        return equal(b->key(i)->get(), key);
    }

    template <class Bucket, class Q>
    Cell<Bucket> find_at_once(Bucket* b, std::uint8_t tag, const Q& key) const {
        prefetch(b);
        for (;;) {
            const auto tags = ControlBytes<k_cells, Policy::k_matching>::load(b->tags);
            for (SlotSet set = tags.equal(tag); set; set.drop_first()) {
                const std::size_t i = set.first();
                if (same(b, i, key)) [[likely]] {
                    statistics.probe(i + 1);
                    return {b, i};
                }
            }
            if constexpr (!std::is_empty_v<Statistics>) statistics.probe(cells_before_end(b));
            b = b->next();
            if (b == nullptr) return {};
        }
    }

    // A bucket of words is three lines. Its tags tell which key and value are needed, but not before
    // they are here: all three at once take 30 ns a hit at 1e6, one after the other 40 (EPYC).
    static void prefetch(const auto* b) {
        if constexpr (sizeof *b <= 3 * k_line_bytes) {
            const auto* bytes = reinterpret_cast<const char*>(b);
            for (std::size_t at = k_line_bytes; at < sizeof *b; at += k_line_bytes)
                __builtin_prefetch(bytes + at);
        }
    }

    template <class Bucket, class Q>
    Cell<Bucket> find_one_by_one(Bucket* b, std::uint8_t tag, const Q& key) const {
        for (; b != nullptr; b = b->overflow) {
            for (std::size_t i = 0; i < k_cells; ++i) {
                if constexpr (Direct) {
                    if (b->key(i)->get() == key && !is_empty(b->tags[i])) {
                        statistics.compare();
                        statistics.probe(i + 1);
                        return {b, i};
                    }
                } else {
                    if (b->tags[i] == tag && same(b, i, key)) {
                        statistics.probe(i + 1);
                        return {b, i};
                    }
                    if (b->tags[i] == k_empty_rest) {
                        statistics.probe(i);
                        return {};
                    }
                }
            }
            statistics.probe(Direct ? cells_before_end(b) : k_cells);
        }
        return {};
    }

    template <class Bucket>
    static std::size_t cells_before_end(const Bucket* b) {
        std::size_t i = 0;
        while (i < k_cells && b->tags[i] != k_empty_rest) ++i;
        return i;
    }
};

}  // namespace lab::go::bucket
