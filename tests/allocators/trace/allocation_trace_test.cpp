// allocation_trace_test: the program's verbs, and its one line for all that is wrong.

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/allocators/trace/made_traces.hpp"
#include "tests/experiments/harness/run_program.hpp"

namespace {

using namespace lab_test;
using Json = nlohmann::json;

const std::string k_program = LAB_PROGRAMS "/allocation_trace";

Outcome run(std::vector<std::string> arguments) { return run_program(k_program, std::move(arguments)); }

class Program : public testing::Test {
  protected:
    std::string saved(const Trace& made, const std::string& name = "a.trace") {
        trace::write(made, folder_ / name);
        return folder_ / name;
    }
    Folder folder_;
};

TEST_F(Program, ShowsStatistics) {
    const Outcome text = run({"show", saved(random_trace(2, 3, 500, 10))});
    EXPECT_EQ(text.status, 0);
    EXPECT_NE(text.out.find("operations           500\n"), std::string::npos) << text.out;
    const Json json = Json::parse(run({"show", "--json", folder_ / "a.trace"}).out);
    EXPECT_EQ(json.at("statistics").at("operations"), 500);
    EXPECT_EQ(json.at("statistics").at("threads"), 3);
    EXPECT_EQ(json.at("about").at("pid"), 77);
    EXPECT_EQ(json.at("about").at("end"), "exited");
}

TEST_F(Program, PrintsNoControlCharactersOfACommandLine) {
    Trace made = random_trace(2, 1, 10, 10);
    made.about.arguments = {"a\x1b[2Jb", "\xff\xfe"};
    EXPECT_EQ(run({"show", saved(made)}).out.find('\x1b'), std::string::npos);
    EXPECT_EQ(run({"show", "--json", folder_ / "a.trace"}).status, 0);
}

TEST_F(Program, ValidatesByItsStatus) {
    EXPECT_EQ(run({"validate", saved(random_trace(2, 3, 500, 10))}).status, 0);
    const Outcome bad = run({"validate", saved(trace_of({{end(0, 100), make(1, 8, 200)}}))});
    EXPECT_EQ(bad.status, 1);
    EXPECT_NE(bad.out.find("unknown block: operation 0 of thread 0"), std::string::npos) << bad.out;
    const Outcome json = run({"validate", folder_ / "a.trace", "--json"});
    EXPECT_EQ(json.status, 1);
    EXPECT_EQ(Json::parse(json.out).at("counts").at("unknown block"), 1);
}

TEST_F(Program, CompactsWithoutLoss) {
    const Trace made = random_trace(2, 3, 5000, 10);
    EXPECT_EQ(run({"compact", saved(made), folder_ / "b.trace"}).status, 0);
    EXPECT_EQ(canonical(trace::read(folder_ / "b.trace")), canonical(made));
}

TEST_F(Program, ReducesByACommand) {
    Trace made = random_trace(2, 3, 200, 10);
    made.threads[1].push_back({.kind = Kind::aligned, .alignment_log2 = 13, .thread = 1, .size = 4321,
                               .block = made.blocks(), .time_ns = 1u << 20});
    const Outcome end = run({"reduce", saved(made), folder_ / "b.trace", "--", "/bin/sh", "-c",
                             "'" + k_program + "' show --json \"$0\" | grep -q '\"by_size\":.*\\[4096,'"});
    EXPECT_EQ(end.status, 0) << end.err;
    const Trace least = trace::read(folder_ / "b.trace");
    EXPECT_EQ(least.operations(), 1u);
    EXPECT_FALSE(std::filesystem::exists(folder_ / "b.trace.candidate"));
    const Outcome none = run({"reduce", folder_ / "a.trace", folder_ / "c.trace", "--", "false"});
    EXPECT_EQ(none.status, 2);
    EXPECT_NE(none.err.find("does not show it"), std::string::npos) << none.err;
    EXPECT_FALSE(std::filesystem::exists(folder_ / "c.trace"));
}

TEST_F(Program, SaysInOneLineWhatIsWrong) {
    const std::string good = saved(random_trace(2, 1, 10, 10));
    std::ofstream(folder_ / "text") << "hello";
    const std::vector<std::vector<std::string>> wrong = {
        {}, {"show"}, {"show", good, good}, {"shew", good}, {"show", "--jsn", good}, {"show", folder_ / "none"},
        {"show", folder_ / "text"}, {"validate", folder_.path()}, {"compact", good}, {"compact", good, folder_ / "no/b"},
        {"reduce", good, folder_ / "b"}, {"reduce", good, folder_ / "b", "--"},
        {"reduce", good, folder_ / "b", "--", "no-such-command"}, {"compact", "--json", good, folder_ / "b"}};
    for (const auto& arguments : wrong) {
        const Outcome end = run(arguments);
        SCOPED_TRACE(end.err);
        EXPECT_EQ(end.status, 2);
        EXPECT_EQ(lines(end.err).size(), 1u);
        EXPECT_EQ(end.err.rfind("allocation_trace: ", 0), 0u);
        EXPECT_EQ(end.out, "");
    }
}

}  // namespace
