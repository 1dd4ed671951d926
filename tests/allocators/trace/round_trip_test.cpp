// round_trip_test: what is written is read again, whatever the threads did and however their times tie.

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/allocators/trace/made_traces.hpp"

namespace {

using namespace lab_test;

void expect_same(const Trace& made, const Trace& back) {
    ASSERT_EQ(back.threads.size(), made.threads.size());
    const auto want = canonical(made);
    const auto have = canonical(back);
    for (std::size_t thread = 0; thread < want.size(); ++thread) {
        ASSERT_EQ(have[thread].size(), want[thread].size()) << "thread " << thread;
        for (std::size_t i = 0; i < want[thread].size(); ++i) {
            ASSERT_EQ(have[thread][i], want[thread][i]) << "thread " << thread << ", operation " << i;
        }
    }
}

TEST(RoundTrip, OfRandomTraces) {
    const Folder folder;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        for (const std::uint32_t threads : {1u, 2u, 5u, 40u}) {
            for (const std::uint64_t step_ns : {0u, 3u, 1000u}) {
                SCOPED_TRACE(testing::Message() << "seed " << seed << ", threads " << threads << ", step " << step_ns);
                const Trace made = random_trace(seed, threads, seed * seed, step_ns);
                trace::write(made, folder / "a.trace");
                const Trace back = trace::read(folder / "a.trace");
                expect_same(made, back);
                EXPECT_TRUE(trace::validate(back).valid());
                if (testing::Test::HasFailure()) return;
            }
        }
    }
}

TEST(RoundTrip, OverManyChunks) {
    const Folder folder;
    for (const std::uint32_t threads : {1u, 3u}) {
        const Trace made = random_trace(7, threads, 200'000, 40);
        trace::write(made, folder / "a.trace");
        const Trace back = trace::read(folder / "a.trace");
        EXPECT_GT(back.about.file_bytes, 4 * 65536u);
        EXPECT_EQ(back.about.unsealed_chunks, 0u);
        expect_same(made, back);
    }
}

TEST(RoundTrip, KeepsWhatIsSaidOfTheProcess) {
    const Folder folder;
    Trace made = random_trace(1, 2, 50, 10);
    made.about.forked = true;
    made.about.end = trace::End::disk_full;
    trace::write(made, folder / "a.trace");
    const trace::Metadata about = trace::read(folder / "a.trace").about;
    EXPECT_EQ(about.program, made.about.program);
    EXPECT_EQ(about.arguments, made.about.arguments);
    EXPECT_EQ(about.allocator, made.about.allocator);
    EXPECT_EQ(about.pid, 77u);
    EXPECT_EQ(about.parent, 7u);
    EXPECT_TRUE(about.forked);
    EXPECT_EQ(about.end, trace::End::disk_full);
}

TEST(RoundTrip, KeepsTimesToATickAndThePaceOfASingleThread) {
    const Folder folder;
    for (const std::uint32_t threads : {1u, 4u}) {
        const Trace made = random_trace(3, threads, 5000, 1000);
        trace::write(made, folder / "a.trace");
        const Trace back = trace::read(folder / "a.trace");
        for (std::size_t thread = 0; thread < threads; ++thread) {
            std::uint64_t before = 0;
            for (std::size_t i = 0; i < made.threads[thread].size(); ++i) {
                const std::uint64_t want = made.threads[thread][i].time_ns;
                const std::uint64_t have = back.threads[thread][i].time_ns;
                ASSERT_GE(have, before);
                before = have;
                const std::uint64_t apart = std::max(want, have) - std::min(want, have);
                ASSERT_LE(apart, threads == 1 ? 128u * 1000 : 64u) << i;
            }
        }
    }
}

TEST(RoundTrip, OfTheSecondWritingIsTheSameFile) {
    const Folder folder;
    for (const std::uint32_t threads : {1u, 6u}) {
        trace::write(random_trace(9, threads, 3000, 5), folder / "a.trace");
        trace::write(trace::read(folder / "a.trace"), folder / "b.trace");
        trace::write(trace::read(folder / "b.trace"), folder / "c.trace");
        EXPECT_EQ(canonical(trace::read(folder / "b.trace")), canonical(trace::read(folder / "c.trace")));
        EXPECT_EQ(std::filesystem::file_size(folder / "b.trace"), std::filesystem::file_size(folder / "c.trace"));
    }
}

TEST(RoundTrip, OfNothing) {
    const Folder folder;
    trace::write(Trace{}, folder / "a.trace");
    EXPECT_TRUE(trace::read(folder / "a.trace").threads.empty());
    trace::write(trace_of({{}, {make(0, 5)}, {}}), folder / "a.trace");
    EXPECT_EQ(trace::read(folder / "a.trace").threads.size(), 3u);
}

TEST(RoundTrip, KeepsFaultsThatValidateFinds) {
    const Folder folder;
    const auto back = [&folder](const Trace& made) {
        trace::write(made, folder / "a.trace");
        return trace::validate(trace::read(folder / "a.trace"));
    };
    const auto count = [](const trace::Findings& found, trace::Fault fault) {
        return found.count[static_cast<std::size_t>(fault)];
    };
    // The name that was given back twice must not have been given to block 1 in between.
    const Trace twice = trace_of({{make(0, 8, 1000), end(0, 2000), make(1, 8, 3000), end(0, 4000), end(1, 5000)}});
    EXPECT_EQ(count(back(twice), trace::Fault::double_release), 1u);
    const Trace unknown = trace_of({{end(0, 1000), make(1, 8, 2000)}});
    EXPECT_EQ(count(back(unknown), trace::Fault::unknown_block), 1u);
    const Trace owners = trace_of({{make(0, 8, 1000)}, {make(0, 8, 9000)}});
    EXPECT_EQ(count(back(owners), trace::Fault::two_owners), 1u);
    Trace forked = unknown;
    forked.about.forked = true;
    EXPECT_TRUE(back(forked).valid());
    EXPECT_EQ(back(forked).inherited, 1u);
}

TEST(RoundTrip, IsSmall) {
    const Folder folder;
    trace::write(random_trace(5, 1, 100'000, 100), folder / "a.trace");
    const double bytes = static_cast<double>(trace::read(folder / "a.trace").about.stored_bytes) / 100'000;
    EXPECT_LT(bytes, 4.5);
}

TEST(Write, RefusesWhatIsNoTraceAndLeavesTheFile) {
    const Folder folder;
    trace::write(trace_of({{make(0, 1)}}), folder / "a.trace");
    for (const Trace& wrong : {trace_of({{make(trace::k_none, 1)}}), trace_of({{make(1u << 30, 1)}}),
                               trace_of({{move(trace::k_none, 0, 1)}})}) {
        EXPECT_THROW(trace::write(wrong, folder / "a.trace"), trace::Error);
    }
    EXPECT_EQ(trace::read(folder / "a.trace").operations(), 1u);
    EXPECT_THROW(trace::write(Trace{}, folder / "no/such/folder"), trace::Error);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

}  // namespace
