// analysis_test: validate finds planted faults and nothing else, summarise counts, reduce finds the least.

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "tests/allocators/trace/made_traces.hpp"

namespace {

using namespace lab_test;
using trace::Fault;

std::set<Fault> faults(const Trace& made) {
    std::set<Fault> found;
    const trace::Findings findings = trace::validate(made);
    for (std::size_t i = 0; i < trace::k_faults; ++i) {
        if (findings.count[i] != 0) found.insert(static_cast<Fault>(i));
    }
    EXPECT_EQ(findings.valid(), found.empty());
    EXPECT_EQ(findings.first.empty(), found.empty());
    return found;
}

Operation& first(Trace& made, Kind kind) {
    for (auto& operations : made.threads) {
        for (Operation& operation : operations) {
            if (operation.kind == kind) return operation;
        }
    }
    throw std::runtime_error("no such operation");
}

TEST(Validate, FindsNothingInValidTraces) {
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        EXPECT_EQ(faults(random_trace(seed, 1 + static_cast<std::uint32_t>(seed % 7), 400, seed % 3 * 50)), std::set<Fault>{});
    }
    EXPECT_EQ(faults(Trace{}), std::set<Fault>{});
}

TEST(Validate, FindsEachPlantedFault) {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        const Trace good = random_trace(seed, 3, 300, 50);
        const auto planted = [&good](auto plant) {
            Trace bad = good;
            plant(bad);
            return faults(bad);
        };
        const auto append = [](Trace& bad, Operation operation) {
            operation.thread = 1;
            operation.time_ns = 1u << 30;
            bad.threads[1].push_back(operation);
        };
        EXPECT_EQ(planted([&](Trace& bad) { append(bad, end(first(bad, Kind::release).block)); }),
                  std::set{Fault::double_release});
        EXPECT_EQ(planted([&](Trace& bad) { append(bad, end(bad.blocks())); }), std::set{Fault::unknown_block});
        EXPECT_EQ(planted([&](Trace& bad) { append(bad, make(first(bad, Kind::allocate).block, 8)); }),
                  std::set{Fault::two_owners});
        EXPECT_EQ(planted([](Trace& bad) { first(bad, Kind::allocate).size = trace::k_max_size + 1; }),
                  std::set{Fault::size});
        EXPECT_EQ(planted([](Trace& bad) { first(bad, Kind::aligned).alignment_log2 = 48; }), std::set{Fault::alignment});
        EXPECT_EQ(planted([](Trace& bad) { first(bad, Kind::allocate).alignment_log2 = 4; }), std::set{Fault::alignment});
        EXPECT_EQ(planted([](Trace& bad) { bad.threads[0][0].time_ns = 1u << 30; }), std::set{Fault::time});
        EXPECT_EQ(planted([](Trace& bad) { first(bad, Kind::release).size = 1; }), std::set{Fault::shape});
        EXPECT_EQ(planted([](Trace& bad) { bad.threads[2][0].thread = 0; }), std::set{Fault::shape});
        EXPECT_TRUE(planted([](Trace& bad) { first(bad, Kind::reallocate).from = trace::k_none; }).contains(Fault::shape));
    }
}

TEST(Validate, FindsOrdersThatNoThreadsCouldFollow) {
    EXPECT_EQ(faults(trace_of({{end(0), make(0, 8)}})), std::set{Fault::order});
    // Each thread ends, before it makes its own block, the other's.
    EXPECT_EQ(faults(trace_of({{end(1), make(0, 8)}, {end(0), make(1, 8)}})), std::set{Fault::order});
    EXPECT_EQ(faults(trace_of({{make(0, 8), end(1)}, {end(0), make(1, 8)}})), std::set<Fault>{});
}

TEST(Validate, TakesUnknownBlocksOfAForkedProcessForInherited) {
    Trace forked = trace_of({{end(0), move(1, 2, 8), end(2)}});
    EXPECT_EQ(faults(forked), std::set{Fault::unknown_block});
    forked.about.forked = true;
    EXPECT_EQ(faults(forked), std::set<Fault>{});
    EXPECT_EQ(trace::validate(forked).inherited, 2u);
}

TEST(Validate, ShowsAHundredFindingsAndCountsAll) {
    std::vector<Operation> ends;
    for (std::uint64_t block = 0; block < 500; ++block) ends.push_back(end(block));
    const trace::Findings found = trace::validate(trace_of({ends}));
    EXPECT_EQ(found.first.size(), 100u);
    EXPECT_EQ(found.count[static_cast<std::size_t>(Fault::unknown_block)], 500u);
}

