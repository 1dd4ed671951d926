// recorder_test: what liballocation_recorder.so makes of programs in every situation it must survive.

#include <gtest/gtest.h>

#include <sys/mount.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <set>

#include "tests/allocators/trace/made_traces.hpp"
#include "tests/experiments/harness/run_program.hpp"
#include "tests/sanitized.hpp"

namespace {

using namespace lab_test;
using trace::Kind;
namespace fs = std::filesystem;

const std::string k_recorder = LAB_PROGRAMS "/../lib/liballocation_recorder.so";
const std::string k_program = LAB_TEST_PROGRAMS "/recorded_program";

class Recorder : public testing::Test {
  protected:
    void SetUp() override {
        if (k_sanitized) GTEST_SKIP() << "not run: a sanitizer brings a malloc of its own";
    }

    /// By /bin/sh, which is not recorded itself.
    Outcome record(const std::string& command, const std::string& before = "", const std::string& into = "") {
        const std::string script = before + " exec env ALLOCATION_TRACE='" + (into.empty() ? folder_.path() : into) +
                                   "' LD_PRELOAD='" + k_recorder + "' " + command;
        return run_program("/bin/sh", {"-c", script});
    }

    Outcome record_program(const std::string& words) { return record(k_program + " " + words); }

    std::vector<Trace> traces(const std::string& of = "") {
        std::vector<Trace> list;
        for (const auto& entry : fs::directory_iterator(of.empty() ? folder_.path() : of)) {
            if (entry.path().extension() != ".trace") continue;
            list.push_back(trace::read(entry.path()));
            const trace::Findings found = trace::validate(list.back());
            EXPECT_TRUE(found.valid()) << entry.path() << ": "
                                       << (found.first.empty() ? "" : found.first.front().text);
        }
        return list;
    }

    Trace only_trace() {
        std::vector<Trace> list = traces();
        EXPECT_EQ(list.size(), 1u);
        return list.empty() ? Trace{} : list.front();
    }

