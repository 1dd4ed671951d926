// swiss_ops_test: random steps and the stored corpus, compared with the reference at every
// step.

#include "tests/models/map/swiss_ops.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

namespace {

using Bytes = std::vector<std::uint8_t>;

TEST(SwissOps, RandomStepsAgreeWithTheReference) {
    for (std::size_t length = 8; length <= 1024; length *= 2) {
        for (std::uint32_t seed = 1; seed <= 6; ++seed) {
            std::mt19937 random(seed);
            Bytes bytes(length);
            for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
            lab::go::hashing::restart_seeds(seed);
            ASSERT_EQ(lab::test::run_swiss_ops(bytes), "")
                << "length " << length << ", seed " << seed;
        }
    }
    std::puts("random steps: lengths 8 to 1024, seeds 1 to 6");
}

TEST(SwissOps, TheCorpusAgreesWithTheReference) {
    const std::filesystem::path folder =
        std::filesystem::path(LAB_SOURCE_DIR) / "tests/models/map/corpus";
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        std::ifstream in(entry.path(), std::ios::binary);
        const Bytes bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
        lab::go::hashing::restart_seeds(bytes.size());
        EXPECT_EQ(lab::test::run_swiss_ops(bytes), "") << entry.path().filename();
        ++files;
    }
    EXPECT_GT(files, 0u);
}

}  // namespace
