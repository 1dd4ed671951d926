// hash_test: hashes spread like random ones, whatever the keys, and no key works under every seed.

#include "models/map/hash.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <vector>

namespace {

using namespace lab::go;

constexpr double k_poisson_above_8 = 0.2084;  // P(more than 8 in a bucket) at 6.5 on average

template <class KeyOf>
double overflowing(std::uint64_t seed, unsigned shift, KeyOf key_of) {
    constexpr std::size_t buckets = 1 << 14;
    std::vector<int> entries(buckets);
    using Key = decltype(key_of(std::uint64_t{}));
    for (std::uint64_t i = 0; i < buckets * 13 / 2; ++i)
        ++entries[seeded_hash<Key>{}(key_of(i), seed) >> shift & (buckets - 1)];
    int full = 0;
    for (const int count : entries) full += count > 8;
    return static_cast<double>(full) / buckets;
}

template <class KeyOf>
void expect_random(KeyOf key_of) {
    constexpr double standard_deviation = 0.0032;  // of a share of 2^14 at 0.21
    for (const std::uint64_t seed : {1u, 2u, 3u, 4u}) {
        for (const unsigned shift : {0u, 7u, 50u})
            EXPECT_NEAR(overflowing(seed, shift, key_of), k_poisson_above_8, 6 * standard_deviation)
                << "seed " << seed << ", bits from " << shift;
    }
}

TEST(Hash, RegularIntegersFillBucketsLikeRandomOnes) {
    for (const unsigned shift : {0u, 3u, 10u, 12u, 32u, 44u})
        expect_random([shift](std::uint64_t i) { return i << shift; });
    expect_random([](std::uint64_t i) { return static_cast<double>(i); });
}

TEST(Hash, RegularStringsFillBucketsLikeRandomOnes) {
    expect_random([](std::uint64_t i) { return std::to_string(i); });
    expect_random([](std::uint64_t i) { return "a key of 20 b" + std::to_string(10'000'000 + i); });
    expect_random([](std::uint64_t i) { return std::to_string(i) + std::string(100, 'x'); });
    expect_random([](std::uint64_t i) {
        std::array<std::uint64_t, 8> words{};
        words[i % 8] = i;
        return words;
    });
}

TEST(Hash, EqualKeysHashEquallyAndNaNsDoNot) {
    const seeded_hash<double> hash;
    EXPECT_EQ(hash(0.0, 7), hash(-0.0, 7));
    EXPECT_EQ(seeded_hash<float>{}(0.0f, 7), seeded_hash<float>{}(-0.0f, 7));
    const double nan = std::numeric_limits<double>::quiet_NaN();
    EXPECT_NE(hash(nan, 7), hash(nan, 7));
    EXPECT_EQ(seeded_hash<std::string>{}("abc", 7), seeded_hash<std::string_view>{}("abc", 7));
    EXPECT_NE(seeded_hash<int>{}(1, 7), seeded_hash<int>{}(1, 8));
}

// Zeros and the constants of the code are the keys with which a factor that is public would be 0.
TEST(Hash, KeysMadeFromTheConstantsDoNotCollideUnderEverySeed) {
    const auto text = [](std::uint64_t first, std::uint64_t second, std::uint64_t third) {
        std::string s(24, '\0');
        std::memcpy(s.data(), &first, 8);
        std::memcpy(s.data() + 8, &second, 8);
        std::memcpy(s.data() + 16, &third, 8);
        return s;
    };
    for (const std::uint64_t fixed : {std::uint64_t{0}, hashing::k_first, hashing::k_second,
                                      hashing::k_first ^ hashing::k_second, ~std::uint64_t{0}}) {
        std::set<std::uint64_t> hashes;
        for (std::uint64_t i = 0; i < 300; ++i) {
            hashes.insert(seeded_hash<std::string>{}(text(fixed, i, 1), 99));
            hashes.insert(seeded_hash<std::string>{}(text(i, fixed, 2), 99));
            hashes.insert(seeded_hash<std::string>{}(text(3, i, fixed), 99));
            hashes.insert(seeded_hash<std::string>{}(text(i, 4, fixed), 99));
            hashes.insert(seeded_hash<std::string>{}(text(fixed, i, 5).substr(0, 16), 99));
            hashes.insert(seeded_hash<std::string>{}(text(i, fixed, 6).substr(0, 16), 99));
        }
        EXPECT_GT(hashes.size(), 6u * 300 - 4) << fixed;  // a few of them are the same text
    }
}

TEST(Hash, SeedsDiffer) {
    std::set<std::uint64_t> seeds;
    for (int i = 0; i < 1000; ++i) seeds.insert(hashing::fresh_seed());
    EXPECT_EQ(seeds.size(), 1000u);
}

}  // namespace
