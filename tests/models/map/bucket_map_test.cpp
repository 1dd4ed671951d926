// bucket_map_test: what Go's own map tests ask of a map, and what C++ asks besides.
//
// Go's test (runtime/map_test.go of 1.23)                here
//   HmapSize                                             not held: a C++ map has policies and a
//                                                        128-byte header of its own
//   NegativeZero, MapAssignmentNan, GrowWithNaN,         Nan*, NegativeZero*
//   GrowWithNegativeZero, MapNanGrowIterator
//   MapOperatorAssignment*, MapAppendAssignment          OperatorAssignment
//   Alias                                                AKeyOfTheMapMayBeGiven
//   IterGrowAndDelete, IterGrowWithGC                    bucket_iteration_test.cpp
//   MapIterOrder, MapSparseIterOrder                     bucket_iteration_test.cpp
//   ConcurrentReadsAfterGrowth(Reflect)                  bucket_threads_test.cpp
//   BigItems, MapHugeZero, MapLarge*NoPointer            LargeKeysAndValues
//   EmptyKeyAndValue                                     ValuesWithoutSizeTakeNoRoom
//   SingleBucketMapStringKeys_*, MapStringBytesLookup    Strings
//   IgnoreBogusMapHint, MapBuckets, LoadFactor           Hints*, TheLoadFactor*, bucket_fidelity_test
//   NonEscapingMap                                       not held: escape analysis is the compiler's
//   DeferDeleteSlow, IncrementAfterDelete*, ...Clear*    IncrementAfterDelete
//   MapTombstones                                        Tombstones
//   MapInterfaceKey, EmptyMapWithInterfaceKey            a key whose hash throws: bucket_failure_test
//   MapKeys, MapValues, MemHashGlobalSeed                Seeds; keys and values are for_each
//   test/maplinear.go                                    bucket_search_test.cpp, by counted probes

#include "models/map/bucket_map.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace lab::go;
using std::int64_t;

template <class K, class V>
using Faithful = bucket_map<K, V, bucket::go1_23>;
template <class K, class V>
using Portable = bucket_map<K, V, bucket::tuned<Matching::portable>>;

constexpr double k_nan = std::numeric_limits<double>::quiet_NaN();

// ---- Go's tests ----

TEST(BucketMap, NanKeysAreAddedAndNeverFound) {
    bucket_map<double, int64_t> m;
    for (int64_t i = 0; i < 50; ++i) {
        m.insert_or_assign(k_nan, i);
        m[k_nan] = 100 + i;
        m[static_cast<double>(i)] = i;
    }
    EXPECT_EQ(m.size(), 150u);
    EXPECT_EQ(m.find(k_nan), nullptr);
    EXPECT_FALSE(m.erase(k_nan));
    int64_t sum = 0;
    int nans = 0;
    m.for_each([&](double key, int64_t value) {
        if (key == key) return;
        ++nans;
        sum += value;
    });
    EXPECT_EQ(nans, 100);
    EXPECT_EQ(sum, 2 * 49 * 50 / 2 + 50 * 100);
    m.clear();
    EXPECT_EQ(m.size(), 0u);
}

TEST(BucketMap, NanKeysStayWhileTheMapGrowsUnderAnIterator) {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        hashing::restart_seeds(seed);
        bucket_map<double, int64_t> m;
        for (int64_t i = 0; i < 30; ++i) m.insert_or_assign(k_nan, i);
        m.insert_or_assign(0.0, -1);
        std::vector<int> seen(30);
        double next = 1;
        for (auto [key, value] : m) {
            if (key != key) ++seen.at(static_cast<std::size_t>(value));
            for (int more = 0; more < 20; ++more) m[next++] = -1;
        }
        for (const int times : seen) ASSERT_EQ(times, 1) << "seed " << seed;
    }
}

TEST(BucketMap, NanValuesThatHaveMovedOnCanBeWrittenThroughAnIterator) {
    bucket_map<double, int64_t> m;
    for (int64_t i = 0; i < 30; ++i) m.insert_or_assign(k_nan, i);
    double next = 1;
    for (auto [key, value] : m) {
        if (key != key) value += 1000;
        for (int more = 0; more < 40; ++more) m[next++] = 0;
    }
    m.for_each([&](double key, int64_t value) { EXPECT_TRUE(key == key || value >= 1000); });
}

