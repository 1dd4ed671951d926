// script_test: slots are few, edges are where they belong, and what cannot be played is refused.

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <utility>

#include "experiments/replay/layout.hpp"
#include "traces.hpp"

namespace {

using namespace lab::replay;
using invented::k_none;
using invented::Operation;
using invented::random_trace;
using invented::Teller;

TEST(Script, UsesASlotAgain) {
    Teller teller;
    for (int i = 0; i < 1000; ++i) {
        const std::uint64_t one = teller.allocate(0, 10);
        const std::uint64_t two = teller.reallocate(0, teller.allocate(0, 20), 30);
        teller.release(0, one);
        teller.release(0, two);
    }
    const Script script = compile(teller.trace);
    EXPECT_EQ(script.threads.at(0).slots, 2u);
    EXPECT_EQ(script.crossings, 0u);
    EXPECT_EQ(script.threads[0].steps.size(), 5000u);
    EXPECT_EQ(script.threads[0].moves.size(), 1000u);
    EXPECT_EQ(script.threads[0].steps[3].size, 10u) << "a release knows what its block had";
}

TEST(Script, GivesABlockThatCrossesASlotOfItsOwn) {
    Teller teller;
    const std::uint64_t stays = teller.allocate(0, 1);
    const std::uint64_t goes = teller.allocate(0, 2);
    const std::uint64_t grows = teller.allocate(0, 3);
    teller.release(1, goes);
    const std::uint64_t grown = teller.reallocate(1, grows, 4);
    teller.release(1, grown);
    teller.release(0, stays);
    const Script script = compile(teller.trace);
    EXPECT_EQ(script.crossings, 2u);
    const auto& maker = script.threads.at(0).steps;
    EXPECT_FALSE(maker[0].crosses);
    EXPECT_TRUE(maker[1].crosses);
    EXPECT_TRUE(maker[2].crosses);
    const auto& other = script.threads.at(1);
    EXPECT_TRUE(other.steps[0].crosses);
    EXPECT_TRUE(other.moves.at(0).crosses);
    EXPECT_FALSE(other.steps[1].crosses) << "what it has become stays";
    EXPECT_EQ(script.threads[0].starts.size(), 1u);
    EXPECT_EQ(script.threads[0].starts[0].after, 3u);
}

TEST(Script, LeavesOutWhatWasInherited) {
    Trace trace;
    trace.about.forked = true;
    trace.threads = {{Operation{Kind::allocate, 0, 0, 8, 0, k_none, 1}, Operation{Kind::release, 0, 0, 0, 1, k_none, 2},
                      Operation{Kind::reallocate, 0, 0, 16, 2, 3, 3}, Operation{Kind::release, 0, 0, 0, 2, k_none, 4}}};
    const Script script = compile(trace);
    EXPECT_EQ(script.left_out, 2u);
    ASSERT_EQ(script.threads.at(0).steps.size(), 3u);
    EXPECT_FALSE(script.threads[0].moves.at(0).exists) << "it begins a block then";
}

void expect_refused(const Trace& trace, const std::string& why) {
    try {
        compile(trace);
        FAIL() << "played";
    } catch (const std::runtime_error& error) {
        EXPECT_NE(std::string(error.what()).find(why), std::string::npos) << error.what();
        EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
    }
}

TEST(Script, RefusesWhatCannotBe) {
    expect_refused(Trace(), "no operations");
    const Operation make{Kind::allocate, 0, 0, 8, 0, k_none, 1};
    const Operation end{Kind::release, 0, 0, 0, 0, k_none, 2};
    const auto one_thread = [](std::vector<Operation> operations) {
        Trace trace;
        trace.threads.push_back(std::move(operations));
        return trace;
    };
    expect_refused(one_thread({make, make}), "begins twice");
    expect_refused(one_thread({make, end, end}), "ends twice");
    expect_refused(one_thread({end, make}), "ends before it begins");
    expect_refused(one_thread({{Kind::allocate, 0, 0, 8, 1'000'000'000, k_none, 1}}), "not numbered densely");

    Trace stuck;  // each thread waits for what the other makes afterwards
    stuck.threads = {{{Kind::release, 0, 0, 0, 0, k_none, 1}, {Kind::allocate, 0, 0, 8, 1, k_none, 2}},
                     {{Kind::release, 0, 1, 0, 1, k_none, 1}, {Kind::allocate, 0, 1, 8, 0, k_none, 2}}};
    expect_refused(stuck, "wait for each other");
}

TEST(Script, OfThreadsThatLiveOneAfterTheOtherNeedsRoomForTwo) {
    Teller teller;
    for (std::size_t thread = 0; thread < 50; ++thread) teller.release(thread, teller.allocate(thread, 8));
    const Script script = compile(teller.trace);
    EXPECT_EQ(script.alive_at_once, 2u);  // who begins another is still there
}

TEST(Layout, HoldsWhatTheScriptHolds) {
    const Script script = compile(random_trace(5, 3, 500));
    const Layout layout = Layout::made_apart([&] { return script; });
    ASSERT_EQ(layout.threads(), script.threads.size());
    std::size_t first = 0;
    for (std::size_t t = 0; t < layout.threads(); ++t) {
        const ThreadLayout thread = layout.thread(t);
        const ThreadScript& expected = script.threads[t];
        EXPECT_EQ(thread.first_slot, first);
        first += expected.slots;
        ASSERT_EQ(thread.steps.size(), expected.steps.size());
        ASSERT_EQ(thread.moves.size(), expected.moves.size());
        ASSERT_EQ(thread.starts.size(), expected.starts.size());
        for (std::size_t i = 0; i < thread.steps.size(); ++i) {
            EXPECT_EQ(thread.steps[i].size, expected.steps[i].size);
            EXPECT_EQ(thread.steps[i].slot, expected.steps[i].slot);
        }
    }
    EXPECT_EQ(layout.slots(), first);
}

TEST(Layout, TellsWhatWentWrongInTheOtherProcess) {
    EXPECT_THROW(Layout::made_apart([]() -> Script { _exit(3); }), std::runtime_error);
    try {
        Layout::made_apart([] { return compile(Trace()); });
        FAIL();
    } catch (const std::runtime_error& error) {
        EXPECT_NE(std::string(error.what()).find("no operations"), std::string::npos);
    }
}

}  // namespace
