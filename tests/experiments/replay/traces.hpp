// traces: small traces made up for tests, as a program might have made them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "allocators/trace/trace.hpp"

namespace lab::replay::invented {

using claimslab::trace::k_none;
using claimslab::trace::Kind;
using claimslab::trace::Operation;
using claimslab::trace::Trace;

/// Builds a trace in the order in which things happened.
class Teller {
   public:
    std::uint64_t allocate(std::size_t thread, std::uint64_t size, Kind kind = Kind::allocate, int log2 = 0) {
        add(thread, {kind, static_cast<std::uint8_t>(log2), 0, size, blocks_, k_none, 0});
        return blocks_++;
    }
    std::uint64_t reallocate(std::size_t thread, std::uint64_t from, std::uint64_t size) {
        add(thread, {Kind::reallocate, 0, 0, size, blocks_, from, 0});
        return blocks_++;
    }
    void release(std::size_t thread, std::uint64_t block) { add(thread, {Kind::release, 0, 0, 0, block, k_none, 0}); }

    Trace trace;

   private:
    void add(std::size_t thread, Operation operation) {
        if (trace.threads.size() <= thread) trace.threads.resize(thread + 1);
        operation.thread = static_cast<std::uint32_t>(thread);
        operation.time_ns = ++now_;
        trace.threads[thread].push_back(operation);
    }
    std::uint64_t blocks_ = 0;
    std::uint64_t now_ = 0;
};

/// `operations` at random on as many threads, which begin one after the other; some blocks are left.
inline Trace random_trace(std::uint32_t seed, std::size_t threads, std::size_t operations) {
    std::mt19937 rng(seed);
    const auto below = [&](std::size_t limit) { return static_cast<std::size_t>(rng() % limit); };
    Teller teller;
    std::vector<std::uint64_t> live;
    const auto take = [&] {
        std::swap(live[below(live.size())], live.back());
        const std::uint64_t block = live.back();
        live.pop_back();
        return block;
    };
    for (std::size_t i = 0; i < operations; ++i) {
        const std::size_t thread = below(1 + threads * i / operations);
        const std::size_t choice = live.empty() ? below(4) : below(9);
        const std::uint64_t size = below(8) == 0 ? below(9) : below(300);
        if (choice == 0) live.push_back(teller.allocate(thread, size, Kind::zeroed));
        else if (choice == 1) live.push_back(teller.allocate(thread, size + 1, Kind::aligned, 4 + static_cast<int>(below(4))));
        else if (choice < 4) live.push_back(teller.allocate(thread, size));
        else if (choice < 6) live.push_back(teller.reallocate(thread, take(), size + 1));
        else teller.release(thread, take());
    }
    return teller.trace;
}

}  // namespace lab::replay::invented