TEST(Walk, KeepsProgramOrderAndMakesBlocksBeforeTheyEnd) {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        const Trace made = random_trace(seed, 5, 500, seed % 2 * 10);
        std::vector<std::size_t> next(5);
        std::set<std::uint64_t> live;
        std::uint64_t visited = 0;
        EXPECT_EQ(trace::walk(made,
                              [&](const Operation& operation) {
                                  ASSERT_EQ(&operation, &made.threads[operation.thread][next[operation.thread]++]);
                                  if (operation.ends() != trace::k_none) {
                                      ASSERT_EQ(live.erase(operation.ends()), 1u);
                                  }
                                  if (operation.makes()) {
                                      ASSERT_TRUE(live.insert(operation.block).second);
                                  }
                                  ++visited;
                              }),
                  0u);
        EXPECT_EQ(visited, made.operations());
    }
}

TEST(Summarise, CountsWhatCanBeCountedByHand) {
    const Trace made = trace_of({{make(0, 100, 10), make(1, 0, 20), move(0, 2, 300, 30), end(1, 60)}, {end(2, 50)}});
    const trace::Statistics sum = trace::summarise(made);
    EXPECT_EQ(sum.operations, 5u);
    EXPECT_EQ(sum.by_kind, (std::array<std::uint64_t, 5>{2, 0, 0, 1, 2}));
    EXPECT_EQ(sum.by_size[0], 1u);
    EXPECT_EQ(sum.by_size[7], 1u);
    EXPECT_EQ(sum.by_size[9], 1u);
    EXPECT_EQ(sum.bytes, 400u);
    EXPECT_EQ(sum.peak.bytes, 300u);
    EXPECT_EQ(sum.peak.operation, 2u);
    EXPECT_EQ(sum.last.bytes, 0u);
    EXPECT_EQ(sum.last.blocks, 0u);
    EXPECT_EQ(sum.cross_thread, 1u);
    EXPECT_EQ(sum.moved_bytes, 100u);
    EXPECT_EQ(sum.duration_ns, 60u);
    EXPECT_EQ(sum.live.size(), 5u);
    EXPECT_EQ(sum.live[3].bytes, 0u);
    EXPECT_EQ(sum.by_lifetime[1], 1u);  // block 2: one operation
    EXPECT_EQ(sum.by_lifetime[2], 2u);  // blocks 0 and 1: two and three
}

TEST(Summarise, DrawsLiveBytesInAtMost512Points) {
    const trace::Statistics sum = trace::summarise(random_trace(1, 2, 100'000, 10));
    EXPECT_LE(sum.live.size(), 512u);
    EXPECT_GE(sum.live.size(), 400u);
    std::uint64_t by_kind = 0;
    for (const std::uint64_t count : sum.by_kind) by_kind += count;
    EXPECT_EQ(by_kind, 100'000u);
}

/// A block of size 12345 is ended by another thread than its maker's while one of 777 bytes lives.
bool shows(const Trace& part) {
    EXPECT_TRUE(trace::validate(part).valid());
    std::set<std::uint64_t> marks;
    std::map<std::uint64_t, std::uint32_t> makers;
    bool shown = false;
    trace::walk(part, [&](const Operation& operation) {
        if (const auto maker = makers.find(operation.ends()); maker != makers.end()) {
            shown = shown || (maker->second != operation.thread && !marks.empty());
        }
        marks.erase(operation.ends());
        if (operation.makes() && operation.size == 777) marks.insert(operation.block);
        if (operation.makes() && operation.size == 12345) makers[operation.block] = operation.thread;
    });
    return shown;
}

TEST(Reduce, ShrinksAPlantedCaseToItsLeast) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        SCOPED_TRACE(seed);
        Trace made = random_trace(seed, 6, 400, 10);
        const std::uint64_t mark = made.blocks();
        const auto plant = [&made](std::uint32_t thread, Operation operation, std::uint64_t time) {
            operation.thread = thread;
            operation.time_ns = time;
            auto& operations = made.threads[thread];
            auto at = operations.begin();
            while (at != operations.end() && at->time_ns < time) ++at;
            operations.insert(at, operation);
        };
        plant(1, make(mark, 777), 500);
        plant(4, make(mark + 1, 100), 600);
        plant(4, move(mark + 1, mark + 2, 12345), 700);
        plant(3, end(mark + 2), 2000);
        const Trace least = trace::reduce(made, shows);
        EXPECT_TRUE(shows(least));
        EXPECT_EQ(least.operations(), 3u);
        EXPECT_LE(least.threads.size(), 3u);
    }
}

TEST(Reduce, RefusesWhatTheWholeTraceDoesNotShow) {
    EXPECT_THROW(trace::reduce(random_trace(1, 2, 50, 10), [](const Trace&) { return false; }), trace::Error);
}

TEST(Reduce, ComesDownToNothingWhereNothingIsAsked) {
    EXPECT_EQ(trace::reduce(random_trace(1, 2, 50, 10), [](const Trace&) { return true; }).operations(), 0u);
}

}  // namespace
