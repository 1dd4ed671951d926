// Who serves malloc, and how often it was asked.

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "allocators/installed.hpp"
#include "harness/build_info.hpp"
#include "run_program.hpp"

namespace {

using Json = nlohmann::json;

std::map<std::string, Json> facts(const std::string& subject, const std::string& case_name) {
    const auto outcome = lab_test::run_program(
        "sample_program", {"--facts", "--subject=" + subject, "--cases=" + case_name});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    std::map<std::string, Json> found;
    for (const std::string& line : lab_test::lines(outcome.out)) {
        const Json fact = Json::parse(line);
        found[fact.at("metric")] = fact;
    }
    return found;
}

void expect_counts(const std::string& subject, const std::string& case_name, double allocations,
                   double bytes) {
    const auto found = facts(subject, case_name);
    EXPECT_EQ(found.at("allocs/op").value("value", -1.0), allocations) << found.at("allocs/op");
    EXPECT_EQ(found.at("B/op").value("value", -1.0), bytes) << found.at("B/op");
}

#define NEEDS_ITS_OWN_MALLOC()                                                               \
    if (!lab::sanitizer().empty()) {                                                         \
        GTEST_SKIP() << "not run: -fsanitize=" << lab::sanitizer() << " has its own malloc"; \
    }

class UnderEach : public testing::TestWithParam<lab::Allocator> {};

TEST_P(UnderEach, CallsAndBytesAreExact) {
    NEEDS_ITS_OWN_MALLOC()
    const lab::Allocator& allocator = GetParam();
    if (allocator.library.empty() && allocator.name != "glibc") {
        GTEST_SKIP() << "not run: " << allocator.name << " is not installed";
    }
    expect_counts(allocator.name, "Allocate/bytes=100", 2, 100);
    expect_counts(allocator.name, "AllocateAllWays", 4, 30 + 50 + 128 + 200);
    expect_counts(allocator.name, "AllocateEverySecondTime", 0.5, 4);
    expect_counts(allocator.name, "Empty", 0, 0);
}

TEST_P(UnderEach, TheLibraryReallyServes) {
    NEEDS_ITS_OWN_MALLOC()
    const lab::Allocator& allocator = GetParam();
    const Json fact = facts(allocator.name, "Malloc").at("library");
    if (allocator.name == "glibc") {
        EXPECT_NE(fact.at("value").get<std::string>().find("libc.so"), std::string::npos) << fact;
    } else if (allocator.library.empty()) {
        EXPECT_EQ(fact.at("not_run"), allocator.name + " is not installed");
    } else {
        EXPECT_TRUE(
            std::filesystem::equivalent(fact.at("value").get<std::string>(), allocator.library))
            << fact;
    }
}

INSTANTIATE_TEST_SUITE_P(Allocations, UnderEach, testing::ValuesIn(lab::installed_allocators()),
                         [](const auto& allocator) { return allocator.param.name; });

TEST(Allocations, ANestedThreadIsCountedToo) {
    NEEDS_ITS_OWN_MALLOC()
    const Json fact = facts("counter", "AllocateInThreads/threads=2").at("B/op");
    EXPECT_GE(fact.at("value").get<double>(), 2.0 * 1000 * 24) << fact;
}

TEST(Allocations, UnderASanitizerTheyAreNotRun) {
    if (lab::sanitizer().empty()) GTEST_SKIP() << "not run: built without a sanitizer";
    const auto found = facts("counter", "Count");
    EXPECT_TRUE(found.at("allocs/op").contains("not_run"));
    EXPECT_TRUE(found.at("B/op").contains("not_run"));
}

TEST(Preload, ALibraryThatIsNotThereGivesTheReason) {
    const Json fact = facts("absent", "Malloc").at("library");
    ASSERT_TRUE(fact.contains("not_run")) << fact;
    if (lab::sanitizer().empty()) {
        EXPECT_EQ(fact.at("not_run"), "/nowhere/libnothing.so does not exist");
    }
    EXPECT_TRUE(facts("absent", "Count").at("allocs/op").contains("not_run"));
}

TEST(Preload, ALibraryThatIsNoMallocIsFoundOut) {
    NEEDS_ITS_OWN_MALLOC()
    const Json fact = facts("no-malloc", "Malloc").at("library");
    ASSERT_TRUE(fact.contains("not_run")) << fact;
    EXPECT_NE(fact.at("not_run").get<std::string>().find("malloc is served by"), std::string::npos);
}

TEST(Preload, NothingIsTimedUnderTheWrongMalloc) {
    const auto outcome =
        lab_test::run_program("sample_program", {"--lab", "--subject=absent", "--cases=Count"});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_EQ(outcome.out, "");
    EXPECT_NE(outcome.err.find("absent: not run: "), std::string::npos) << outcome.err;
}

}  // namespace