    Folder folder_;
};

std::vector<Operation> of_size(const Trace& recorded, std::uint64_t size) {
    std::vector<Operation> found;
    for (const auto& operations : recorded.threads) {
        for (const Operation& operation : operations) {
            if (operation.makes() && operation.size == size) found.push_back(operation);
        }
    }
    return found;
}

bool is_ended(const Trace& recorded, std::uint64_t block) {
    return std::ranges::any_of(recorded.threads, [block](const auto& operations) {
        return std::ranges::any_of(operations, [block](const Operation& o) { return o.ends() == block; });
    });
}

std::size_t with_size(const std::vector<Trace>& list, std::uint64_t size) {
    return static_cast<std::size_t>(
        std::ranges::count_if(list, [size](const Trace& one) { return !of_size(one, size).empty(); }));
}

TEST_F(Recorder, SeesTheWholeFamilyOnce) {
    const Outcome end = record_program("family");
    ASSERT_EQ(end.status, 0) << end.err;
    const Trace recorded = only_trace();
    EXPECT_EQ(recorded.about.end, trace::End::exited);
    EXPECT_EQ(fs::path(recorded.about.program).filename(), "recorded_program");
    EXPECT_EQ(recorded.about.arguments, (std::vector<std::string>{k_program, "family"}));
    EXPECT_NE(recorded.about.allocator.find("libc"), std::string::npos);
    struct Call {
        std::uint64_t size;
        Kind kind;
        int alignment_log2;
    };
    for (const Call& call : {Call{60001, Kind::allocate, 0}, Call{60002, Kind::zeroed, 0}, Call{60003, Kind::allocate, 0},
                             Call{60004, Kind::allocate, 0}, Call{600040, Kind::reallocate, 0},
                             Call{60015, Kind::allocate, 0}, Call{60006, Kind::aligned, 7}, Call{60160, Kind::aligned, 8},
                             Call{60008, Kind::aligned, 9}, Call{60009, Kind::aligned, 12}, Call{60010, Kind::aligned, 12},
                             Call{60011, Kind::allocate, 0}, Call{60032, Kind::aligned, 6}, Call{60013, Kind::allocate, 0},
                             Call{60014, Kind::allocate, 0}, Call{60016, Kind::allocate, 0}}) {
        SCOPED_TRACE(call.size);
        // 3 × 20005 is 60015 too.
        const auto found = of_size(recorded, call.size);
        ASSERT_EQ(found.size(), call.size == 60015 ? 2u : 1u);
        EXPECT_EQ(found.front().kind, call.kind);
        EXPECT_TRUE(is_ended(recorded, found.front().block));
        EXPECT_EQ(found.front().alignment_log2, call.alignment_log2);
    }
    EXPECT_EQ(of_size(recorded, PTRDIFF_MAX).size(), 0u);
}

TEST_F(Recorder, BeginsBeforeConstructorsAndGoesOnAfterMain) {
    ASSERT_EQ(record_program("one").status, 0);
    const Trace recorded = only_trace();
    ASSERT_EQ(of_size(recorded, 50001).size(), 1u);
    EXPECT_TRUE(is_ended(recorded, of_size(recorded, 50001).front().block));
    EXPECT_EQ(of_size(recorded, 50002).size(), 1u);
}

TEST_F(Recorder, KeepsTheOrderBetweenThreads) {
    for (const char* word : {"threads", "reuse"}) {
        ASSERT_EQ(record_program(word).status, 0);
    }
    for (const Trace& recorded : traces()) {
        EXPECT_EQ(trace::summarise(recorded).inherited, 0u);
        EXPECT_GT(trace::summarise(recorded).cross_thread, 100u);
        EXPECT_GE(recorded.operations(), 40'000u);
    }
}

TEST_F(Recorder, LetsThousandsOfShortThreadsShareChunks) {
    ASSERT_EQ(record_program("many").status, 0);
    const Trace recorded = only_trace();
    EXPECT_EQ(recorded.threads.size(), 4001u);
    EXPECT_EQ(of_size(recorded, 70001).size(), 4000u);
    EXPECT_LT(recorded.about.file_bytes, 10 * 65536u);
}

TEST_F(Recorder, SeesDestructorsOfThreads) {
    ASSERT_EQ(record_program("destructors").status, 0);
    const Trace recorded = only_trace();
    EXPECT_EQ(recorded.threads.size(), 51u);
    EXPECT_EQ(of_size(recorded, 71001).size(), 50u);
    EXPECT_EQ(of_size(recorded, 71002).size(), 50u);
    EXPECT_EQ(of_size(recorded, 71004).size(), 200u);
    EXPECT_LT(recorded.about.file_bytes, 10 * 65536u);
}

TEST_F(Recorder, GivesEachForkedChildItsOwnFile) {
    ASSERT_EQ(record_program("forks").status, 0);
    const std::vector<Trace> list = traces();
    EXPECT_EQ(list.size(), 10u);
    EXPECT_EQ(with_size(list, 72002), 8u);
    EXPECT_EQ(with_size(list, 72003), 1u);
    for (const Trace& one : list) {
        const bool is_child = of_size(one, 72004).empty();
        EXPECT_EQ(one.about.forked, is_child);
        EXPECT_EQ(one.about.end, is_child ? trace::End::cut : trace::End::exited);
        if (!is_child) continue;
        EXPECT_EQ(one.operations(), 21u);
        EXPECT_EQ(trace::validate(one).inherited, 1u);
    }
}

TEST_F(Recorder, FollowsExecAndSpawn) {
    ASSERT_EQ(record_program("spawns").status, 0);
    std::vector<Trace> list = traces();
    EXPECT_EQ(list.size(), 3u);
    EXPECT_EQ(with_size(list, 73001), 2u);
    for (const Trace& one : list) {
        EXPECT_EQ(one.about.end, trace::End::exited);
        EXPECT_FALSE(one.about.forked);
    }
    ASSERT_EQ(record_program("executes").status, 0);
    list = traces();
    EXPECT_EQ(list.size(), 5u);
    EXPECT_EQ(with_size(list, 73001), 3u);
    EXPECT_EQ(with_size(list, 74001), 1u);
}

TEST_F(Recorder, LeavesAReadableTraceHoweverTheProgramEnds) {
    const std::map<std::string, std::uint64_t> last = {{"kill", 75001}, {"leave", 75002}, {"crash", 75003}};
    for (const auto& [word, size] : last) {
        SCOPED_TRACE(word);
        EXPECT_NE(record(k_program + " " + word, "ulimit -c 0;").status, 0);
        const Trace recorded = only_trace();
        EXPECT_EQ(recorded.about.end, trace::End::cut);
        ASSERT_EQ(of_size(recorded, size).size(), 1u);
        EXPECT_TRUE(is_ended(recorded, of_size(recorded, size).front().block));
        for (const auto& entry : fs::directory_iterator(folder_.path())) fs::remove(entry);
    }
}

TEST_F(Recorder, LeavesAValidTraceWhenThreadsAreKilledAtWork) {
    for (int i = 0; i < 10; ++i) EXPECT_EQ(record_program("kill_threads").status, 128 + SIGKILL);
    const std::vector<Trace> list = traces();
    EXPECT_EQ(list.size(), 10u);
    for (const Trace& recorded : list) EXPECT_GT(recorded.operations(), 1000u);
}

void expect_stopped(const Outcome& end, const Trace& recorded) {
    EXPECT_EQ(end.status, 0);
    EXPECT_EQ(end.out, "done\n");
    EXPECT_EQ(lines(end.err).size(), 1u) << end.err;
    EXPECT_NE(end.err.find("recording stopped, the program goes on"), std::string::npos) << end.err;
    EXPECT_EQ(recorded.about.end, trace::End::disk_full);
    EXPECT_GT(recorded.operations(), 10'000u);
    EXPECT_LT(recorded.operations(), 800'000u);
}

TEST_F(Recorder, StopsInOneLineAtTheLimitOfAFile) {
    const Outcome end = record(k_program + " fill", "ulimit -f 600;");
    expect_stopped(end, only_trace());
}

TEST_F(Recorder, StopsInOneLineWhenTheDiskIsFull) {
    const std::string disk = folder_ / "disk";
    fs::create_directory(disk);
    if (mount("none", disk.c_str(), "tmpfs", 0, "size=400k") != 0) {
        GTEST_SKIP() << "not run: no small file system can be mounted: " << std::strerror(errno);
    }
    const Outcome fill = record(k_program + " fill", "", disk);
    std::vector<Trace> list = traces(disk);
    const Outcome threads = record(k_program + " threads", "rm -f '" + disk + "'/*;", disk);
    const std::vector<Trace> more = traces(disk);
    umount(disk.c_str());
    ASSERT_EQ(list.size(), 1u);
    expect_stopped(fill, list.front());
    ASSERT_EQ(more.size(), 1u);
    EXPECT_EQ(threads.status, 0) << threads.err;
    EXPECT_EQ(lines(threads.err).size(), 1u) << threads.err;
}

TEST_F(Recorder, KeepsNoFileOpenThatTheProgramMayClose) {
    const std::string own = folder_ / "own";
    const Outcome end = record_program("closes " + own);
    ASSERT_EQ(end.status, 0) << end.err;
    EXPECT_EQ(slurp(own), "mine");
    EXPECT_GT(only_trace().operations(), 400'000u);
}

TEST_F(Recorder, LeavesAProgramsOwnOperatorNewAlone) {
    const Outcome end = record(LAB_TEST_PROGRAMS "/own_new_program");
    EXPECT_EQ(end.status, 0);
    EXPECT_EQ(end.out, "5\n");
    const Trace recorded = only_trace();
    EXPECT_EQ(of_size(recorded, 80008).size(), 1u);
    EXPECT_EQ(of_size(recorded, 80004).size(), 1u);
}

TEST_F(Recorder, RecordsAnyAllocatorBehindIt) {
    const std::string golike = LAB_PROGRAMS "/../lib/libgolike.so";
    for (const std::string& library :
         {golike, std::string("libjemalloc.so.2"), std::string("libmimalloc.so.2"), std::string("libtcmalloc_minimal.so.4")}) {
        SCOPED_TRACE(library);
        const Outcome end = run_program("/bin/sh",
                                        {"-c", "exec env ALLOCATION_TRACE='" + folder_.path() + "' LD_PRELOAD='" + k_recorder +
                                                   ":" + library + "' " + k_program + " threads"});
        if (end.err.find("cannot be preloaded") != std::string::npos) {
            std::fprintf(stderr, "not run: %s is not installed\n", library.c_str());
            continue;
        }
        ASSERT_EQ(end.status, 0) << end.err;
        const Trace recorded = only_trace();
        EXPECT_NE(recorded.about.allocator.find(fs::path(library).filename().string()), std::string::npos);
        EXPECT_GT(recorded.operations(), 160'000u);
        for (const auto& entry : fs::directory_iterator(folder_.path())) fs::remove(entry);
    }
}

TEST_F(Recorder, SaysInOneLineWhyItRecordsNothing) {
    for (const std::string& into : {std::string("relative"), folder_ / "nowhere"}) {
        const Outcome end = record(k_program + " one", "", into);
        EXPECT_EQ(end.status, 0);
        EXPECT_EQ(end.out, "done\n");
        EXPECT_EQ(lines(end.err).size(), 1u) << end.err;
        EXPECT_NE(end.err.find("nothing is recorded"), std::string::npos) << end.err;
    }
    EXPECT_TRUE(traces().empty());
}

TEST_F(Recorder, WritesAboutFourBytesAnOperation) {
    ASSERT_EQ(record_program("run").status, 0);
    ASSERT_EQ(record_program("threads").status, 0);
    for (const Trace& recorded : traces()) {
        EXPECT_LT(trace::summarise(recorded).bytes_per_operation, recorded.threads.size() == 1 ? 4.0 : 6.5);
    }
}

}  // namespace
