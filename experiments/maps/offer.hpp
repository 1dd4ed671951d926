// offer: the cases and facts that every map has, whatever it is made of.
//
// A family names a map for any key in two forms: Map<K>, which is timed, and Counting<K>, which
// counts comparisons and, where it can, probes and bytes.
#pragma once

#include <cstddef>
#include <string>

#include "counts.hpp"
#include "harness/harness.hpp"
#include "harness/once.hpp"
#include "latency.hpp"
#include "operations.hpp"

namespace lab::maps {

void offer_peers(Program& program);
void offer_bucket_models(Program& program);
void offer_swiss_models(Program& program);

template <class Family, class Keys>
using MapOf = typename Family::template Map<typename Keys::Key>;
template <class Family, class Keys>
using CountingOf = typename Family::template Counting<typename Keys::Key>;

template <class Keys>
std::string name_of(const char* operation, std::size_t n) {
    return case_name(operation, {{"key", Keys::k_name}, {"n", n}});
}

template <class Family, class Keys>
void offer_basics(Program& program, const std::string& subject, std::size_t largest) {
    using Map = MapOf<Family, Keys>;
    for (std::size_t n = 10; n <= largest; n *= 10) {
        program.timed(subject, name_of<Keys>("Insert", n), [n] { return set_up_insert<Map, Keys>(n); });
        program.timed(subject, name_of<Keys>("Presized", n),
                      [n] { return set_up_presized<Map, Keys>(n); });
        program.timed(subject, name_of<Keys>("Hit", n), [n] { return set_up_hit<Map, Keys>(n); });
        program.timed(subject, name_of<Keys>("Miss", n), [n] { return set_up_miss<Map, Keys>(n); });
    }
}

template <class Family>
void offer_operations(Program& program, const std::string& subject) {
    using Keys = RandomInts;
    using Map = MapOf<Family, Keys>;
    offer_basics<Family, Keys>(program, subject, 10'000'000);
    for (std::size_t n = 10; n <= 10'000'000; n *= 10) {
        program.timed(subject, name_of<Keys>("Overwrite", n),
                      [n] { return set_up_overwrite<Map, Keys>(n); });
        program.timed(subject, name_of<Keys>("Delete", n), [n] { return set_up_delete<Map, Keys>(n); });
        program.timed(subject, name_of<Keys>("Churn", n), [n] { return set_up_churn<Map, Keys>(n); });
        program.timed(subject, name_of<Keys>("Iterate", n), [n] { return set_up_iterate<Map, Keys>(n); });
        program.timed(subject, name_of<Keys>("Refill", n), [n] { return set_up_refill<Map, Keys>(n); });
        program.timed(subject, name_of<Keys>("Copy", n), [n] { return set_up_copy<Map, Keys>(n); });
    }
    offer_basics<Family, SequentialInts>(program, subject, 1'000'000);
    offer_basics<Family, HostileInts>(program, subject, 10'000);
}

template <class Family>
void offer_other_keys(Program& program, const std::string& subject) {
    offer_basics<Family, ShortTexts>(program, subject, 1'000'000);
    offer_basics<Family, MiddleTexts>(program, subject, 1'000'000);
    offer_basics<Family, LongTexts>(program, subject, 1'000'000);
}

/// `probed` is what the map counts as visited: entries or groups; nothing where it does not tell.
template <class Family, class Keys>
void offer_lookup_counts(Program& program, const std::string& subject, const std::string& probed,
                         std::size_t n, std::size_t until = k_entries_of_a_mean) {
    const std::string name = name_of<Keys>("Probes", n);
    const auto counted = once(
        [=] { return count_lookups<Keys>(n, [] { return CountingOf<Family, Keys>(); }, until); });
    program.fact(subject, name, "compares/hit", [=] { return counted().hit_comparisons; });
    program.fact(subject, name, "compares/miss", [=] { return counted().miss_comparisons; });
    if (probed.empty()) return;
    program.fact(subject, name, probed + "/hit", [=] { return counted().hit_probes; });
    program.fact(subject, name, probed + "/miss", [=] { return counted().miss_probes; });
}

/// The last size before a bucket map grows (832 doubled), the first after, the last before a single
/// Swiss table would, and one between.
inline std::vector<std::size_t> sawtooth() {
    std::vector<std::size_t> sizes;
    for (std::size_t times = 1; times <= 256; times *= 2) {
        for (const std::size_t n : {832 * times, 832 * times + 1, 896 * times, 1248 * times})
            sizes.push_back(n);
    }
    return sizes;
}

/// What one insert in 2, 10, 100 … takes at least, while a million keys are inserted.
template <class Map>
void offer_latency(Program& program, const std::string& subject) {
    constexpr std::size_t k_n = 1'000'000;
    const auto fill = once([] { return quietest_fill<Map>(k_n); });
    for (const std::size_t one_in : {2, 10, 100, 1000, 10'000, 100'000, 1'000'000}) {
        const std::string name = case_name("Latency", {{"key", "int64"}, {"n", k_n}, {"one_in", one_in}});
        program.fact(subject, name, "insert-ns", [=] { return fill()[k_n - k_n / one_in]; });
    }
}

template <class Family>
void offer_counts(Program& program, const std::string& subject, const std::string& probed = "") {
    using Keys = RandomInts;
    for (const std::size_t n : {832, 896, 106'496})
        offer_lookup_counts<Family, Keys>(program, subject, probed, n);
    offer_lookup_counts<Family, HostileInts>(program, subject, probed, 10'000, 1);
    for (const std::size_t n : sawtooth()) {
        program.fact(subject, name_of<Keys>("Bytes", n), "bytes/entry",
                     [n] { return bytes_per_entry<CountingOf<Family, Keys>, Keys>(n); });
    }
    program.fact(subject, name_of<Keys>("Deleted", 100'000), "kept-share",
                 [] { return kept_share<CountingOf<Family, Keys>, Keys>(100'000); });
    offer_latency<MapOf<Family, Keys>>(program, subject);
}

/// Growth of maps whose buckets (or groups) `buckets(map)` counts.
template <class Family, class Buckets>
void offer_growth(Program& program, const std::string& subject, Buckets buckets) {
    using Keys = RandomInts;
    using Map = MapOf<Family, Keys>;
    for (const std::size_t n : {1000, 10'000}) {
        const auto log = once([=] { return log_growth<Keys>(Map(), n, buckets); });
        const std::string name = name_of<Keys>("Growth", n);
        program.fact(subject, name, "growth-points", [=] { return log().points; });
        program.fact(subject, name + "/from=32", "growth-points", [=] { return log().points_from(32); });
        program.fact(subject, name, "growths", [=] { return log().points.size(); });
        program.fact(subject, name, "buckets", [=] { return log().buckets; });
        program.fact(subject, name, "load-at-growth", [=] { return log().loads(); });
        const std::string hinted = name_of<Keys>("Presized", n);
        program.fact(subject, hinted, "growths",
                     [=] { return log_growth<Keys>(Map(n), n, buckets).points.size(); });
        program.fact(subject, hinted, "buckets", [=] {
            Map map(n);
            return buckets(map);
        });
    }
}

}  // namespace lab::maps