TEST(BucketMap, NegativeZeroIsZeroAndTheLastSignStays) {
    const auto sign = [](const auto& m) {
        bool negative = false;
        m.for_each([&](double key, bool) { negative = key == 0 ? std::signbit(key) : negative; });
        return negative;
    };
    bucket_map<double, bool> m;
    m[0.0] = true;
    m[-0.0] = true;
    EXPECT_EQ(m.size(), 1u);
    EXPECT_TRUE(sign(m));
    m[+0.0] = true;
    EXPECT_FALSE(sign(m));
    m.insert_or_assign(-0.0, true);
    EXPECT_TRUE(sign(m));
    for (int i = 1; i < 1000; ++i) m[i] = true;
    EXPECT_TRUE(sign(m));
    m.try_emplace(0.0, true);  // assigns nothing
    EXPECT_TRUE(sign(m));
}

TEST(BucketMap, OtherKeysStayTheFirst) {
    struct Loose {
        int value;
        int mark;
        bool operator==(const Loose& other) const { return value == other.value; }
    };
    struct Hash {
        std::uint64_t operator()(const Loose& key, std::uint64_t seed) const noexcept {
            return seeded_hash<int>{}(key.value, seed);
        }
    };
    bucket_map<Loose, int, bucket::tuned<>, Hash> m;
    m[{1, 1}] = 1;
    m.insert_or_assign({1, 2}, 2);
    m.for_each([](const Loose& key, int value) {
        EXPECT_EQ(key.mark, 1);
        EXPECT_EQ(value, 2);
    });
}

TEST(BucketMap, OperatorAssignment) {
    bucket_map<int, int> m;
    m[0] = 2;
    m[0] += 3;
    m[0] *= m[0];
    EXPECT_EQ(m[0], 25);
    bucket_map<int, std::vector<int>> lists;
    lists[0].push_back(12);
    lists[0].push_back(34);
    EXPECT_EQ(lists[0], (std::vector<int>{12, 34}));
}

TEST(BucketMap, IncrementAfterDelete) {
    Faithful<int, int> m;
    m[1] = 5;
    m.erase(1);
    m[2]++;
    EXPECT_EQ(m[2], 1);
    bucket_map<std::string, std::string> s;
    s["a"] = "x";
    s.clear();
    s["b"] += "y";
    EXPECT_EQ(s["b"], "y");
}

TEST(BucketMap, AKeyOfTheMapMayBeGiven) {
    bucket_map<std::string, int64_t> m;
    const auto text = [](int64_t n) { return std::to_string(n) + " in a string kept elsewhere"; };
    for (int64_t i = 0; i < 5000; ++i) {
        m[text(i)] = i;
        if (i % 7 != 0) continue;
        for (auto [key, value] : m) {  // also while the map grows
            const int64_t number = value;
            switch (number % 4) {
                case 0: m.insert_or_assign(key, number); break;
                case 1: m.try_emplace(key, 0); break;
                case 2: m[key] = number; break;
                default: m.erase(key);
            }
            if (number % 5 == 0) break;
        }
    }
    for (int64_t i = 0; i < 5000; ++i) {
        const int64_t* value = m.find(text(i));
        ASSERT_TRUE(value == nullptr ? i % 4 == 3 : *value == i) << i;
    }
    for (auto [key, value] : m) m.erase(key);
    EXPECT_TRUE(m.empty());
}

struct Large {
    std::array<int64_t, 20> words{};
    bool operator==(const Large&) const = default;
};

TEST(BucketMap, LargeKeysAndValuesAreKeptApart) {
    bucket_map<Large, Large> m;
    bucket_map<int64_t, int64_t> small;
    for (int64_t i = 0; i < 100; ++i) {
        m[Large{{i}}] = Large{{i, i}};
        small[i] = i;
    }
    for (int64_t i = 0; i < 100; ++i) {
        ASSERT_NE(m.find(Large{{i}}), nullptr);
        EXPECT_EQ(m.find(Large{{i}})->words[1], i);
    }
    EXPECT_EQ(m.find(Large{{100}}), nullptr);
    // The buckets hold pointers, so they are as large as those of words.
    EXPECT_NEAR(static_cast<double>(m.memory_bytes() - 100 * 2 * sizeof(Large)),
                static_cast<double>(small.memory_bytes()), 8 * 144);
    for (auto [key, value] : m) m.erase(key);
    EXPECT_TRUE(m.empty());
}

