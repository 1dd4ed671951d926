// conformance_test: the conformance program passes libc's malloc, finds planted faults, and refuses
// in one line what is no malloc.

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "tests/experiments/harness/run_program.hpp"

namespace {

using Json = nlohmann::json;
using lab_test::Outcome;

const std::string k_library = LAB_TEST_PROGRAMS "/libbroken_malloc_library.so";

/// The program's end and its rows by name; the first line, which says who serves, is row "".
struct Table {
    Outcome end;
    std::map<std::string, Json> rows;
};

Table run(std::vector<std::string> arguments, const std::string& fault = "") {
    setenv("LAB_FAULT", fault.c_str(), 1);
    Table table{lab_test::run_program("../../bin/allocator_conformance", std::move(arguments)), {}};
    unsetenv("LAB_FAULT");
    for (const std::string& line : lab_test::lines(table.end.out)) {
        const Json row = Json::parse(line);
        table.rows[row.value("check", "")] = row;
    }
    return table;
}

Table run_broken(const std::string& fault, const std::string& checks) {
    return run({"--library=" + k_library, "--timeout-s=20", "--checks=" + checks}, fault);
}

std::set<std::string> failed(const Table& table) {
    std::set<std::string> names;
    for (const auto& [name, row] : table.rows) {
        if (!row.value("passed", true)) names.insert(name);
    }
    return names;
}

bool one_line(const std::string& text) {
    return !text.empty() && text.find('\n') == text.size() - 1;
}

TEST(Conformance, ListsEveryRowOnceWithItsKind) {
    const Outcome end = run({"--list"}).end;
    EXPECT_EQ(end.status, 0);
    std::set<std::string> names;
    std::map<std::string, int> kinds;
    for (const std::string& line : lab_test::lines(end.out)) {
        const Json row = Json::parse(line);
        EXPECT_TRUE(names.insert(row.at("check")).second) << line;
        ++kinds[row.at("kind")];
    }
    EXPECT_GE(kinds["required"], 33);
    EXPECT_GE(kinds["misuse"], 5);
    EXPECT_GE(kinds["program"], 9);
    EXPECT_EQ(kinds.size(), 4u);
}

TEST(Conformance, PassesTheMallocOfLibc) {
    const Table table = run({});
    EXPECT_EQ(failed(table), std::set<std::string>{}) << table.end.out;
    EXPECT_EQ(table.end.status, 0);
    EXPECT_NE(table.rows.at("").at("serves").get<std::string>().find("libc"), std::string::npos);
    EXPECT_EQ(table.rows.at("free-stack").at("outcome"), "caught");
}

TEST(Conformance, FindsNothingButTheForgottenEntryPointInAWrapperOfLibc) {
    const Table table = run({"--library=" + k_library, "--timeout-s=60"});
    EXPECT_EQ(failed(table), std::set<std::string>{"entry-points"}) << table.end.out;
    EXPECT_NE(table.rows.at("entry-points").at("detail").get<std::string>().find("malloc_usable_size"),
              std::string::npos);
    EXPECT_EQ(table.rows.at("").at("library"), table.rows.at("").at("serves"));
}

struct Planted {
    const char* fault;
    std::vector<std::string> rows;  // that must find it
};

class PlantedFault : public testing::TestWithParam<Planted> {};

TEST_P(PlantedFault, IsFoundByItsRowsAndByNoOther) {
    std::string checks = "size-zero";  // passes, whatever the fault
    for (const std::string& row : GetParam().rows) checks += "," + row;
    const Table table = run_broken(GetParam().fault, checks);
    EXPECT_EQ(failed(table), std::set<std::string>(GetParam().rows.begin(), GetParam().rows.end()))
        << table.end.out << table.end.err;
    EXPECT_EQ(table.end.status, 1);
    for (const std::string& row : GetParam().rows) {
        EXPECT_NE(table.rows.at(row).at("detail"), "") << row;
    }
}

INSTANTIATE_TEST_SUITE_P(
    Faults, PlantedFault,
    testing::Values(Planted{"misaligned", {"aligned-alloc", "posix-memalign", "memalign", "alignment-64-mib"}},
                    Planted{"forgets-errno", {"malloc-too-large"}},
                    Planted{"dirty-calloc", {"calloc-zero"}},
                    Planted{"overflowing-calloc", {"calloc-overflow"}},
                    Planted{"loses-on-realloc", {"realloc-failure-keeps"}},
                    Planted{"changes-errno", {"free-keeps-errno"}},
                    Planted{"leaks", {"abandoned-blocks", "thread-churn"}}),
    [](const auto& param) {
        std::string name = param.param.fault;
        for (char& c : name) {
            if (c == '-') c = '_';
        }
        return name;
    });

TEST(Conformance, AHangIsARowOfItsOwn) {
    const Table table =
        run({"--library=" + k_library, "--timeout-s=5", "--checks=size-zero,tls-destructors"}, "hangs");
    EXPECT_EQ(failed(table), std::set<std::string>{"tls-destructors"});
    EXPECT_NE(table.rows.at("tls-destructors").at("detail").get<std::string>().find("hung"), std::string::npos);
}

TEST(Conformance, RefusesInOneLineWhatIsNoMalloc) {
    const Outcome end = run({"--library=" LAB_TEST_PROGRAMS "/libno_malloc_library.so"}).end;
    EXPECT_EQ(end.status, 3);
    EXPECT_EQ(end.out, "");
    EXPECT_TRUE(one_line(end.err)) << end.err;
    EXPECT_NE(end.err.find("does not serve malloc"), std::string::npos) << end.err;
}

TEST(Conformance, RefusesInOneLineWhatCrashesOrHangsAtLoad) {
    for (const std::string fault : {"crashes-at-load", "hangs-at-load"}) {
        const Outcome end = run({"--library=" + k_library, "--timeout-s=5"}, fault).end;
        EXPECT_EQ(end.status, 3) << fault;
        EXPECT_TRUE(one_line(end.err)) << end.err;
        EXPECT_NE(end.err.find(fault == "hangs-at-load" ? "hung" : "SIGSEGV"), std::string::npos) << end.err;
    }
}

TEST(Conformance, RefusesInOneLineWhatIsNoLibrary) {
    const Outcome text = run({"--library=" LAB_SOURCE_DIR "/README.md"}).end;
    EXPECT_EQ(text.status, 3);
    EXPECT_TRUE(one_line(text.err)) << text.err;
    for (const std::string argument : {"--library=/nowhere/lib.so", "--library=/two words.so", "--check=x",
                                       "--checks=unknown", "--timeout-s=0"}) {
        const Outcome end = run({argument}).end;
        EXPECT_EQ(end.status, 2) << argument;
        EXPECT_TRUE(one_line(end.err)) << end.err;
    }
}

TEST(Conformance, TakesTheLibraryFromTheUsualVariableToo) {
    setenv("LD_PRELOAD", k_library.c_str(), 1);
    const Table table = run({"--checks=size-zero"});
    unsetenv("LD_PRELOAD");
    EXPECT_EQ(table.rows.at("").at("library"), k_library);
    EXPECT_EQ(table.end.status, 0);
}

}  // namespace
