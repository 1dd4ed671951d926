// What a program prints, read back against docs/formats.md.

#include <gtest/gtest.h>
#include <sys/personality.h>

#include <algorithm>
#include <csignal>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "run_program.hpp"

namespace {

using Json = nlohmann::json;
using lab_test::lines;
using lab_test::Outcome;
using Arguments = std::vector<std::string>;

Outcome run(const Arguments& arguments) {
    Outcome outcome = lab_test::run_program("sample_program", arguments);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return outcome;
}

std::vector<Json> json_lines(const std::string& text) {
    std::vector<Json> list;
    for (const std::string& line : lines(text)) list.push_back(Json::parse(line));
    return list;
}

// Metric to value (or to the whole line where it was not run).
std::map<std::string, Json> facts(const std::string& subject, const std::string& case_name) {
    std::map<std::string, Json> found;
    const Outcome outcome = run({"--facts", "--subject=" + subject, "--cases=" + case_name});
    for (const Json& line : json_lines(outcome.out)) {
        EXPECT_EQ(line.at("subject"), subject);
        EXPECT_EQ(line.at("case"), case_name);
        found[line.at("metric")] = line.contains("value") ? line.at("value") : line;
    }
    return found;
}

struct Sample {
    std::string name;
    long long iterations;
    double ns;
    unsigned long checksum;
};

// BenchmarkName/key=value-<processors> <iterations> <time> ns/op <checksum> checksum
Sample read_sample(const std::string& line) {
    Sample sample{};
    std::string unit, last, rest;
    std::istringstream stream(line);
    stream >> sample.name >> sample.iterations >> sample.ns >> unit >> sample.checksum >> last;
    EXPECT_TRUE(stream && unit == "ns/op" && last == "checksum" && !(stream >> rest)) << line;
    EXPECT_TRUE(sample.name.starts_with("Benchmark")) << line;
    const std::size_t dash = sample.name.rfind('-');
    EXPECT_GE(std::stoi(sample.name.substr(dash + 1)), 1) << line;
    sample.name = sample.name.substr(9, dash - 9);
    return sample;
}

std::vector<Sample> samples(const std::string& subject, const std::string& cases, int batches) {
    const Outcome outcome = run({"--lab", "--subject=" + subject, "--cases=" + cases,
                                 "--batches=" + std::to_string(batches), "--batch-ms=1"});
    std::vector<std::string> text = lines(outcome.out);
    EXPECT_EQ(text.at(0), "subject: " + subject);
    text.erase(text.begin());
    std::vector<Sample> found;
    for (const std::string& line : text) found.push_back(read_sample(line));
    return found;
}

TEST(List, HasEveryPairOnceAndEmptyForEveryTimedSubject) {
    std::set<std::string> pairs, timed_subjects, subjects_with_empty;
    for (const Json& line : json_lines(run({"--list"}).out)) {
        if (line.contains("not_run")) continue;
        const std::string subject = line.at("subject");
        const bool timed = line.at("timed");
        EXPECT_EQ(timed, !line.contains("metric")) << line;
        EXPECT_EQ(line.contains("metrics"), timed && subject == "tails" && line.at("case") != "Empty")
            << line;
        EXPECT_TRUE(pairs.insert(line.dump()).second) << line;
        if (timed) timed_subjects.insert(subject);
        if (timed && line.at("case") == "Empty") subjects_with_empty.insert(subject);
    }
    EXPECT_TRUE(timed_subjects.contains("std::vector"));
    EXPECT_EQ(timed_subjects, subjects_with_empty);
    EXPECT_TRUE(pairs.contains(
        R"({"case":"Fill/elem=8/n=1000","metric":"allocs/op","subject":"std::vector","timed":false})"));
}

TEST(List, SaysOfAMallocThatIsNotThereWhy) {
    std::set<std::string> reasons;
    for (const Json& line : json_lines(run({"--list"}).out)) {
        if (line.at("subject") == "absent" && line.contains("not_run")) reasons.insert(line.dump());
    }
    EXPECT_EQ(reasons, std::set<std::string>{
                           R"({"not_run":"/nowhere/libnothing.so does not exist","subject":"absent"})"});
}

TEST(Build, IsOneObject) {
    const Json build = Json::parse(run({"--build"}).out);
    EXPECT_FALSE(build.at("compiler").get<std::string>().empty());
    EXPECT_NE(build.at("flags").get<std::string>().find("-O"), std::string::npos);
    EXPECT_TRUE(build.at("preset").is_string());
    EXPECT_TRUE(build.at("native").is_boolean());
    EXPECT_FALSE(build.at("libraries").at("benchmark").get<std::string>().empty());
    EXPECT_TRUE(build.at("mallocs").is_object());
}

TEST(Facts, KeepTheirKind) {
    const auto found = facts("facts", "Kinds");
    EXPECT_EQ(found.at("yes"), Json(true));
    EXPECT_EQ(found.at("whole"), Json(42));
    EXPECT_EQ(found.at("real"), Json(0.25));
    EXPECT_EQ(found.at("text"), Json("a \"quoted\" text"));
    EXPECT_EQ(found.at("wholes"), Json({1, 2, 4}));
    EXPECT_EQ(found.at("reals"), Json({0.5, 1.5}));
    EXPECT_EQ(found.at("too-big"), Json(9223372036854775807LL));
    EXPECT_EQ(found.at("absent").at("not_run"), "needs 12 GB of memory");
    EXPECT_TRUE(found.at("infinite").contains("not_run"));
}

TEST(Facts, WithoutCasesAreAllOfTheSubject) {
    std::set<std::string> cases;
    for (const Json& line : json_lines(run({"--facts", "--subject=facts"}).out)) {
        cases.insert(line.at("case"));
    }
    EXPECT_EQ(cases, (std::set<std::string>{"Kinds", "Randomised/layout=yes"}));
}

TEST(Facts, LayoutStaysRandomised) {
    if ((personality(0xffffffffUL) & ADDR_NO_RANDOMIZE) != 0) {
        GTEST_SKIP() << "not run: the test itself was started without address randomisation";
    }
    EXPECT_EQ(facts("facts", "Randomised/layout=yes").at("holds"), Json(true));
}

TEST(Samples, AreOneLineABatchWithEqualCounts) {
    const std::vector<Sample> found = samples("std::vector", "Fill/elem=8/n=1000,Empty", 3);
    ASSERT_EQ(found.size(), 6U);
    for (std::size_t i = 0; i < found.size(); ++i) {
        EXPECT_EQ(found[i].name, i < 3 ? "Fill/elem=8/n=1000" : "Empty");
        EXPECT_EQ(found[i].iterations, found[i < 3 ? 0 : 3].iterations);
        EXPECT_EQ(found[i].checksum, i < 3 ? 3U : 0U);
    }
}

// Every 500th operation sleeps 50 µs at least, which is a fact and no matter of speed: p99.9 and the
// slowest must show it, and a quantile is never below a lower one.
TEST(Samples, OfACaseWithTailsHaveQuantilesOfSingleOperations) {
    const Outcome outcome = run({"--lab", "--subject=tails", "--cases=Hiccup/each=500/us=50",
                                 "--batches=2", "--batch-ms=1"});
    const std::vector<std::string> text = lines(outcome.out);
    ASSERT_EQ(text.size(), 3U);
    for (std::size_t batch = 1; batch <= 2; ++batch) {
        std::istringstream stream(text[batch]);
        std::string name, unit;
        double iterations = 0, number = 0;
        stream >> name >> iterations;
        std::vector<double> numbers;
        std::vector<std::string> units;
        while (stream >> number >> unit) {
            numbers.push_back(number);
            units.push_back(unit);
        }
        EXPECT_EQ(units, (std::vector<std::string>{"ns/op", "p50-ns", "p90-ns", "p99-ns", "p99.9-ns",
                                                   "max-ns", "checksum"}));
        EXPECT_TRUE(std::is_sorted(numbers.begin() + 1, numbers.end() - 1)) << text[batch];
        EXPECT_GE(numbers.at(4), 50'000) << text[batch];
    }
}

TEST(Samples, ShowAWrongChecksum) {
    EXPECT_EQ(samples("right", "Sum/n=10", 1).at(0).checksum, 45U);
    EXPECT_EQ(samples("wrong", "Sum/n=10", 1).at(0).checksum, 44U);
}

TEST(Samples, HaveTheLow32BitsOfTheChecksum) {
    EXPECT_EQ(samples("counter", "WideChecksum", 1).at(0).checksum, 5U);
}

TEST(Samples, OfOneCaseShareOneSetUp) {
    const std::vector<Sample> found = samples("counter", "Count", 3);
    ASSERT_EQ(found.size(), 3U);
    const auto batch = static_cast<unsigned long>(found[0].iterations);
    EXPECT_EQ(found[1].checksum - found[0].checksum, batch);
    EXPECT_EQ(found[2].checksum - found[1].checksum, batch);
}

TEST(Samples, OfOneCaseDoNotFeelWhatAnotherLeftBehind) {
    const auto outcome = lab_test::run_program(
        "sample_program", {"--lab", "--subject=traces", "--cases=Leaves,LeavesToo", "--batches=1",
                           "--batch-ms=1"});
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    const auto printed = lines(outcome.out);
    ASSERT_EQ(printed.size(), 3U);
    EXPECT_TRUE(printed[1].ends_with("\t1 checksum")) << printed[1];
    EXPECT_TRUE(printed[2].ends_with("\t1 checksum")) << printed[2];
}

TEST(Samples, ACaseThatCrashesEndsTheProgramByTheSameSignal) {
    const auto outcome = lab_test::run_program(
        "sample_program", {"--lab", "--subject=traces", "--cases=Leaves,Crashes,LeavesToo",
                           "--batches=1", "--batch-ms=1"});
    EXPECT_EQ(outcome.status, 128 + SIGABRT);
    EXPECT_EQ(lines(outcome.out).size(), 2U) << outcome.out;
}

TEST(Samples, ALongOperationRunsOnceToWarmUpAndOnceABatch) {
    const std::vector<Sample> found = samples("counter", "Sleep/ms=5", 3);
    ASSERT_EQ(found.size(), 3U);
    for (unsigned long i = 0; i < 3; ++i) {
        EXPECT_EQ(found[i].iterations, 1);
        EXPECT_EQ(found[i].checksum, i + 2);
    }
}

TEST(Count, RunsExactlyThatManyOperations) {
    for (const char* count : {"0", "1", "1000"}) {
        const Arguments arguments{"--subject=counter", "--case=Count",
                                  std::string("--count=") + count};
        EXPECT_EQ(run(arguments).out, std::string(count) + "\n");
    }
}

TEST(Count, ASlowdownRepeatsThatPartOfTheOperations) {
    const std::map<std::string, std::string> expected{
        {"0", "1000\n"}, {"2", "1020\n"}, {"5", "1050\n"}, {"10", "1100\n"}, {"100", "2000\n"}};
    for (const auto& [percent, total] : expected) {
        const Arguments arguments{"--subject=counter", "--case=Count", "--count=1000",
                                  "--slowdown=" + percent};
        EXPECT_EQ(run(arguments).out, total);
    }
}

TEST(Samples, ASlowdownRepeatsInBatchesToo) {
    const Outcome outcome = run({"--lab", "--subject=counter", "--cases=Sleep/ms=5", "--batches=3",
                                 "--batch-ms=1", "--slowdown=100"});
    EXPECT_NE(outcome.out.find("\t8 checksum"), std::string::npos) << outcome.out;
}

TEST(Alone, SpeaksGoogleBenchmark) {
    const Outcome outcome = run({"--subject=right", "--benchmark_format=json",
                                 "--benchmark_filter=Sum", "--benchmark_min_time=0.001"});
    const Json report = Json::parse(outcome.out);
    ASSERT_EQ(report.at("benchmarks").size(), 1U);
    EXPECT_EQ(report.at("benchmarks").at(0).at("name"), "right/Sum/n=10");
}

TEST(Alone, NamesTheSubjectsThatNeedAPreload) {
    const Outcome outcome = run({"--benchmark_list_tests"});
    EXPECT_NE(outcome.out.find("wrong/Sum/n=10\n"), std::string::npos) << outcome.out;
    EXPECT_EQ(outcome.out.find("absent/Count"), std::string::npos) << outcome.out;
    EXPECT_NE(outcome.err.find("absent was left out"), std::string::npos) << outcome.err;
}

TEST(List, AProgramWithoutCasesOffersEmpty) {
    const Outcome outcome = lab_test::run_program("bare_program", {"--list"});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_EQ(json_lines(outcome.out).at(0),
              Json({{"subject", "harness"}, {"case", "Empty"}, {"timed", true}}));
}

}  // namespace
