// memory: where a workload's blocks come from; the templated bodies differ in nothing else.
//
// `slot` names the place a block has in its workload, below the number of slots that were announced;
// a real allocator ignores it. The null allocator gives every slot a place of its own in an arena and
// never frees: what a workload costs with it is the loop, the harness and the touching.
//
// Rejected    A null allocator that moves a cursor: with random lifetimes it must wrap round onto
//             blocks that still live. Fixed places need no lifetime and stay as small.

#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <new>

namespace lab::allocation {

/// Hides where a pointer came from, or the compiler drops pairs of malloc and free.
template <class T>
T* hidden(T* pointer) {
    asm volatile("" : "+r"(pointer) : : "memory");
    return pointer;
}

inline void* checked(void* block) {
    if (block == nullptr) throw std::bad_alloc();
    return hidden(block);
}

/// Whatever malloc this process runs with.
struct Malloc {
    Malloc(std::size_t /*slots*/, std::size_t /*stride*/) {}
    void* allocate(std::size_t bytes, std::size_t) { return checked(std::malloc(bytes)); }
    void* aligned(std::size_t alignment, std::size_t bytes, std::size_t) {
        return checked(std::aligned_alloc(alignment, bytes));
    }
    void* resize(void* block, std::size_t bytes, std::size_t) { return checked(std::realloc(block, bytes)); }
    void release(void* block) { std::free(hidden(block)); }
};

/// The same behind one lock: what an allocator without caches costs threads.
struct OneLock {
    std::shared_ptr<std::mutex> mutex = std::make_shared<std::mutex>();
    OneLock(std::size_t, std::size_t) {}
    void* allocate(std::size_t bytes, std::size_t) {
        const std::lock_guard held(*mutex);
        return checked(std::malloc(bytes));
    }
    void release(void* block) {
        const std::lock_guard held(*mutex);
        std::free(hidden(block));
    }
};

/// The control: a place for each slot, `stride` bytes wide, in one arena. Copies share the arena.
class Null {
   public:
    Null(std::size_t slots, std::size_t stride) : stride_((stride + 63) / 64 * 64) {
        const std::size_t bytes = slots * stride_ + k_page_bytes;
        void* at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (at == MAP_FAILED) throw std::bad_alloc();
        arena_ = std::shared_ptr<char>(static_cast<char*>(at), [bytes](char* p) { munmap(p, bytes); });
    }
    void* allocate(std::size_t, std::size_t slot) { return place(slot); }
    void* aligned(std::size_t, std::size_t, std::size_t slot) { return place(slot); }
    void* resize(void*, std::size_t, std::size_t slot) { return place(slot); }
    void release(void* block) { hidden(block); }

   private:
    static constexpr std::size_t k_page_bytes = 4096;
    void* place(std::size_t slot) const { return hidden(arena_.get() + slot * stride_); }

    std::size_t stride_;
    std::shared_ptr<char> arena_;
};

/// A block's first eight bytes say whose it is: written when it is had, read before it goes.
inline void mark(void* block, std::uint64_t tag) { *static_cast<std::uint64_t*>(block) = tag; }
inline std::uint64_t is_marked(const void* block, std::uint64_t tag) {
    return *static_cast<const std::uint64_t*>(block) == tag ? 1 : 0;
}
inline constexpr std::size_t k_touched_bytes = 8;  // a stride for workloads that touch no more

__extension__ using Wide = unsigned __int128;

struct Rng {
    std::uint64_t state;
    std::uint64_t next() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return state * 0x2545f4914f6cdd1dU;
    }
    std::size_t below(std::size_t limit) {
        return static_cast<std::size_t>((static_cast<Wide>(next()) * limit) >> 64);
    }
};

}  // namespace lab::allocation
