// bucket_policy: the choices in which bucket maps differ, one struct a kind of map.
//
//   go1_23          looks at one cell after another, and at 4- and 8-byte integers without tags, as
//                   Go does
//   tuned           compares the tags of a bucket at once, and does not watch for concurrent writes;
//                   with memory::huge it is faster from 1e6 entries on, but the first insertion into
//                   a huge page waits until the page is zeroed
//   stop_and_copy   as another, but an insertion that starts growth also finishes it
//
// Any struct with these members will do; a test's Memory may fail.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "models/map/control.hpp"
#include "models/map/memory.hpp"
#include "models/map/writing.hpp"

namespace lab::go::bucket {

enum class Search { one_by_one, at_once };

struct go1_23 {
    using Memory = memory::plain;
    static constexpr Search k_search = Search::one_by_one;
    static constexpr Matching k_matching = k_best_matching;  // for iteration only
    static constexpr Watch k_watch = Watch::on;
    static constexpr bool k_incremental = true;
};

template <Matching How = k_best_matching, class Source = memory::plain, Watch Watched = Watch::off>
struct tuned {
    using Memory = Source;
    static constexpr Search k_search = Search::at_once;
    static constexpr Matching k_matching = How;
    static constexpr Watch k_watch = Watched;
    static constexpr bool k_incremental = true;
};

template <class Policy>
struct stop_and_copy : Policy {
    static constexpr bool k_incremental = false;
};

/// Entries a bucket, on average, above which a map doubles: a ratio, so that it is exact.
struct LoadFactor {
    std::size_t numerator = 13;
    std::size_t denominator = 2;

    /// The most entries that 2^log2 buckets take; one bucket always takes its 8.
    constexpr std::size_t limit(unsigned log2) const {
        return std::max(std::size_t{8}, (numerator << log2) / denominator);
    }
    /// The overflow buckets that are too many for 2^log2 buckets: as many as buckets. Most of them
    /// must then be sparse, or the load would have made the map double. (Above 8 entries a bucket a
    /// multiple, or moving the entries would not help.) From 2^16 buckets on they are estimated, one
    /// counted for as many as keep the threshold that of 2^15.
    constexpr std::size_t too_many_overflows(unsigned log2) const {
        const std::size_t dense = (numerator + 8 * denominator - 1) / (8 * denominator);
        return dense << std::min(log2, 15u);
    }
};

}  // namespace lab::go::bucket
