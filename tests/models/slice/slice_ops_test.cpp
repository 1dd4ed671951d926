// slice_ops_test: random steps and the stored corpus, each compared with the reference at every
// step.

#include "tests/models/slice/slice_ops.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

namespace {

using Bytes = std::vector<std::uint8_t>;

TEST(SliceOps, RandomStepsAgreeWithTheReference) {
    for (std::size_t length = 8; length <= 2048; length *= 2) {
        for (std::uint32_t seed = 1; seed <= 60; ++seed) {
            std::mt19937 random(seed);
            Bytes bytes(length);
            for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
            ASSERT_EQ(lab::test::run_slice_ops(bytes), "")
                << "length " << length << ", seed " << seed;
        }
    }
    std::puts("random steps: lengths 8 to 2048, seeds 1 to 60");
}

TEST(SliceOps, TheCorpusAgreesWithTheReference) {
    const std::filesystem::path folder =
        std::filesystem::path(LAB_SOURCE_DIR) / "tests/models/slice/corpus";
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        std::ifstream in(entry.path(), std::ios::binary);
        const Bytes bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
        EXPECT_EQ(lab::test::run_slice_ops(bytes), "") << entry.path().filename();
        ++files;
    }
    EXPECT_GT(files, 0u);
}

}  // namespace
