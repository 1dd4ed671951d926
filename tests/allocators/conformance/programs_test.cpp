// programs_test: real programs do under golike what they do without it, and one that does not is found.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/experiments/harness/run_program.hpp"

namespace {

using Json = nlohmann::json;
using lab_test::Outcome;

const std::string k_golike = LAB_PROGRAMS "/../lib/libgolike.so";
const std::string k_broken = LAB_TEST_PROGRAMS "/libbroken_malloc_library.so";

Outcome run(std::vector<std::string> arguments) {
    return lab_test::run_program("../../bin/allocator_conformance", std::move(arguments));
}

struct Row {
    int status;
    Json json;
};

Row row_of(const std::string& program, const std::string& library) {
    const Outcome end = run({"--programs", "--library=" + library, "--checks=" + program});
    const std::vector<std::string> lines = lab_test::lines(end.out);
    if (lines.size() != 2) throw std::runtime_error(end.out + end.err);
    return {end.status, Json::parse(lines[1])};
}

std::vector<std::string> programs() {
    std::vector<std::string> names;
    for (const std::string& line : lab_test::lines(run({"--list"}).out)) {
        const Json row = Json::parse(line);
        if (row.at("kind") == "program") names.push_back(row.at("check"));
    }
    return names;
}

TEST(RealPrograms, AreListed) {
    EXPECT_EQ(programs(), (std::vector<std::string>{"cmake", "g++", "gcc", "git", "node", "perl", "python3",
                                                    "redis-server", "sqlite3"}));
}

class RealProgram : public testing::TestWithParam<const char*> {};

TEST_P(RealProgram, DoesTheSameUnderGolike) {
    if (!std::filesystem::exists(k_golike)) GTEST_SKIP() << "not run: " << k_golike << " is not built";
    const Row row = row_of(GetParam(), k_golike);
    if (row.json.contains("not_run")) GTEST_SKIP() << "not run: " << row.json.at("not_run");
    EXPECT_EQ(row.json.value("passed", false), true) << row.json;
    EXPECT_EQ(row.status, 0);
    EXPECT_NE(row.json.at("detail").get<std::string>().find(std::string(" ") + GetParam()), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Programs, RealProgram,
                         testing::Values("cmake", "g++", "gcc", "git", "node", "perl", "python3", "redis-server",
                                         "sqlite3"),
                         [](const auto& param) {
                             std::string name = param.param;
                             for (char& c : name) {
                                 if (c == '+') c = 'x';
                                 if (c == '-') c = '_';
                             }
                             return name;
                         });

Row row_with_fault(const std::string& fault) {
    setenv("LAB_FAULT", fault.c_str(), 1);
    const Row row = row_of("perl", k_broken);
    unsetenv("LAB_FAULT");
    return row;
}

TEST(RealPrograms, OneThatDoesSomethingElseIsFound) {
    const Row row = row_with_fault("loses-when-growing");
    if (row.json.contains("not_run")) GTEST_SKIP() << "not run: " << row.json.at("not_run");
    EXPECT_EQ(row.json.value("passed", true), false) << row.json;
    EXPECT_EQ(row.status, 1);
    EXPECT_NE(row.json.at("detail"), "");
}

TEST(RealPrograms, OneThatNeverLoadedTheLibraryIsFound) {
    const Row row = row_with_fault("hides-from-children");
    if (row.json.contains("not_run")) GTEST_SKIP() << "not run: " << row.json.at("not_run");
    EXPECT_EQ(row.json.value("passed", true), false) << row.json;
    EXPECT_EQ(row.status, 1);
    EXPECT_EQ(row.json.at("detail"), "no process called perl loaded the library");
}

TEST(RealPrograms, OneThatIsMissingSaysSo) {
    const std::string path = std::getenv("PATH");
    setenv("PATH", "/nowhere", 1);
    const Row row = row_of("perl", k_broken);
    setenv("PATH", path.c_str(), 1);
    EXPECT_EQ(row.json.at("not_run"), "perl is not installed");
    EXPECT_FALSE(row.json.contains("passed"));
    EXPECT_EQ(row.status, 0);
}

}  // namespace
