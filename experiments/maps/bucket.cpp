// bucket: Go's map up to 1.23 in C++, as Go has it and tuned, at many load factors, and without its
// old buckets.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "loads.hpp"
#include "models/map/bucket_map.hpp"
#include "models/map/statistics.hpp"
#include "offer_model.hpp"

namespace lab::maps {

namespace {

using go::statistics::counting;

template <class Policy>
struct Bucket {
    template <class K>
    using Map = go::bucket_map<K, std::int64_t, Policy>;
    template <class K>
    using Counting = go::bucket_map<K, std::int64_t, Policy, go::seeded_hash<K>, std::equal_to<>, counting>;
};

/// A bucket map that moves all entries at once when its last one is full: growth without Go's old
/// buckets.
template <class K>
class StopAndCopy {
   public:
    using key_type = K;
    using mapped_type = std::int64_t;
    using Map = go::bucket_map<K, std::int64_t>;

    StopAndCopy() = default;
    explicit StopAndCopy(std::size_t hint)
        : map_(static_cast<std::int64_t>(hint)), limit_(limit_of(map_)) {}
    std::size_t size() const { return map_.size(); }
    std::int64_t* find(const K& key) { return map_.find(key); }
    std::pair<std::int64_t*, bool> insert_or_assign(const K& key, std::int64_t value) {
        if (map_.size() == limit_) {
            Map larger(static_cast<std::int64_t>(limit_ + 1));
            for (auto [old_key, old_value] : map_) larger.insert_or_assign(old_key, old_value);
            map_.swap(larger);
            limit_ = limit_of(map_);
        }
        return map_.insert_or_assign(key, value);
    }

   private:
    static std::size_t limit_of(const Map& map) {
        return go::bucket::LoadFactor{}.limit(map.header().log2);
    }
    Map map_;
    std::size_t limit_ = limit_of(map_);
};

template <class Policy>
void offer_bucket(Program& program, const std::string& subject) {
    using Map = typename Bucket<Policy>::template Map<std::int64_t>;
    offer_model<Bucket<Policy>>(program, subject, "entries",
                                [](auto& map) { return std::size_t{1} << map.header().log2; });
    program.fact(subject, "Moving/key=int64/n=833", "holds",
                 [] { return filled_with<Map>(833).header().growing; });
    program.fact(subject, "Overflow/live=100", "holds", rebuilt_in_place<Map>);
}

// ---- Load factors -------------------------------------------------------------------------------

constexpr double k_bucket_loads[] = {3.25, 4, 4.5, 5, 5.5, 6, 6.5, 7, 7.5, 8, 10};
constexpr std::size_t k_lookups = 100'000;

/// A map of 2^log2 buckets that `load` entries a bucket fill.
template <class Map>
Map at_load(double load, unsigned log2) {
    const go::bucket::LoadFactor factor{static_cast<std::size_t>(load * 4), 4};
    return Map(static_cast<std::int64_t>(factor.limit(log2)), factor);
}

/// Every load with a map that it fills, and as many hits as misses in it.
template <class Map>
std::vector<Candidate> candidates(unsigned log2) {
    std::vector<Candidate> all;
    for (const double load : k_bucket_loads) {
        const auto n = static_cast<std::size_t>(load * double(1U << log2));
        const auto make = [=] { return at_load<Map>(load, log2); };
        auto hits = set_up_lookups_at_load(n, k_lookups / 2, true, make);
        auto misses = set_up_lookups_at_load(n, k_lookups / 2, false, make);
        Map map = make();
        for (std::size_t i = 0; i < n; ++i) map.insert_or_assign(RandomInts::at(i), value_of(i));
        all.push_back({load, static_cast<double>(map.memory_bytes()) / static_cast<double>(n),
                       [=] { return hits() + misses(); }});
    }
    return all;
}

template <class Map>
void offer_best_load(Program& program, const std::string& subject) {
    constexpr unsigned k_log2 = 14;
    const auto measured = once([] {
        auto all = candidates<Map>(k_log2);
        auto rounds = time_rounds(all);
        return std::pair{std::move(all), std::move(rounds)};
    });
    for (const double weight : {0.5, 1.0, 2.0}) {
        const std::string name =
            case_name("BestLoad", {{"weight", weight}, {"buckets", 1U << k_log2}});
        const auto best = [=] {
            const auto [all, rounds] = measured();
            return best_load(all, rounds, weight);
        };
        program.fact(subject, name, "best-load", [=] { return best().load; });
        program.fact(subject, name, "best-load-low", [=] { return best().low; });
        program.fact(subject, name, "best-load-high", [=] { return best().high; });
    }
}

template <class Policy>
void offer_bucket_loads(Program& program, const std::string& subject) {
    using Map = typename Bucket<Policy>::template Map<std::int64_t>;
    using Counting = typename Bucket<Policy>::template Counting<std::int64_t>;
    offer_best_load<Map>(program, subject);
    for (const double load : k_bucket_loads) {
        for (const unsigned log2 : {6U, 10U, 14U, 18U}) {  // 10 KB, 150 KB, 2.4 MB, 39 MB
            const std::size_t buckets = std::size_t{1} << log2;
            const auto n = static_cast<std::size_t>(load * static_cast<double>(buckets));
            const auto name = [=](const char* operation) {
                return case_name(operation, {{"load", load}, {"buckets", buckets}, {"lookups", k_lookups}});
            };
            program.timed(subject, name("HitAtLoad"), [=] {
                return set_up_lookups_at_load(n, k_lookups, true, [=] { return at_load<Map>(load, log2); });
            });
            program.timed(subject, name("MissAtLoad"), [=] {
                return set_up_lookups_at_load(n, k_lookups, false, [=] { return at_load<Map>(load, log2); });
            });
        }
        constexpr unsigned k_log2 = 14;
        const auto n = static_cast<std::size_t>(load * double(1U << k_log2));
        const std::string name = case_name("AtLoad", {{"load", load}, {"buckets", 1U << k_log2}});
        const auto counted = once([=] {
            return count_lookups<RandomInts>(n, [=] { return at_load<Counting>(load, k_log2); });
        });
        program.fact(subject, name, "entries/hit", [=] { return counted().hit_probes; });
        program.fact(subject, name, "entries/miss", [=] { return counted().miss_probes; });
        program.fact(subject, name, "compares/miss", [=] { return counted().miss_comparisons; });
        program.fact(subject, name, "bytes/entry", [=] {
            Map map = at_load<Map>(load, k_log2);
            for (std::size_t i = 0; i < n; ++i) map.insert_or_assign(RandomInts::at(i), value_of(i));
            return static_cast<double>(map.memory_bytes()) / static_cast<double>(n);
        });
        program.fact(subject, name, "overflows/bucket", [=] {
            Map map = at_load<Map>(load, k_log2);
            for (std::size_t i = 0; i < n; ++i) map.insert_or_assign(RandomInts::at(i), value_of(i));
            return static_cast<double>(map.header().overflows) / double(1U << k_log2);
        });
    }
}

}  // namespace

void offer_bucket_models(Program& program) {
    offer_bucket<go::bucket::go1_23>(program, "model/go1.23");
    offer_bucket<go::bucket::tuned<>>(program, "model/bucket");
    offer_bucket_loads<go::bucket::go1_23>(program, "model/go1.23");
    offer_bucket_loads<go::bucket::tuned<>>(program, "model/bucket");
    program.fact("model/bucket", "Spread/key=sequential/n=1000000", "p-value",
                 [] { return median_spread(1'000'000); });
    offer_latency<StopAndCopy<std::int64_t>>(program, "model/stop-and-copy");
}

}  // namespace lab::maps
