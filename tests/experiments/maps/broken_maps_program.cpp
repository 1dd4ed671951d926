// broken_maps_program: the bucket map with its mechanisms broken one by one, to see verdicts flip.

#include <cstdint>
#include <functional>

#include "experiments/maps/counts.hpp"
#include "experiments/maps/rules.hpp"
#include "harness/harness.hpp"
#include "models/map/bucket_map.hpp"

namespace {

using Map = lab::go::bucket_map<std::int64_t, std::int64_t>;

/// Every entry has the same tag, so tags tell nothing.
struct SameTags {
    std::uint64_t operator()(std::int64_t key, std::uint64_t seed) const {
        return lab::go::seeded_hash<std::int64_t>{}(key, seed) | (std::uint64_t{0xff} << 56);
    }
};

/// Every map has the same seed.
struct SameSeed {
    std::uint64_t operator()(std::int64_t key, std::uint64_t) const {
        return lab::go::seeded_hash<std::int64_t>{}(key, 1);
    }
};

/// Iteration starts at the first bucket, always.
struct InOrder : Map {
    auto begin() const { return begin_at(0, 0); }
};

}  // namespace

int main(int argc, char** argv) {
    using namespace lab;
    using namespace lab::maps;
    Program program("maps");
    program.fact("model/go1.23", "Growth/key=int64/n=10000", "load-at-growth", [] {
        return log_growth<RandomInts>(Map(0, {8, 1}), 10'000, [](Map& map) {
                   return std::size_t{1} << map.header().log2;
               })
            .loads();
    });
    program.fact("model/bucket", "Probes/key=int64/n=106496", "compares/miss", [] {
        using Broken = go::bucket_map<std::int64_t, std::int64_t, go::bucket::tuned<>, SameTags,
                                      std::equal_to<>, go::statistics::counting>;
        return count_lookups<RandomInts>(106'496, [] { return Broken(); }).miss_comparisons;
    });
    program.fact("model/bucket", "Seeds/keys=100/maps=1000", "same-placement", [] {
        using Broken = go::bucket_map<std::int64_t, std::int64_t, go::bucket::tuned<>, SameSeed>;
        return same_placement<Broken>(100, 1000);
    });
    program.fact("model/bucket", "Order/keys=1000/pairs=1000", "same-order",
                 [] { return orders<InOrder>(1000, 1000).same; });
    return program.main(argc, argv);
}
