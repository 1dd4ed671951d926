// allocation_counter: a library for LD_PRELOAD that counts what a program asks of malloc.
//
// Invariants  A call counts once, with the bytes asked for, whichever malloc lies behind; realloc
//             counts as one call of its new size, and a call that fails counts too.
// Gives up    mmap and brk called directly are not seen.
// Threads     Counters are relaxed atomics; read them when the threads have been joined.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "allocators/preload/next_malloc.hpp"

namespace claimslab::preload {

namespace {

std::atomic<std::uint64_t> calls{0};
std::atomic<std::uint64_t> bytes{0};
[[gnu::tls_model("initial-exec")]] constinit thread_local bool is_paused = false;

struct Watch {
    static void count(std::size_t size) {
        if (is_paused) return;
        calls.fetch_add(1, std::memory_order_relaxed);
        bytes.fetch_add(size, std::memory_order_relaxed);
    }
    static void allocated(Entry, void*, std::size_t size, std::size_t) { count(size); }
    static void releasing(void*) {}
    static void reallocating(void*) {}
    static void reallocated(void*, std::size_t size) { count(size); }
    static bool pause() { return std::exchange(is_paused, true); }
    static void resume(bool was) { is_paused = was; }
};

}  // namespace

}  // namespace claimslab::preload

#include "allocators/preload/entry_points.hpp"

/// The totals since the program began; found by dlsym.
LAB_EXPORT_C void lab_allocation_totals(std::uint64_t* total_calls, std::uint64_t* total_bytes) {
    *total_calls = claimslab::preload::calls.load();
    *total_bytes = claimslab::preload::bytes.load();
}
