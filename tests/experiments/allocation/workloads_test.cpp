// workloads_test: every workload ends where it should with any memory, and notices memory that is broken.

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "experiments/allocation/lifetimes.hpp"
#include "experiments/allocation/memory.hpp"
#include "experiments/allocation/mixes.hpp"
#include "experiments/allocation/pairs.hpp"
#include "experiments/allocation/reuse.hpp"
#include "experiments/allocation/threads.hpp"

namespace {

using namespace lab::allocation;

// Every block is the same one: what a workload must not mistake for memory.
struct Overlapping {
    Overlapping(std::size_t, std::size_t) : one(std::make_shared<std::array<std::uint64_t, 1 << 18>>()) {}
    void* allocate(std::size_t, std::size_t) { return one->data(); }
    void* aligned(std::size_t, std::size_t, std::size_t) { return one->data(); }
    void* resize(void*, std::size_t, std::size_t) { return one->data(); }
    void release(void*) {}
    std::shared_ptr<std::array<std::uint64_t, 1 << 18>> one;
};

// A realloc that forgets what the block held.
struct Forgetting : Malloc {
    using Malloc::Malloc;
    void* resize(void* block, std::size_t bytes, std::size_t) {
        std::free(block);
        return std::calloc(1, bytes);
    }
};

/// The checksum of each workload's third operation: state goes on, the checksum must not.
template <class Memory>
std::map<std::string, std::uint64_t> checksums() {
    const auto third = [](auto operation) {
        operation();
        operation();
        return operation();
    };
    return {
        {"lifo", third(set_up_lifo<Memory>(64, 100))},
        {"batch", third(set_up_batch<Memory>(64, Order::forward, 1000))},
        {"batch shuffled", third(set_up_batch<Memory>(640, Order::shuffled, 1000))},
        {"lifo sweep", third(set_up_lifo_sweep<Memory>(32768))},
        {"batch sweep", third(set_up_batch_sweep<Memory>(32768))},
        {"working set", third(set_up_working_set<Memory>(500, k_lean, 1000))},
        {"alignments", third(set_up_alignment_mix<Memory>(500))},
        {"hold", third(set_up_hold<Memory>(100, 1000))},
        {"server", third(set_up_server<Memory>(2, 100, 2000))},
        {"thread churn", third(set_up_thread_churn<Memory>(100))},
        {"producer, consumer", third(set_up_producer_consumer<Memory>(64, 10'000))},
        {"parallel", third(set_up_parallel<Memory>(2, 64, 10'000))},
        {"ageing", third(set_up_ageing<Memory>(1 << 20))},
    };
}

TEST(Workloads, EndTheSameOnMallocAndOnNothing) {
    const auto real = checksums<Malloc>();
    EXPECT_EQ(real, checksums<Null>());
    EXPECT_EQ(real.at("batch shuffled"), 1000u);
    EXPECT_EQ(real.at("server"), 4000u);
    EXPECT_EQ(real.at("producer, consumer"), 10'000u);
}

TEST(Workloads, NoticeBlocksThatOverlap) {
    const auto real = checksums<Malloc>();
    // One block at a time cannot overlap; threads would race on the one block.
    const auto broken = std::map<std::string, std::uint64_t>{
        {"batch", set_up_batch<Overlapping>(64, Order::forward, 1000)()},
        {"batch sweep", set_up_batch_sweep<Overlapping>(32768)()},
        {"working set", set_up_working_set<Overlapping>(500, k_lean, 1000)()},
        {"alignments", set_up_alignment_mix<Overlapping>(500)()},
        {"hold", set_up_hold<Overlapping>(100, 1000)()},
        {"ageing", set_up_ageing<Overlapping>(1 << 20)()},
    };
    for (const auto& [name, checksum] : broken) EXPECT_LT(checksum, real.at(name)) << name;
}

TEST(Workloads, ReallocGrowthNoticesAReallocThatForgets) {
    for (const Growth growth : {Growth::half, Growth::page}) {
        const std::uint64_t real = set_up_realloc_growth<Malloc>(1 << 20, growth)();
        EXPECT_EQ(real, set_up_realloc_growth<Null>(1 << 20, growth)());
        EXPECT_LT(set_up_realloc_growth<Forgetting>(1 << 20, growth)(), real);
    }
}

TEST(Workloads, LargeBlocksAreTouchedAsTheySay) {
    EXPECT_EQ(set_up_large<Malloc>(1 << 20, Touch::none)(), 0u);
    EXPECT_EQ(set_up_large<Malloc>(1 << 20, Touch::first)(), 1u);
    EXPECT_EQ(set_up_large<Malloc>(1 << 20, Touch::all)(), 256u);
}

TEST(Workloads, ReuseEndsTheSameWithAndWithoutIt) {
    EXPECT_EQ(set_up_pooled(1024)(), set_up_unpooled(1024)());
    EXPECT_EQ(set_up_grow(10'000)(), set_up_presized(10'000)());
    EXPECT_EQ(set_up_buffer(65536)(), 65536u);
}

TEST(Mixes, LieWithinThePublishedRange) {
    for (const Mix& mix : {k_lean, k_heavy}) {
        std::array<double, 4> shares{};
        double sum = 0;
        const auto sizes = sizes_of(mix);
        for (const std::uint32_t size : sizes) {
            EXPECT_GE(size, k_smallest_bytes);
            EXPECT_LE(size, 1u << 20);
            sum += size;
            const std::array<double, 4> limits{64, 256, 1024, 32768};
            for (std::size_t i = 0; i < limits.size(); ++i) shares[i] += size <= limits[i] ? 1 : 0;
        }
        for (double& share : shares) share /= static_cast<double>(sizes.size());
        const double mean = sum / static_cast<double>(sizes.size());
        EXPECT_TRUE(shares[0] >= 0.585 && shares[0] <= 0.725) << shares[0];
        EXPECT_TRUE(shares[1] >= 0.795 && shares[1] <= 0.945) << shares[1];
        EXPECT_TRUE(shares[2] >= 0.875 && shares[2] <= 0.985) << shares[2];
        EXPECT_GE(shares[3], 0.99);
        EXPECT_TRUE(mean >= 197 && mean <= 1334) << mean;
    }
}

TEST(Places, AreAllThereInEitherOrder) {
    const auto forward = places(1000, Order::forward);
    const auto shuffled = places(1000, Order::shuffled);
    EXPECT_NE(forward, shuffled);
    EXPECT_EQ(std::set(forward.begin(), forward.end()), std::set(shuffled.begin(), shuffled.end()));
    EXPECT_EQ(std::set(shuffled.begin(), shuffled.end()).size(), 1000u);
}

TEST(TeamOf, ThreadsAllWorkEachRound) {
    for (const std::size_t threads : {1, 2, 5}) {
        Team team(threads);
        std::vector<int> rounds(threads, 0);
        for (int round = 0; round < 200; ++round) team.run([&](std::size_t thread) { ++rounds[thread]; });
        EXPECT_EQ(rounds, std::vector<int>(threads, 200));
    }
}

TEST(RingBetweenThreads, KeepsOrder) {
    constexpr std::size_t k_count = 100'000;
    std::vector<std::uint64_t> values(k_count);
    Ring ring;
    bool in_order = true;
    std::thread taker([&] {
        for (std::size_t i = 0; i < k_count; ++i) in_order = in_order && ring.take(i) == &values[i];
    });
    for (std::size_t i = 0; i < k_count; ++i) ring.put(i, &values[i]);
    ring.publish(k_count);
    taker.join();
    EXPECT_TRUE(in_order);
}

}  // namespace
