// Lock: a mutex of four bytes that never allocates, for the insides of an allocator.
//
//   0 free    1 held    2 held, and someone sleeps
//
// Costs       Uncontended: one compare-and-swap to lock, one exchange to unlock.
// Rejected    std::mutex: it is 40 bytes, and its errors are exceptions. std::atomic::wait: it needs
//             libstdc++, which C programs do not have. A pure spin lock: with more
//             threads than cores, waiters burn the time slice that the holder needs.
// Threads     Any thread may unlock; that is what a fork's child does (see malloc.cpp).
#pragma once

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

namespace golike {

class Lock {
public:
    void lock() {
        int expected = k_free;
        if (!state_.compare_exchange_strong(expected, k_held, std::memory_order_acquire)) wait();
    }

    bool try_lock() {
        int expected = k_free;
        return state_.compare_exchange_strong(expected, k_held, std::memory_order_acquire);
    }

    void unlock() {
        if (state_.exchange(k_free, std::memory_order_release) == k_waited_for) wake();
    }

private:
    static constexpr int k_free = 0;
    static constexpr int k_held = 1;
    static constexpr int k_waited_for = 2;
    static constexpr int k_spins = 100;  // about as long as the longest critical section of a chain

    [[gnu::noinline, gnu::cold]] void wait() {
        for (int i = 0; i < k_spins; ++i) {
            if (state_.load(std::memory_order_relaxed) == k_free && try_lock()) return;
            __builtin_ia32_pause();
        }
        while (state_.exchange(k_waited_for, std::memory_order_acquire) != k_free) {
            futex(FUTEX_WAIT_PRIVATE, k_waited_for);
        }
    }
    [[gnu::noinline, gnu::cold]] void wake() { futex(FUTEX_WAKE_PRIVATE, 1); }

    void futex(int operation, int value) {
        const int saved = errno;
        syscall(SYS_futex, &state_, operation, value, nullptr, nullptr, 0);
        errno = saved;
    }

    std::atomic<int> state_{k_free};
};

}  // namespace golike
