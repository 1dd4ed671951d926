// maps_test: operations end alike on any map, counts follow the closed forms, and broken maps show.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "experiments/maps/counts.hpp"
#include "experiments/maps/keys.hpp"
#include "experiments/maps/latency.hpp"
#include "experiments/maps/loads.hpp"
#include "experiments/maps/operations.hpp"
#include "experiments/maps/rules.hpp"
#include "experiments/maps/standard.hpp"
#include "models/map/bucket_map.hpp"
#include "models/map/swiss_map.hpp"

namespace {

using namespace lab::maps;
using Value = std::int64_t;

template <class K>
using StdMap = Standard<std::unordered_map<
    K, Value, std::conditional_t<std::is_same_v<K, WideKeys::Key>, SameHash<K>, std::hash<K>>>>;
using Std = StdMap<std::int64_t>;
using Bucket = lab::go::bucket_map<std::int64_t, Value>;
using Swiss = lab::go::swiss_map<std::int64_t, Value>;

template <class Keys>
void all_differ() {
    std::set<typename Keys::Key> seen;
    for (std::uint64_t i = 0; i < 5000; ++i) {
        seen.insert(Keys::at(i));
        seen.insert(Keys::at(i + k_absent));
    }
    EXPECT_EQ(seen.size(), 10'000u) << Keys::k_name;
}

TEST(Keys, AllDiffer) {
    all_differ<RandomInts>();
    all_differ<SequentialInts>();
    all_differ<HostileInts>();
    all_differ<ShortTexts>();
    all_differ<MiddleTexts>();
    all_differ<LongTexts>();
    all_differ<WideKeys>();
    EXPECT_EQ(MiddleTexts::at(1).size(), 20u);
    EXPECT_EQ(LongTexts::at(1).size(), 100u);
}

TEST(Keys, ShortTextsDifferUpToTenMillion) {
    std::set<std::string> seen;
    for (std::uint64_t i = 0; i < 5000; ++i) seen.insert(ShortTexts::at(i));
    for (std::uint64_t i = 10'000'000; i < 10'005'000; ++i) seen.insert(ShortTexts::at(i));
    EXPECT_EQ(seen.size(), 10'000u);
    EXPECT_EQ(ShortTexts::at(1).size(), 8u);
}

TEST(Keys, HostileOnesMeetInOneBucketOfLibstdcxx) {
    Std map;
    for (std::uint64_t i = 0; i < 10'000; ++i) map.insert_or_assign(HostileInts::at(i), 0);
    if (map.base().bucket_count() != k_hostile_stride)
        GTEST_SKIP() << "not run: another standard library, with other bucket counts";
    EXPECT_EQ(map.base().bucket_size(0), 10'000u);
}

/// The checksum of each operation's second run: state goes on, the checksum must not.
template <class Map, class Keys>
std::map<std::string, std::uint64_t> checksums(std::size_t n) {
    const auto second = [](auto operation) {
        operation();
        return static_cast<std::uint64_t>(operation());
    };
    return {
        {"insert", second(set_up_insert<Map, Keys>(n))},
        {"presized", second(set_up_presized<Map, Keys>(n))},
        {"hit", second(set_up_hit<Map, Keys>(n))},
        {"miss", second(set_up_miss<Map, Keys>(n))},
        {"overwrite", second(set_up_overwrite<Map, Keys>(n))},
        {"delete", second(set_up_delete<Map, Keys>(n))},
        {"churn", second(set_up_churn<Map, Keys>(n))},
        {"iterate", second(set_up_iterate<Map, Keys>(n))},
        {"refill", second(set_up_refill<Map, Keys>(n))},
        {"copy", second(set_up_copy<Map, Keys>(n))},
    };
}

template <class Keys>
void end_alike() {
    using Key = typename Keys::Key;
    const auto expected = checksums<StdMap<Key>, Keys>(1000);
    EXPECT_EQ(expected, (checksums<lab::go::bucket_map<Key, Value>, Keys>(1000))) << Keys::k_name;
    EXPECT_EQ(expected, (checksums<lab::go::swiss_map<Key, Value>, Keys>(1000))) << Keys::k_name;
    EXPECT_EQ(expected.at("hit"), 500'500u);
    EXPECT_EQ(expected.at("miss"), 0u);
    EXPECT_EQ(expected.at("delete"), 0u);
    EXPECT_EQ(expected.at("churn"), 1001u);
}

TEST(Operations, EndTheSameOnEveryMap) {
    end_alike<RandomInts>();
    end_alike<SequentialInts>();
    end_alike<ShortTexts>();
    end_alike<MiddleTexts>();
    end_alike<LongTexts>();
    end_alike<WideKeys>();
}

TEST(Operations, IteratingWhileGrowingSeesEveryOldEntry) {
    EXPECT_EQ((set_up_iterate_growing<Bucket, RandomInts>(1000)()), 3000u);
    EXPECT_EQ((set_up_iterate_growing<Swiss, RandomInts>(1000)()), 3000u);
    EXPECT_EQ((set_up_hit_ahead<Swiss, RandomInts>(1000)()), 500'500u);
}

/// Forgets every hundredth key.
struct Forgetful : Std {
    using Std::Std;
    std::pair<Value*, bool> insert_or_assign(std::int64_t key, Value value) {
        static Value lost;
        if (value % 100 == 0) return {&lost, true};
        return Std::insert_or_assign(key, value);
    }
};

TEST(Operations, NoticeAMapThatForgets) {
    EXPECT_NE((set_up_hit<Forgetful, RandomInts>(1000)()), 500'500u);
    EXPECT_NE((set_up_iterate<Forgetful, RandomInts>(1000)()), 500'500u);
    const auto right = set_up_lookups_at_load(1000, 5000, true, [] { return Forgetful(); })();
    EXPECT_LT(right, 5000u);
    EXPECT_EQ(set_up_lookups_at_load(1000, 5000, true, [] { return Std(); })(), 5000u);
    EXPECT_EQ(set_up_lookups_at_load(1000, 5000, false, [] { return Std(); })(), 5000u);
}

TEST(Counts, FollowTheClosedFormsOfChaining) {
    using Counting = Standard<std::unordered_map<
        std::int64_t, Value, SameHash<std::int64_t>, CountingEqual<std::int64_t>,
        CountingAllocator<std::pair<const std::int64_t, Value>>>>;
    const double load = 896.0 / 1109;  // libstdc++ has 1109 buckets then
    const Lookups counted = count_lookups<RandomInts>(896, [] { return Counting(); });
    EXPECT_NEAR(counted.hit_comparisons, 1 + load / 2, 0.02);
    EXPECT_NEAR(counted.miss_comparisons, load, 0.02);
    EXPECT_NEAR((bytes_per_entry<Counting, RandomInts>(896)), 24 + 8 / load, 0.5);
    EXPECT_EQ(Given::bytes, 0u);
    EXPECT_LT((kept_share<Counting, RandomInts>(1000)), 0.5);
}

TEST(Counts, LogTheGrowthOfAMap) {
    const Growth log = log_growth<RandomInts>(
        Std(), 60, [](Std& map) { return map.base().bucket_count(); });
    ASSERT_EQ(log.buckets.size(), log.points.size() + 1);
    EXPECT_TRUE(std::ranges::is_sorted(log.buckets));
    EXPECT_TRUE(log.points_from(61).empty());
    for (const double load : log.loads()) EXPECT_LE(load, 1.0);
}

TEST(BestLoad, IsTheLeastProductOfTimeAndMemory) {
    const auto nothing = [] { return std::uint64_t{0}; };
    const std::vector<Candidate> all{{4, 40, nothing}, {6, 30, nothing}, {8, 25, nothing}};
    std::vector<std::vector<double>> rounds(k_timed_rounds, {10, 11, 20});
    EXPECT_EQ(best_load(all, rounds, 0).load, 4);  // time alone
    EXPECT_EQ(best_load(all, rounds, 1).load, 6);  // 400, 330, 500
    EXPECT_EQ(best_load(all, rounds, 4).load, 8);  // memory before all
    for (std::size_t noisy = 0; noisy < 4; ++noisy) rounds[noisy] = {1, 11, 20};
    const Best best = best_load(all, rounds, 1);
    EXPECT_EQ(best.low, 4);
    EXPECT_EQ(best.load, 6);
    EXPECT_EQ(best.high, 6);
    EXPECT_EQ(time_rounds(all).size(), k_timed_rounds);
}

TEST(Latency, IsInRisingOrderAndComplete) {
    const auto took = quietest_fill<Std>(1000);
    EXPECT_EQ(took.size(), 1000u);
    EXPECT_TRUE(std::ranges::is_sorted(took));
    EXPECT_GE(took.front(), 0);
}

/// Visits its first entry again at the end, and what was deleted too.
struct Repeating {
    std::vector<std::pair<std::int64_t, Value>> entries;
    std::pair<Value*, bool> insert_or_assign(std::int64_t, Value) { return {nullptr, false}; }
    bool erase(std::int64_t) { return true; }
    auto begin() { return entries.begin(); }
    auto end() { return entries.end(); }
};

}  // namespace

template <>
Repeating lab::maps::filled_with<Repeating>(std::size_t n) {
    Repeating map;
    for (std::size_t i = 0; i <= n; ++i) map.entries.emplace_back(RandomInts::at(i % n), 1);
    return map;
}

namespace {

TEST(Rules, AreSeenToBeBroken) {
    EXPECT_GT(growing_violations<Repeating>(100), 0u);
    EXPECT_GT(deleting_violations<Repeating>(100), 0u);
    EXPECT_EQ(orders<Repeating>(3, 100).same, 1.0);
    EXPECT_EQ(orders<Repeating>(3, 100).different, 1u);
}

TEST(Rules, HoldForTheModels) {
    EXPECT_EQ(growing_violations<Bucket>(1000) + growing_violations<Swiss>(1000), 0u);
    EXPECT_EQ(deleting_violations<Bucket>(1000) + deleting_violations<Swiss>(1000), 0u);
    EXPECT_TRUE(rebuilt_in_place<Bucket>());
    EXPECT_GT(median_spread(1'000'000), 0.01);
}

}  // namespace
