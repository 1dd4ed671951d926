// bucket_ops: the bucket maps that map_ops is run with; the first byte chooses one.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "models/map/bucket_map.hpp"
#include "tests/models/map/map_ops.hpp"

namespace lab::test {

/// Four hashes for all keys: long chains.
struct FewHashes {
    template <class K>
    std::uint64_t operator()(const K& key, std::uint64_t seed) const {
        return (go::seeded_hash<K>{}(key, seed) & 3) * 0x0100000000000001;
    }
};

inline constexpr std::uint8_t k_bucket_maps = 8;

/// The empty string, or what differs.
inline std::string run_bucket_ops(std::span<const std::uint8_t> bytes) {
    using namespace go::bucket;
    using go::bucket_map;
    using std::int64_t;
    if (bytes.empty()) return "";
    constexpr auto portable = go::Matching::portable;
    const auto rest = bytes.subspan(1);
    switch (bytes[0] % k_bucket_maps) {
        case 0:
            return MapOps<bucket_map<int64_t, int64_t, go1_23>>::run(rest);
        case 1:
            return MapOps<bucket_map<int64_t, int64_t>>::run(rest);
        case 2:
            return MapOps<bucket_map<double, int64_t, tuned<portable>>>::run(rest);
        case 3:
            return MapOps<bucket_map<double, int64_t, go1_23>>::run(rest);
        case 4:
            return MapOps<bucket_map<std::string, std::string>>::run(rest);
        case 5:
            return MapOps<bucket_map<std::string, std::string, go1_23>>::run(rest);
        case 6:
            return MapOps<bucket_map<double, int64_t, tuned<>, FewHashes>>::run(rest);
        default:
            return MapOps<bucket_map<std::string, int64_t, tuned<portable>, FewHashes>>::run(rest);
    }
}

}  // namespace lab::test
