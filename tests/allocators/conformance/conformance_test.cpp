// conformance_test: the conformance program passes libc's malloc, finds planted faults, and refuses
// in one line what is no malloc.

#include <elf.h>
#include <gnu/libc-version.h>
#include <gtest/gtest.h>
#include <link.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "allocators/installed.hpp"
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

std::string name_of(std::string fault) {
    for (char& c : fault) {
        if (c == '-') c = '_';
    }
    return fault;
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

TEST(Conformance, TellsTheVersionOfWhatServesMallocAndOfNothingElse) {
    const Table libc = run({"--identity"});
    EXPECT_EQ(libc.rows.at("").at("version"), gnu_get_libc_version());
    EXPECT_EQ(libc.rows.size(), 1u);
    const Table broken = run({"--identity", "--library=" + k_library});
    EXPECT_EQ(broken.rows.at("").at("version"), "");  // not that of libc, which is there too
    for (const lab::Allocator& allocator : lab::installed_allocators()) {
        if (allocator.library.empty()) continue;
        const Table table = run({"--identity", "--library=" + allocator.library});
        EXPECT_NE(table.rows.at("").at("version").get<std::string>().find('.'), std::string::npos)
            << allocator.name;
    }
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
                    Planted{"leaks", {"freed-memory-reused", "abandoned-blocks", "thread-churn"}}),
    [](const auto& param) { return name_of(param.param.fault); });

TEST(Conformance, AHangIsARowOfItsOwn) {
    const Table table =
        run({"--library=" + k_library, "--timeout-s=5", "--checks=size-zero,tls-destructors"}, "hangs");
    EXPECT_EQ(failed(table), std::set<std::string>{"tls-destructors"});
    EXPECT_NE(table.rows.at("tls-destructors").at("detail").get<std::string>().find("hung"), std::string::npos);
}

/// Whether it ends as a usage error of one line that has all these words.
testing::AssertionResult refused(const Outcome& end, const std::vector<std::string>& words) {
    bool told = one_line(end.err);
    for (const std::string& word : words) told = told && end.err.find(word) != std::string::npos;
    if (end.status == 2 && end.out.empty() && told) return testing::AssertionSuccess();
    return testing::AssertionFailure() << "status " << end.status << ": " << end.err << end.out;
}

TEST(Conformance, RefusesInOneLineWhatIsNoMalloc) {
    for (const char* how : {"--usable", "--timeout-s=60"}) {
        EXPECT_TRUE(refused(run({"--library=" LAB_TEST_PROGRAMS "/libno_malloc_library.so", how}).end,
                            {"libno_malloc_library.so does not serve malloc"}));
        EXPECT_TRUE(refused(run({"--library=" LAB_SOURCE_DIR "/README.md", how}).end, {"README.md", "no ELF file"}));
        EXPECT_TRUE(refused(run({"--library=" LAB_SOURCE_DIR, how}).end, {"is not a file"}));
        EXPECT_TRUE(refused(run({"--library=/nowhere/lib.so", how}).end, {"/nowhere/lib.so does not exist"}));
        EXPECT_TRUE(refused(run({"--library=/two words.so", how}).end, {"blank"}));
    }
}

/// A copy of the library with one byte of its ELF header changed.
class ChangedLibrary {
   public:
    ChangedLibrary(std::size_t at, char value) {
        std::filesystem::copy_file(k_library, path_, std::filesystem::copy_options::overwrite_existing);
        std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(static_cast<std::streamoff>(at));
        file.put(value);
    }
    ChangedLibrary(const ChangedLibrary&) = delete;
    ChangedLibrary& operator=(const ChangedLibrary&) = delete;
    ~ChangedLibrary() { std::filesystem::remove(path_); }
    const std::string& path() const { return path_; }

   private:
    std::string path_ = testing::TempDir() + "libchanged." + std::to_string(getpid()) + ".so";
};

TEST(Conformance, RefusesInOneLineWhatIsBuiltForAnotherProcessor) {
    const ChangedLibrary narrow(EI_CLASS, ELFCLASS32);
    EXPECT_TRUE(refused(run({"--library=" + narrow.path(), "--usable"}).end, {narrow.path(), "another processor"}));
    const ChangedLibrary foreign(offsetof(ElfW(Ehdr), e_machine), EM_68K);
    EXPECT_TRUE(refused(run({"--library=" + foreign.path(), "--usable"}).end, {foreign.path(), "another processor"}));
}

struct Unusable {
    const char* fault;
    const char* words;
};

class UnusableLibrary : public testing::TestWithParam<Unusable> {};

TEST_P(UnusableLibrary, IsRefusedInOneLineThatSaysWhy) {
    const Table table = run({"--library=" + k_library, "--timeout-s=5", "--usable"}, GetParam().fault);
    EXPECT_TRUE(refused(table.end, {k_library, GetParam().words}));
}

INSTANTIATE_TEST_SUITE_P(Faults, UnusableLibrary,
                         testing::Values(Unusable{"crashes-at-load", "no program starts under it: killed by SIGSEGV"},
                                         Unusable{"hangs-at-load", "no program starts under it: hung"},
                                         Unusable{"null", "is null"},
                                         Unusable{"overlapping", "overwritten through another"},
                                         Unusable{"misaligned-blocks", "not aligned to 16"},
                                         Unusable{"dirty-calloc", "not zero on recycled memory"},
                                         Unusable{"loses-when-growing", "lost bytes"},
                                         Unusable{"leaks", "MiB are resident though every block"}),
                         [](const auto& param) { return name_of(param.param.fault); });

TEST(Conformance, WhatOnlyFailsRowsIsUsable) {
    for (const std::string fault : {"", "misaligned", "forgets-errno", "changes-errno", "overflowing-calloc"}) {
        const Outcome end = run({"--library=" + k_library, "--usable"}, fault).end;
        EXPECT_EQ(end.status, 0) << fault << end.err;
        EXPECT_EQ(end.out + end.err, "");
    }
}

TEST(Conformance, RefusesInOneLineWhatItDoesNotKnow) {
    for (const std::string argument : {"--check=x", "--checks=unknown", "--timeout-s=0"}) {
        EXPECT_TRUE(refused(run({argument}).end, {})) << argument;
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
