// grow_history_test: the simulation is what a real slice does, step by step.

#include "models/slice/grow_history.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>

#include "models/slice/slice.hpp"

namespace {

using namespace lab::go;

template <std::size_t Bytes>
using Element = std::array<unsigned char, Bytes>;

template <class Growth, class Memory, std::size_t Bytes>
void walk(std::size_t n) {
    const GrowHistory history = grow_history(Growth{}, Bytes, n);
    slice<Element<Bytes>, Growth, Memory> s;
    std::size_t step = 0;
    std::uint64_t copies = 0;
    std::size_t peak = 0;
    for (std::size_t i = 0; i < n; ++i) {
        const std::size_t before = s.capacity();
        s.append({});
        if (s.capacity() == before) continue;
        ASSERT_LT(step, history.capacities.size());
        ASSERT_EQ(s.capacity(), history.capacities[step])
            << "elements of " << Bytes << ", append " << i;
        copies += i;
        peak = std::max(peak, (before + s.capacity()) * Bytes);
        ++step;
    }
    EXPECT_EQ(step, history.reallocations());
    EXPECT_EQ(copies, history.copies);
    EXPECT_EQ(peak, history.peak_bytes);
}

template <class Growth>
void walk_sizes() {
    walk<Growth, memory::copying, 1>(300'000);
    walk<Growth, memory::copying, 8>(300'000);
    walk<Growth, memory::moving, 16>(100'000);
    walk<Growth, memory::copying, 24>(100'000);
    walk<Growth, memory::reserving<>, 64>(50'000);
    walk<Growth, memory::copying, 4096>(3'000);
}

TEST(GrowHistory, EqualsARealSliceUnderEveryRule) {
    walk_sizes<growth::go1_17>();
    walk_sizes<growth::go1_18>();
    walk_sizes<growth::go1_22_pointers>();
    walk_sizes<growth::doubling>();
    walk_sizes<growth::one_and_a_half>();
    walk_sizes<growth::golden>();
    walk_sizes<growth::one_and_an_eighth>();
}

TEST(GrowHistory, CountsADoublingByHand) {
    const GrowHistory history = grow_history(growth::doubling{}, 8, 5);  // 1 2 4 8
    EXPECT_EQ(history.copies, 1u + 2 + 4);
    EXPECT_EQ(history.peak_bytes, (4u + 8) * 8);
    EXPECT_DOUBLE_EQ(history.slack(), 3.0 / 8);
    EXPECT_DOUBLE_EQ(history.peak_per_final(), 1.5);
    EXPECT_DOUBLE_EQ(history.copies_per_element(), 7.0 / 5);
    EXPECT_DOUBLE_EQ(history.copies_per_capacity(), 7.0 / 8);
}

TEST(GrowHistory, NothingAppendedOrNothingToStoreIsNoGrowth) {
    EXPECT_EQ(grow_history(growth::go1_18{}, 8, 0).reallocations(), 0u);
    EXPECT_EQ(grow_history(growth::go1_18{}, 0, 1000).reallocations(), 0u);
}

}  // namespace
