// Depot: chains of free objects of one size class that threads leave for each other.
//
//   thread A frees  ->  full chain  ->  [chain][chain][chain]  ->  chain  ->  thread B allocates
//
// Go has nothing like it: its objects come back by sweeping, a span at a time. Here a thread that
// frees what another allocates would pay for every object's way to its span and out of it again;
// a chain changes hands for one lock, whatever its length (the magazines of Bonwick and Adams).
//
// What lies here is no use to other classes, so it is bounded, and taken away whenever the page heap
// would otherwise have to grow. The bound is a ski rental as in scavenger.hpp: it doubles when a
// chain is missed that was sent away before.
//
// Invariants  bytes() <= bound (256 KiB to 64 MiB), and 64 MiB for all depots, but for one chain.
//             Chains are never empty.
// Gives up    Until malloc_trim or growth, an object here keeps a span of which all else is free.
// Threads     One lock, held for a few instructions.
#pragma once

#include "allocators/golike/lock.hpp"
#include "allocators/golike/object.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace golike {

class Depot {
public:
    static constexpr std::size_t k_first_bound_bytes = std::size_t{256} << 10;
    static constexpr std::uint32_t k_most_doublings = 8;
    static constexpr std::size_t k_bound_of_all_bytes = std::size_t{64} << 20;

    /// False if there is no room: the objects must go to their spans.
    bool push(Chain chain, std::size_t object_bytes) {
        const std::lock_guard hold(lock_);
        if (used_ == chains_.size() || bytes() >= k_first_bound_bytes << doublings_ ||
            bytes_of_all_.load(std::memory_order_relaxed) >= k_bound_of_all_bytes) {
            sent_away_ = true;
            return false;
        }
        chains_[used_++] = chain;
        add_bytes(chain.count * object_bytes);
        return true;
    }

    /// An empty chain if there is none.
    Chain pop(std::size_t object_bytes) {
        const std::lock_guard hold(lock_);
        if (used_ == 0) {
            if (sent_away_) doublings_ = std::min(doublings_ + 1, k_most_doublings);
            sent_away_ = false;
            return {};
        }
        return take_last(object_bytes);
    }

    /// As pop(), for one who empties the depot: nothing is missed.
    Chain drain(std::size_t object_bytes) {
        const std::lock_guard hold(lock_);
        doublings_ = 0;
        sent_away_ = false;
        return used_ == 0 ? Chain{} : take_last(object_bytes);
    }

    /// What lies here, at some moment during the call.
    std::size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
    Lock& lock() { return lock_; }

private:
    /// Wraps around below zero, and so subtracts as well.
    void add_bytes(std::size_t more) {
        bytes_.store(bytes() + more, std::memory_order_relaxed);
        bytes_of_all_.fetch_add(more, std::memory_order_relaxed);
    }
    Chain take_last(std::size_t object_bytes) {
        const Chain chain = chains_[--used_];
        add_bytes(-(chain.count * object_bytes));
        return chain;
    }

    static inline std::atomic<std::size_t> bytes_of_all_{0};

    Lock lock_;
    bool sent_away_ = false;
    std::uint32_t used_ = 0;
    std::uint32_t doublings_ = 0;
    std::atomic<std::size_t> bytes_{0};
    std::array<Chain, 512> chains_{};
};

}  // namespace golike