TEST(BucketMap, ValuesWithoutSizeTakeNoRoom) {
    struct Nothing {
        bool operator==(const Nothing&) const = default;
    };
    bucket_map<int64_t, Nothing> set;
    bucket_map<int64_t, int64_t> map;
    for (int64_t i = 0; i < 1000; ++i) {
        set[i];
        map[i];
    }
    EXPECT_EQ(set.size(), 1000u);
    EXPECT_NE(set.find(5), nullptr);
    const auto array_bytes = [](std::size_t bucket_bytes) {
        return bucket::buckets_with_spares(8, bucket_bytes) * bucket_bytes;
    };
    EXPECT_EQ(map.memory_bytes() - set.memory_bytes(), array_bytes(144) - array_bytes(80));
    bucket_map<bool, Nothing> tiny;
    tiny[true];
    EXPECT_EQ(tiny.size(), 1u);
}

TEST(BucketMap, Strings) {
    Faithful<std::string, int> m;
    for (const char* text : {"", "a", "aa", "ab", "aaa", "a string of more than thirty-two bytes here"})
        m[text] = static_cast<int>(std::string_view(text).size());
    EXPECT_EQ(*m.find(std::string_view("aaa")), 3);  // no string is made
    EXPECT_EQ(m.find(std::string_view("b")), nullptr);
    EXPECT_EQ(*m.find(""), 0);
    std::string movable = "a key that is moved into the map, not copied";
    m.try_emplace(std::move(movable), 7);
    EXPECT_TRUE(movable.empty());
    movable = "a key that is moved into the map, not copied";
    EXPECT_FALSE(m.try_emplace(std::move(movable), 8).second);
    EXPECT_FALSE(movable.empty());  // it was there
}

TEST(BucketMap, HintsThatAreBogusAreIgnored) {
    for (const int64_t hint : {int64_t{-1}, std::numeric_limits<int64_t>::min(),
                               std::numeric_limits<int64_t>::max(), int64_t{1} << 46}) {
        bucket_map<int64_t, int64_t> m(hint);
        EXPECT_EQ(m.header().log2, 0u) << hint;
        m[1] = 2;
        EXPECT_EQ(m[1], 2);
    }
}

TEST(BucketMap, TheLoadFactorIsThirteenHalvesAndAtLeastEight) {
    for (unsigned log2 = 0; log2 < 20; ++log2)
        EXPECT_EQ(bucket::LoadFactor{}.limit(log2),
                  log2 == 0 ? 8u : 13 * (std::size_t{1} << log2) / 2);
    for (const auto& [load, size] : std::vector<std::pair<bucket::LoadFactor, std::size_t>>{
             {{13, 4}, 3328}, {{13, 2}, 6656}, {{10, 1}, 10'240}, {{16, 1}, 16'384}}) {
        bucket_map<int64_t, int64_t> m(0, load);
        for (int64_t i = 0; i < static_cast<int64_t>(size); ++i) m[i] = i;
        EXPECT_EQ(m.header().log2, 10u);
        m[-1] = 0;
        EXPECT_EQ(m.header().log2, 11u);
    }
}

TEST(BucketMap, TombstonesLeaveNoTailBehind) {
    bucket_map<int, int> m;
    constexpr int n = 10'000;
    for (int i = 0; i < n; ++i) m[i] = i;
    for (int i = 0; i < n; i += 2) m.erase(i);
    for (int i = n; i < 3 * n / 2; ++i) m[i] = i;
    for (int i = 0; i < 3 * n / 2; ++i) m.erase(i);
    EXPECT_TRUE(m.empty());
    bucket_map<int, int, bucket::tuned<>, seeded_hash<int>, std::equal_to<>, statistics::counting>
        counted;
    for (int i = 0; i < n; ++i) counted[i] = i;
    for (int i = 1; i < n; ++i) counted.erase(i);
    counted.statistics() = {};
    for (int i = 1; i < n; ++i) EXPECT_FALSE(counted.contains(i));
    EXPECT_LE(counted.statistics().probes, n / 100u);  // a chain without entries ends at once
}

TEST(BucketMap, ChurnAtConstantSizeDoesNotGrow) {
    for (const int n : {16 * 8, 16 * 64, 16 * 512}) {
        bucket_map<int, int> m;
        for (int i = 0; i < n; ++i) m[i] = i;
        const unsigned log2 = m.header().log2;
        for (int i = 0; i < 100'000; ++i) {
            m.erase(i);
            m[i + n] = i;
        }
        EXPECT_EQ(m.header().log2, log2);
        EXPECT_EQ(m.size(), static_cast<std::size_t>(n));
    }
}

