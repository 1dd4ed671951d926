// first_fit_test: the textbook allocator takes the lowest hole, joins neighbours and forgets
// nothing.

#include "allocators/first_fit.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <random>
#include <vector>

namespace {

using lab::FirstFit;

TEST(FirstFit, TakesTheLowestHoleThatIsLargeEnough) {
    FirstFit heap;
    const auto a = heap.allocate(10);
    const auto b = heap.allocate(20);
    const auto c = heap.allocate(30);
    heap.allocate(1);
    EXPECT_EQ(a, 0u);
    EXPECT_EQ(b, 10u);
    EXPECT_EQ(c, 30u);
    heap.release(a, 10);
    heap.release(c, 30);
    EXPECT_EQ(heap.allocate(15), 30u);
    EXPECT_EQ(heap.allocate(4), 0u);
    EXPECT_EQ(heap.allocate(100), 61u);
}

TEST(FirstFit, JoinsNeighboursOnBothSidesAndTheEnd) {
    FirstFit heap;
    for (int i = 0; i < 4; ++i) heap.allocate(10);
    heap.release(0, 10);
    heap.release(20, 10);
    EXPECT_EQ(heap.holes().size(), 2u);
    heap.release(10, 10);
    ASSERT_EQ(heap.holes().size(), 1u);
    EXPECT_EQ(heap.holes().begin()->second, 30u);
    heap.release(30, 10);
    EXPECT_TRUE(heap.holes().empty());
    EXPECT_EQ(heap.end(), 0u);
}

// The reference is a map of bytes: first fit is the first run of free ones.
TEST(FirstFit, RandomStepsAgreeWithAMapOfBytes) {
    for (std::uint32_t seed = 1; seed <= 50; ++seed) {
        std::mt19937 random(seed);
        FirstFit heap;
        std::vector<bool> used;
        struct Block {
            std::uint64_t at;
            std::uint64_t bytes;
        };
        std::vector<Block> blocks;
        for (int step = 0; step < 400; ++step) {
            if (!blocks.empty() && random() % 2 == 0) {
                const std::size_t k = random() % blocks.size();
                heap.release(blocks[k].at, blocks[k].bytes);
                for (std::uint64_t i = 0; i < blocks[k].bytes; ++i) used[blocks[k].at + i] = false;
                blocks.erase(blocks.begin() + static_cast<std::ptrdiff_t>(k));
            } else {
                const std::uint64_t bytes = 1 + random() % 30;
                std::uint64_t expected = 0;
                for (std::uint64_t run = 0, i = 0; run < bytes; ++i) {
                    run = i < used.size() && used[i] ? 0 : run + 1;
                    expected = i + 1 - run;
                }
                const auto at = heap.allocate(bytes);
                ASSERT_EQ(at, expected) << "seed " << seed << ", step " << step;
                if (used.size() < at + bytes) used.resize(at + bytes, false);
                for (std::uint64_t i = 0; i < bytes; ++i) used[at + i] = true;
                blocks.push_back({at, bytes});
            }
            std::uint64_t holes = 0;
            for (const auto& [at, bytes] : heap.holes()) holes += bytes;
            std::uint64_t live = 0;
            for (const Block& block : blocks) live += block.bytes;
            ASSERT_EQ(heap.end(), holes + live) << "seed " << seed << ", step " << step;
        }
    }
    std::puts("random steps: seeds 1 to 50");
}

}  // namespace
