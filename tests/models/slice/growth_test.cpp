// growth_test: each rule gives the capacities that its original gives, and refuses where it
// refuses.

#include "models/slice/growth.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "models/slice/grow_history.hpp"

namespace {

using namespace lab::go;
using Capacities = std::vector<std::size_t>;

template <class Growth>
Capacities capacities(std::size_t elem_bytes, std::size_t n, Growth growth = {}) {
    return grow_history(growth, elem_bytes, n).capacities;
}

template <class Growth>
std::string refusal(std::size_t old_cap, std::size_t needed, std::size_t elem_bytes) {
    try {
        Growth::next(old_cap, needed, elem_bytes);
    } catch (const std::length_error& error) {
        return error.what();
    }
    return "";
}

TEST(Growth, Go118MatchesValuesReadFromRealGo) {
    using growth::go1_18;
    EXPECT_EQ(go1_18::next(255, 256, 8), 512u);
    EXPECT_EQ(go1_18::next(256, 257, 8), 512u);
    EXPECT_EQ(go1_18::next(257, 258, 8), 608u);  // rounding may exceed twice
    EXPECT_EQ(go1_18::next(1024, 1025, 8), 1536u);
    EXPECT_EQ(go1_18::next(10'000, 10'001, 8), 13'312u);
    EXPECT_EQ(go1_18::next(100'000, 100'001, 8), 125'952u);
    EXPECT_EQ(go1_18::next(4, 9, 8), 10u);  // more than twice: what is needed, rounded up
}

TEST(Growth, FactorsGiveTheSequencesOfTheirUsers) {
    EXPECT_EQ(capacities<growth::doubling>(8, 5), (Capacities{1, 2, 4, 8}));
    EXPECT_EQ(capacities<growth::one_and_a_half>(4, 141),
              (Capacities{1, 2, 3, 4, 6, 9, 13, 19, 28, 42, 63, 94, 141}));
    EXPECT_EQ(growth::golden::next(1'000'000'000, 1'000'000'001, 1), 1'618'033'988u);
    EXPECT_EQ(growth::one_and_an_eighth::next(80, 81, 1), 90u);
    EXPECT_EQ(capacities<growth::one_and_a_half>(1, 100'000),
              capacities(1, 100'000, growth::any_factor{1.5}));
    EXPECT_EQ((capacities<growth::first_array<64, growth::doubling>>(8, 20)),
              (Capacities{8, 16, 32}));
}

TEST(Growth, RefusesWithGosText) {
    constexpr auto huge = std::numeric_limits<std::size_t>::max();
    EXPECT_EQ(refusal<growth::go1_17>(1, huge, 8), "growslice: cap out of range");
    EXPECT_EQ(refusal<growth::go1_18>(1, huge, 8), "growslice: len out of range");
    EXPECT_EQ(refusal<growth::doubling>(1, huge, 8), "growslice: len out of range");
    EXPECT_EQ(refusal<growth::go1_18>(0, k_max_alloc_bytes + 1, 1), "growslice: len out of range");
    EXPECT_EQ(refusal<growth::go1_18>(k_max_alloc_bytes, k_max_alloc_bytes + 1, 1),
              "growslice: len out of range");
    EXPECT_EQ(growth::doubling::next(k_max_alloc_bytes - 1, k_max_alloc_bytes, 1),
              k_max_alloc_bytes);
    EXPECT_EQ(growth::any_factor{3}.next(k_max_alloc_bytes - 1, k_max_alloc_bytes, 1),
              k_max_alloc_bytes);
}

// If a wrong rule gave the same facts, the facts would prove nothing.
TEST(Growth, AWrongRuleShows) {
    const Capacities right = capacities<growth::go1_18>(8, 2000);
    EXPECT_NE((capacities<growth::go_smooth<512, MallocHeader::none>>(8, 2000)), right);
    EXPECT_NE((capacities<growth::go_smooth<128, MallocHeader::none>>(8, 2000)), right);
    EXPECT_NE((capacities<growth::go_smooth<256, MallocHeader::if_large>>(8, 2000)), right);
    EXPECT_NE((capacities<growth::go_stepped<512>>(8, 2000)), capacities<growth::go1_17>(8, 2000));
    EXPECT_NE(capacities<growth::one_and_a_half>(8, 2000), right);
}

// Size classes hide a threshold that is off by one from short slices; large ones tell.
TEST(Growth, AThresholdOffByOneShowsInLargeSlicesOnly) {
    using off_by_one = growth::go_smooth<255, MallocHeader::none>;
    EXPECT_EQ(capacities<off_by_one>(8, 2000), capacities<growth::go1_18>(8, 2000));
    EXPECT_NE(capacities<off_by_one>(4096, 1'000'000), capacities<growth::go1_18>(4096, 1'000'000));
}

}  // namespace