TEST(BucketMap, SeedsDifferAndAreDrawnAnewWhenTheMapBecomesEmpty) {
    const auto order = [](const auto& m) {
        std::vector<int> keys;
        for (auto it = m.begin_at(0, 0); it != m.end(); ++it) keys.push_back((*it).key);
        return keys;
    };
    bucket_map<int, int> a;
    bucket_map<int, int> b;
    for (int i = 0; i < 1000; ++i) a[i] = b[i] = i;
    EXPECT_NE(order(a), order(b));
    for (const bool by_clear : {true, false}) {
        bucket_map<int, int> c(a);
        EXPECT_EQ(order(c), order(a));  // copies keep the seed
        if (by_clear) {
            c.clear();
        } else {
            for (int i = 0; i < 1000; ++i) c.erase(i);
        }
        for (int i = 0; i < 1000; ++i) c[i] = i;
        EXPECT_NE(order(c), order(a));
    }
}

// ---- C++ ----

TEST(BucketMap, HoldsWhatCanOnlyBeMoved) {
    using Pointer = std::unique_ptr<int>;
    bucket_map<Pointer, Pointer, bucket::tuned<>, std::hash<Pointer>> m;
    for (int i = 0; i < 1000; ++i) m.try_emplace(std::make_unique<int>(i), std::make_unique<int>(i));
    int met = 0;
    for (auto [key, value] : m) {
        EXPECT_EQ(*key, *value);
        met += *key >= 0;
        if (*key % 2 == 1) m.erase(key);
        for (int more = 0; more < 3 && m.size() < 3000; ++more)  // grows meanwhile
            m.try_emplace(std::make_unique<int>(-1), std::make_unique<int>(-1));
    }
    EXPECT_EQ(met, 1000);
    auto moved = std::move(m);
    EXPECT_TRUE(m.empty());
    m.insert_or_assign(std::make_unique<int>(1), nullptr);
    EXPECT_EQ(m.size(), 1u);
    m = std::move(moved);
    EXPECT_GE(m.size(), 1000u);
}

TEST(BucketMap, CopiesAreApart) {
    bucket_map<std::string, std::string> a;
    for (int i = 0; i < 300; ++i) a[std::to_string(i)] = "first";
    bucket_map<std::string, std::string> b(a);
    b["0"] = "second";
    b.erase("1");
    EXPECT_EQ(a["0"], "first");
    EXPECT_EQ(a.size(), 300u);
    a = b;
    EXPECT_EQ(a["0"], "second");
    EXPECT_EQ(a.size(), 299u);
    a = std::move(b);
    swap(a, b);
    EXPECT_EQ(b.size(), 299u);
}

TEST(BucketMap, OverAlignedEntriesAreAligned) {
    struct alignas(64) Line {
        int64_t word;
    };
    bucket_map<int, Line> m;
    for (int i = 0; i < 1000; ++i) {
        m[i].word = i;
        ASSERT_EQ(reinterpret_cast<std::uintptr_t>(m.find(i)) % 64, 0u);
    }
}

template <class Map>
class BucketMapPolicies : public testing::Test {};
using Policies =
    testing::Types<Faithful<int64_t, int64_t>, Portable<int64_t, int64_t>,
                   bucket_map<int64_t, int64_t>,
                   bucket_map<int64_t, int64_t, bucket::tuned<k_best_matching, memory::huge>>>;
TYPED_TEST_SUITE(BucketMapPolicies, Policies);

TYPED_TEST(BucketMapPolicies, HoldAMillionEntries) {
    TypeParam m;
    constexpr int64_t n = 1'000'000;
    for (int64_t i = 0; i < n; ++i) m[i * 3] = i;
    EXPECT_EQ(m.size(), static_cast<std::size_t>(n));
    for (int64_t i = 0; i < 3 * n; i += 7) {
        const int64_t* value = std::as_const(m).find(i);
        ASSERT_EQ(value == nullptr ? -1 : *value, i % 3 == 0 ? i / 3 : -1);
    }
    int64_t sum = 0;
    m.for_each([&](int64_t, int64_t value) { sum += value; });
    EXPECT_EQ(sum, n * (n - 1) / 2);
    m.clear();
    EXPECT_EQ(m.find(0), nullptr);
    m[0] = 1;
    EXPECT_EQ(m.size(), 1u);
}

}  // namespace
