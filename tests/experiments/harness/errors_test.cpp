// Bad arguments, failing cases and broken outputs: one clear line and the right status.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "run_program.hpp"

namespace {

using lab_test::run_program;
using Arguments = std::vector<std::string>;

// The one line on stderr must hold `words`.
void expect_error(const Arguments& arguments, int status, const std::string& words) {
    const auto outcome = run_program("sample_program", arguments);
    SCOPED_TRACE(testing::PrintToString(arguments) + outcome.err);
    EXPECT_EQ(outcome.status, status);
    EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1);
    EXPECT_NE(outcome.err.find(words), std::string::npos) << words;
}

TEST(Arguments, TheUnknown) {
    expect_error({"--foo"}, 2, "unknown argument '--foo'");
    expect_error({"stray"}, 2, "unknown argument 'stray'");
    expect_error({"--lab", "--subject=x", "--cases=Count"}, 2, "known: counter, ");
    expect_error({"--lab", "--subject=counter", "--cases=Count,X"}, 2, "case 'X' is unknown");
    expect_error({"--facts", "--subject=facts", "--cases=Count"}, 2, "case 'Count' is unknown");
    expect_error({"--lab", "--subject=facts", "--cases=Kinds"}, 2, "case 'Kinds' is unknown");
    expect_error({"--subject=x"}, 2, "--subject=x is unknown");
}

TEST(Arguments, TheMissing) {
    expect_error({"--facts"}, 2, "--subject is missing");
    expect_error({"--lab", "--cases=Count"}, 2, "--subject is missing");
    expect_error({"--lab", "--subject=counter"}, 2, "--lab needs --cases");
    expect_error({"--subject=counter", "--count=1"}, 2, "exactly one --case");
    expect_error({"--subject=counter", "--count=1", "--cases=Count,Empty"}, 2,
                 "exactly one --case");
    expect_error({"--subject"}, 2, "write it as --subject=");
    expect_error({"--lab", "--subject=counter", "--cases=Count,"}, 2, "one comma between");
}

TEST(Arguments, TheOutOfRange) {
    const Arguments lab{"--lab", "--subject=counter", "--cases=Count"};
    for (const char* bad : {"--slowdown=101", "--slowdown=-1", "--slowdown=2.5", "--batches=0",
                            "--batch-ms=0", "--batch-ms=20ms", "--batches=99999999999999999999"}) {
        Arguments arguments = lab;
        arguments.emplace_back(bad);
        expect_error(arguments, 2, "give a whole number from");
    }
    expect_error({"--subject=counter", "--case=Count", "--count=-1"}, 2, "give a whole number");
    expect_error({"--list=yes"}, 2, "takes no value");
}

TEST(Arguments, TheContradictory) {
    expect_error({"--list", "--lab"}, 2, "give only one of");
    expect_error({"--cases=Count"}, 2, "--benchmark_filter");
    expect_error({"--list", "--benchmark_filter=x"}, 2, "are for running alone");
}

TEST(Arguments, OfGoogleBenchmark) {
    expect_error({"--benchmark_foo=1"}, 2, "no such flag");
    expect_error({"--benchmark_min_time=abc"}, 2, "--benchmark_min_time=abc");
    expect_error({"--benchmark_format=xml"}, 2, "console, json or csv");
    expect_error({"--benchmark_filter=nothing_like_it"}, 2, "nothing_like_it");
}

TEST(Failures, NameTheCase) {
    const Arguments lab{"--lab", "--subject=failing"};
    const auto failing = [&](const std::string& name, const std::string& words) {
        expect_error({lab[0], lab[1], "--cases=" + name}, 1, words);
        expect_error({lab[1], "--case=" + name, "--count=5"}, 1, words);
        const auto alone = run_program("sample_program", {lab[1], "--benchmark_filter=" + name});
        EXPECT_EQ(alone.status, 1);  // Google Benchmark has printed its own lines before
        EXPECT_NE(alone.err.find(words), std::string::npos) << alone.err;
    };
    failing("SetUpThrows", "set-up of SetUpThrows for failing: there is no such data");
    failing("OutOfMemory", "set-up of OutOfMemory for failing: out of memory");
    failing("OperationThrows", "the third operation failed");
    expect_error({"--facts", lab[1], "--cases=FactThrows"}, 1,
                 "value of FactThrows for failing: nothing to measure");
}

TEST(Output, AFullDiskIsAnError) {
    for (const Arguments& arguments :
         {Arguments{"--list"}, Arguments{"--build"}, Arguments{"--facts", "--subject=facts"},
          Arguments{"--lab", "--subject=counter", "--cases=Count", "--batch-ms=1"},
          Arguments{"--subject=counter", "--case=Count", "--count=1"},
          Arguments{"--subject=counter", "--benchmark_min_time=0.001"}}) {
        const auto outcome = run_program("sample_program", arguments, "/dev/full");
        SCOPED_TRACE(testing::PrintToString(arguments));
        EXPECT_EQ(outcome.status, 1);
        EXPECT_NE(outcome.err.find("cannot write standard output: No space"), std::string::npos)
            << outcome.err;
    }
}

TEST(Help, NamesEveryMode) {
    const auto outcome = run_program("sample_program", {"--help"});
    EXPECT_EQ(outcome.status, 0);
    for (const char* flag : {"--list", "--build", "--facts", "--lab", "--count", "--slowdown"}) {
        EXPECT_NE(outcome.out.find(flag), std::string::npos) << flag;
    }
}

}  // namespace
