// facts_test: what the allocation topic counts, against sizes, tables and heaps that are known.

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>
#include <vector>

#include "experiments/allocation/footprint.hpp"
#include "experiments/allocation/tiers.hpp"
#include "experiments/allocation/waste.hpp"
#include "tests/sanitized.hpp"

namespace {

using namespace lab;
using namespace lab::allocation;

TEST(Waste, OfGoIsThatOfItsTable) {
    const auto sizes = distinct_sizes(usable_of_go, k_largest_class_bytes);
    ASSERT_EQ(sizes.size(), 67u);
    for (std::size_t i = 0; i < sizes.size(); ++i) EXPECT_EQ(sizes[i], go::k_classes[i + 1].bytes);
    EXPECT_EQ(worst_waste(usable_of_go, 1, k_largest_class_bytes), 0.875);  // one byte of eight
    EXPECT_TRUE(spans_are_whole_pages());
}

TEST(Waste, OfPowersOfTwoIsAQuarterOrSo) {
    EXPECT_EQ(usable_of_pow2(1), 8u);
    EXPECT_EQ(usable_of_pow2(64), 64u);
    EXPECT_EQ(usable_of_pow2(65), 128u);
    EXPECT_NEAR(mean_waste(usable_of_pow2, k_largest_class_bytes), 0.25, 0.01);
    EXPECT_EQ(distinct_sizes(usable_of_pow2, k_largest_class_bytes).size(), 13u);
}

TEST(Waste, OfExactSizesIsNone) {
    const auto exact = [](std::size_t bytes) { return bytes; };
    EXPECT_EQ(mean_waste(exact, 1000), 0.0);
    EXPECT_EQ(worst_waste(exact, 1, 1000), 0.0);
}

TEST(Tiers, AreAllOfTheBlocksAndFewerTheDeeper) {
    const Tiers found = tiers(64, 10'000, 200'000);
    EXPECT_NEAR(found.cache + found.central + found.heap + found.system, 1, 1e-9);
    EXPECT_GT(found.cache, found.central);
    EXPECT_GT(found.central, found.heap);
    EXPECT_GT(found.heap, found.system);
    EXPECT_GT(found.system, 0);
    EXPECT_NEAR(found.heap, 2.0 * 10'000 / 128 / 200'000, 0.0005);  // spans of 128 for what lives and its garbage
}

TEST(Tiers, OfBlocksAsLargeAsTheirSpanHaveNoCache) {
    const Tiers found = tiers(8192, 1'000, 20'000);  // the mechanism broken: nothing to hand out twice
    EXPECT_LT(found.cache, 0.95);
    EXPECT_GT(found.central + found.heap + found.system, 0.05);
}

TEST(Footprint, SeesPagesThatAreHeldAndGivenBack) {
    if (k_sanitized) GTEST_SKIP() << "not run: a sanitizer's shadow memory is resident too";
    constexpr std::size_t k_bytes = std::size_t{32} << 20;
    const Footprint found = footprint(
        [] {
            return [] {
                void* pages = mmap(nullptr, k_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                for (std::size_t at = 0; at < k_bytes; at += 4096) static_cast<char*>(pages)[at] = 1;
                munmap(pages, k_bytes);
            };
        },
        2);
    EXPECT_NEAR(found.peak_bytes, k_bytes, 2 << 20);
    EXPECT_LT(found.left_bytes, 2 << 20);
    EXPECT_GE(found.faults, 2 * k_bytes / 4096);
    EXPECT_LT(found.faults, 2 * k_bytes / 4096 + 500);
}

TEST(Footprint, SeesALeak) {
    if (k_sanitized) GTEST_SKIP() << "not run: a sanitizer's shadow memory is resident too";
    const Footprint found = footprint(
        [] {
            return [] {
                void* leaked = hidden(std::malloc(std::size_t{16} << 20));
                std::memset(leaked, 1, std::size_t{16} << 20);
            };
        },
        1);
    EXPECT_GE(found.left_bytes, 15 << 20);
}

TEST(InChild, TellsAChildThatDied) {
    EXPECT_EQ(in_child([] { return std::vector<double>{1, 2.5}; }), (std::vector<double>{1, 2.5}));
    EXPECT_THROW(in_child([]() -> std::vector<double> { _exit(3); }), std::runtime_error);
    EXPECT_THROW(in_child([]() -> std::vector<double> { throw std::runtime_error("no"); }), std::runtime_error);
}

}  // namespace
