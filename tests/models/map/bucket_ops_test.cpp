// bucket_ops_test: random steps and the stored corpus, each compared with the reference.

#include "tests/models/map/bucket_ops.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

#include "tests/sanitized.hpp"

namespace {

using Script = std::vector<std::uint8_t>;

TEST(BucketOps, RandomStepsAgreeWithTheReference) {
    const std::uint32_t seeds = k_sanitized ? 20 : 60;
    for (std::size_t length = 8; length <= 2048; length *= 2) {
        for (std::uint32_t seed = 1; seed <= seeds; ++seed) {
            std::mt19937 random(seed);
            Script bytes(length);
            for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
            lab::go::hashing::restart_seeds(seed);
            ASSERT_EQ(lab::test::run_bucket_ops(bytes), "")
                << "length " << length << ", seed " << seed << ", map " << bytes[0] % lab::test::k_bucket_maps;
        }
    }
    std::printf("random steps: lengths 8 to 2048, seeds 1 to %u\n", seeds);
}

TEST(BucketOps, TheCorpusAgreesWithTheReference) {
    const std::filesystem::path folder =
        std::filesystem::path(LAB_SOURCE_DIR) / "tests/models/map/corpus";
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        std::ifstream in(entry.path(), std::ios::binary);
        Script bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
        bytes.insert(bytes.begin(), 0);
        for (; bytes[0] < lab::test::k_bucket_maps; ++bytes[0]) {
            lab::go::hashing::restart_seeds(bytes.size());
            EXPECT_EQ(lab::test::run_bucket_ops(bytes), "")
                << entry.path().filename() << ", map " << int{bytes[0]};
        }
        ++files;
    }
    EXPECT_GT(files, 0u);
}

}  // namespace
