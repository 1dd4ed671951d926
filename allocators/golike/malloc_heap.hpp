// MallocHeap: the one heap behind malloc, and the slow paths of every entry point.
//
//   malloc, free ── fast_path.hpp ── ThreadCache ── Depot ── Central ── PageHeap ── kernel
//                                    no lock        a lock a class each      one lock
//
// Invariants  The heap is constant-initialised, and starts at the first slow call, before any
//             constructor if need be. A thread gets its cache at its first call, whichever it is; it
//             loses it when it ends, and calls after that (from other destructors) go to the spans.
// Gives up    In a forked child, blocks that lay in the caches of other threads of the parent.
// Rejected    C++ thread_local destructors for the end of a thread: registering one allocates.
// Threads     fork() holds every lock, so the child finds all lists whole.
#pragma once

#include "allocators/golike/central.hpp"
#include "allocators/golike/depot.hpp"
#include "allocators/golike/page_heap.hpp"
#include "allocators/golike/thread_cache.hpp"

#include <pthread.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace golike {

class MallocHeap {
public:
    // Slow paths. Where there is no memory the result is null, and errno ENOMEM.
    void* allocate_small(std::uint32_t size_class);
    void* allocate_large(std::size_t bytes, std::size_t alignment, bool zero);
    /// A block that the fast path has checked, of a class whose slot has no room.
    void free_small(Object* object, std::uint8_t size_class);
    /// Any pointer that is not the begin of a small object: null, large, or wrong.
    void free_other(std::uintptr_t at);
    /// The usable size of a block; dies if it is none.
    std::size_t size_of(std::uintptr_t at);
    /// Resizes a large block where it lies.
    bool resize(std::uintptr_t at, std::size_t bytes);

    /// Gives back all that can be; true if the kernel got anything.
    bool trim();

    struct Totals {
        std::size_t mapped = 0, free_pages = 0, resident_free = 0, free_objects = 0;
    };
    Totals totals();

private:
    using Centrals = std::array<Central, k_size_classes>;
    template <std::size_t... Class>
    static constexpr Centrals make_centrals(std::index_sequence<Class...>) {
        return {Central(static_cast<std::uint8_t>(Class), true)...};
    }

    void start();
    void attach();
    void detach(ThreadCache* cache);
    ThreadCache* obtain_cache();
    void flush(ThreadCache& cache);
    void give(Chain chain, std::size_t size_class);
    void give_to_spans(Chain chain, std::size_t size_class);
    void drain_depot(std::size_t size_class);
    bool drain_depots();
    void* allocate_uncached(std::uint32_t size_class);

    void lock_all();
    void unlock_all();

    std::atomic<bool> started_{false};
    Lock starting_;
    Lock registry_;
    ThreadCache* caches_ = nullptr;
    pthread_key_t exit_key_ = 0;
    Centrals centrals_ = make_centrals(std::make_index_sequence<k_size_classes>());
};

// The large parts stand alone: all zero at first, they need no room in the library's file.
[[gnu::visibility("hidden")]] extern constinit PageHeap page_heap;
[[gnu::visibility("hidden")]] extern constinit MallocHeap malloc_heap;

/// Dies. It returns something so that fast paths can end with it and need no stack.
void* found_corrupt(const Object* object);

/// The cache that all threads begin with: no objects, no room, never written.
[[gnu::visibility("hidden")]] extern constinit ThreadCache no_cache;

/// Initial-exec: one load, and no call that could allocate.
[[gnu::tls_model("initial-exec"), gnu::visibility("hidden")]] extern thread_local constinit ThreadCache* thread_cache;

}  // namespace golike
