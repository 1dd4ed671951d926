// peers: the maps of the standard library, Abseil and Boost, each with its own hash and with ours.

#include <absl/container/flat_hash_map.h>
#include <absl/hash/hash.h>

#include <boost/container_hash/hash.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <utility>

#include "offer.hpp"
#include "standard.hpp"

namespace lab::maps {

namespace {

template <class K>
using Counted = CountingAllocator<std::pair<const K, std::int64_t>>;

template <template <class> class Hash>
struct Std {
    template <class K>
    using Map = Standard<std::unordered_map<K, std::int64_t, Hash<K>>>;
    template <class K>
    using Counting =
        Standard<std::unordered_map<K, std::int64_t, Hash<K>, CountingEqual<K>, Counted<K>>>;
};

template <template <class> class Hash>
struct Absl {
    template <class K>
    using Map = Standard<absl::flat_hash_map<K, std::int64_t, Hash<K>, std::equal_to<K>>>;
    template <class K>
    using Counting =
        Standard<absl::flat_hash_map<K, std::int64_t, Hash<K>, CountingEqual<K>, Counted<K>>>;
};

template <template <class> class Hash>
struct Boost {
    template <class K>
    using Map = Standard<boost::unordered_flat_map<K, std::int64_t, Hash<K>>>;
    template <class K>
    using Counting =
        Standard<boost::unordered_flat_map<K, std::int64_t, Hash<K>, CountingEqual<K>, Counted<K>>>;
};

// Aliases of one argument, as the families take them.
template <class K>
using StdHash = std::hash<K>;
template <class K>
using AbslHash = absl::Hash<K>;
template <class K>
using BoostHash = boost::hash<K>;

/// With its own hash under its own name, with ours as a subject of its own.
template <template <template <class> class> class Family, template <class> class Own, class Buckets>
void offer_peer(Program& program, const std::string& subject, Buckets buckets) {
    offer_operations<Family<Own>>(program, subject);
    offer_other_keys<Family<Own>>(program, subject);
    offer_counts<Family<Own>>(program, subject);
    offer_growth<Family<Own>>(program, subject, buckets);

    const std::string same = subject + "/same-hash";
    offer_operations<Family<SameHash>>(program, same);
    offer_other_keys<Family<SameHash>>(program, same);
    offer_basics<Family<SameHash>, WideKeys>(program, same, 1'000'000);
    offer_lookup_counts<Family<SameHash>, HostileInts>(program, same, "", 10'000, 1);
}

}  // namespace

void offer_peers(Program& program) {
    const auto bucket_count = [](auto& map) { return map.base().bucket_count(); };
    offer_peer<Std, StdHash>(program, "std::unordered_map", bucket_count);
    offer_peer<Absl, AbslHash>(program, "absl::flat_hash_map", bucket_count);
    offer_peer<Boost, BoostHash>(program, "boost::unordered_flat_map", bucket_count);
}

}  // namespace lab::maps
