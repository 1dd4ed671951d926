// slices_test: the facts of the slice topic against real Go, closed forms and theory; and broken
// ones.

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "experiments/slices/growth_facts.hpp"
#include "experiments/slices/reuse.hpp"
#include "experiments/slices/sharing_facts.hpp"
#include "models/slice/slice.hpp"
#include "tests/sanitized.hpp"

namespace {

using namespace lab;
using Capacities = std::vector<std::size_t>;
namespace fs = std::filesystem;

const fs::path k_source = LAB_SOURCE_DIR;

constexpr std::array<std::size_t, 6> k_elem_bytes{1, 8, 16, 24, 64, 4096};
constexpr std::array<std::size_t, 2> k_lengths{2000, 1'000'000};

std::string capacities_case(std::size_t elem, std::size_t n) {
    return "Capacities/elem=" + std::to_string(elem) + "/n=" + std::to_string(n);
}

/// What the model of that version's rule says.
Capacities modelled(const std::string& version, std::size_t elem, std::size_t n) {
    if (version == "1.17") return go::grow_history(go::growth::go1_17{}, elem, n).capacities;
    return go::grow_history(go::growth::go1_18{}, elem, n).capacities;
}

TEST(Capacities, EqualThoseRecordedFromRealGo) {
    std::ifstream in(k_source / "tests/experiments/slices/recorded_capacities.json");
    const auto recorded = nlohmann::json::parse(in).at("capacities");
    ASSERT_EQ(recorded.size(), 3u);
    for (const auto& [version, cases] : recorded.items()) {
        for (const std::size_t elem : k_elem_bytes) {
            for (const std::size_t n : k_lengths) {
                const std::string name = capacities_case(elem, n);
                EXPECT_EQ(modelled(version, elem, n), cases.at(name).get<Capacities>())
                    << version << " " << name;
            }
        }
    }
}

/// The lines that a command prints.
std::vector<std::string> lines_of(const std::string& command) {
    std::vector<std::string> lines(1);
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
    if (!pipe) return {};
    for (int c = std::fgetc(pipe.get()); c != EOF; c = std::fgetc(pipe.get())) {
        if (c == '\n') {
            lines.emplace_back();
        } else {
            lines.back() += static_cast<char>(c);
        }
    }
    return lines;
}

class InstalledGo : public testing::TestWithParam<std::string> {};

TEST_P(InstalledGo, TakesTheCapacitiesOfTheModel) {
    const fs::path peer = k_source / "build/go/slices" / GetParam() / "slices.test";
    if (!fs::exists(peer)) {
        GTEST_SKIP() << "not run: the lab has not built the Go peer " << GetParam();
    }
    std::string cases;
    for (const std::size_t elem : k_elem_bytes) {
        // A million elements of 4096 bytes are four gigabytes: recorded, not repeated in each test
        // run.
        for (const std::size_t n : k_lengths) {
            if (elem * n <= std::size_t{64} << 20)
                cases += (cases.empty() ? "" : ",") + capacities_case(elem, n);
        }
    }
    std::size_t compared = 0;
    for (const std::string& line :
         lines_of("'" + peer.string() + "' -lab.facts -lab.cases=" + cases)) {
        if (line.empty() || line.front() != '{') continue;
        const auto fact = nlohmann::json::parse(line);
        if (fact.value("metric", "") != "capacities" || !fact.contains("value")) continue;
        const std::string name = fact.at("case");
        std::size_t elem = 0;
        std::size_t n = 0;
        ASSERT_EQ(std::sscanf(name.c_str(), "Capacities/elem=%zu/n=%zu", &elem, &n), 2) << name;
        EXPECT_EQ(modelled(GetParam(), elem, n), fact.at("value").get<Capacities>()) << name;
        ++compared;
    }
    EXPECT_GE(compared, 11u);
}

INSTANTIATE_TEST_SUITE_P(Versions, InstalledGo, testing::Values("1.17", "1.23", "1.26"),
                         [](const auto& param) {
                             return "go" + param.param.substr(0, 1) + "_" + param.param.substr(2);
                         });

TEST(Factor, MeansFollowTheClosedForms) {
    for (const double r : {1.125, 1.25, 1.5, 1.618, 2.0, 3.0}) {
        const slices::FactorMeans means = slices::factor_means(r);
        EXPECT_NEAR(means.copies_per_capacity, 1 / (r - 1), 0.001 / (r - 1)) << r;
        // Three decades are not a whole number of growth steps, so a few parts in a hundred remain.
        EXPECT_NEAR(means.utilisation, (r - 1) / (r * std::log(r)), 0.02) << r;
    }
}

template <class Growth>
using Slice = go::slice<std::int64_t, Growth>;

template <class Growth>
void shares_as_go_does() {
    using S = Slice<Growth>;
    EXPECT_EQ(slices::copy_on_grow<S>(10'000), 0u);
    EXPECT_EQ(slices::full_cap4<S>().capacity, 8u);
    EXPECT_TRUE(slices::full_cap4<S>().original_unchanged);
    EXPECT_TRUE(slices::shared_alias<S>());
    EXPECT_TRUE(slices::append_clobbers<S>());
    EXPECT_TRUE(slices::full_slice_expression<S>());
    EXPECT_EQ(slices::copy_independent<S>(), 0u);
}

TEST(Sharing, TheModelsShareAsGoDoes) {
    shares_as_go_does<go::growth::go1_17>();
    shares_as_go_does<go::growth::go1_18>();
}

TEST(Sharing, AWrongGrowthRuleFailsTheFacts) {
    EXPECT_EQ(slices::full_cap4<Slice<go::growth::one_and_a_half>>().capacity, 6u);
    using Thrice = go::growth::factor<3>;
    EXPECT_EQ(slices::full_cap4<Slice<Thrice>>().capacity, 12u);
    const auto append = [](auto& s, std::int64_t value) { s.append(value); };
    EXPECT_EQ(slices::observed_capacities(Slice<go::growth::go1_18>(), 2000, append).size(), 14u);
    EXPECT_NE(slices::observed_capacities(Slice<Thrice>(), 2000, append).size(), 14u);
}

// A slice that moves at every append: what copy_on_grow is there to find.
struct MovesAlways {
    std::vector<std::int64_t> values;
    MovesAlways share() const { return *this; }
    void append(std::int64_t value) {
        std::vector<std::int64_t> moved;
        moved.reserve(values.size() + 8);
        moved = values;
        moved.push_back(value);
        values = std::move(moved);
    }
    std::size_t size() const { return values.size(); }
    std::size_t capacity() const { return values.size() + 1; }
    const std::int64_t* data() const { return values.data(); }
    std::int64_t operator[](std::size_t i) const { return values[i]; }
};

TEST(Sharing, CopyOnGrowFindsASliceThatMovesThoughItHasRoom) {
    EXPECT_GT(slices::copy_on_grow<MovesAlways>(100), 0u);
}

int first_fit_reuse(double factor) {
    return reuse::first_reuse(reuse::FirstFitSource{}, factor, reuse::k_model_limit_bytes);
}

// Koenig's argument: the sum of all earlier arrays but the last must hold the next one.
TEST(Reuse, FirstFitFollowsTheTheoryOfTheGoldenRatio) {
    const std::vector<std::pair<double, int>> theory = {
        {1.3, 3},   {1.4, 4},    {1.45, 4}, {1.5, 5},  {1.55, 6}, {1.6, 8},
        {1.61, 10}, {1.618, 21}, {1.62, 0}, {1.75, 0}, {2.0, 0}};
    for (const auto& [factor, move] : theory)
        EXPECT_EQ(first_fit_reuse(factor), move) << "factor " << factor;
}

// Never frees into reuse: the next array always lies above all others.
struct BumpSource {
    std::uint64_t next = 0;
    std::uint64_t allocate(std::uint64_t bytes) { return std::exchange(next, next + bytes); }
    void release(std::uint64_t, std::uint64_t) {}
};

TEST(Reuse, AnAllocatorThatNeverReusesIsSeenAsSuch) {
    for (const double factor : {1.125, 1.5, 2.0}) {
        EXPECT_EQ(reuse::first_reuse(BumpSource{}, factor, reuse::k_model_limit_bytes), 0)
            << "factor " << factor;
    }
}

TEST(Reuse, EveryMallocDoublesAwayFromItsPast) {
    if (k_sanitized) GTEST_SKIP() << "not run: a sanitizer's malloc is not the one in question";
    EXPECT_GE(reuse::first_reuse_of_malloc(1.3), 0);
    EXPECT_EQ(reuse::first_reuse_of_malloc(2.0), 0);
}

}  // namespace
