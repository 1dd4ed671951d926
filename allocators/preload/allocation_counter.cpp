// allocation_counter: a library for LD_PRELOAD that counts what a program asks of malloc.
//
// Invariants  A call counts once, with the bytes asked for, whichever malloc lies behind; realloc
//             counts as one call of its new size, and a call that fails counts too.
// Gives up    mmap and brk called directly are not seen, nor are valloc and pvalloc.
// Rejected    Counting only malloc: jemalloc, mimalloc and tcmalloc serve operator new themselves,
//             past malloc, so operator new is replaced here as well.
// Threads     Counters are relaxed atomics; read them when the threads have been joined.

#include <dlfcn.h>
#include <malloc.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

namespace {

std::atomic<std::uint64_t> calls{0};
std::atomic<std::uint64_t> bytes{0};

void count(std::size_t size) {
    calls.fetch_add(1, std::memory_order_relaxed);
    bytes.fetch_add(size, std::memory_order_relaxed);
}

// The allocator behind this one. dlsym itself may allocate, so until the table is filled memory
// comes from `arena`, which is never given back.
struct Next {
    void* (*malloc)(std::size_t);
    void* (*calloc)(std::size_t, std::size_t);
    void* (*realloc)(void*, std::size_t);
    void (*free)(void*);
    void* (*aligned_alloc)(std::size_t, std::size_t);
    void* (*memalign)(std::size_t, std::size_t);
    int (*posix_memalign)(void**, std::size_t, std::size_t);
};

constinit Next next{};
constinit std::atomic<bool> ready{false};
[[gnu::tls_model("initial-exec")]] constinit thread_local bool looking_up = false;  // no malloc

constexpr std::size_t k_arena_bytes = 65536;
alignas(64) unsigned char arena[k_arena_bytes];
std::atomic<std::size_t> arena_used{0};

bool in_arena(const void* block) {
    const auto at = reinterpret_cast<std::uintptr_t>(block);
    const auto begin = reinterpret_cast<std::uintptr_t>(arena);
    return at >= begin && at < begin + k_arena_bytes;
}

void* from_arena(std::size_t size) {
    const std::size_t rounded = (size + 63) & ~std::size_t{63};
    const std::size_t at = arena_used.fetch_add(rounded);
    return at + rounded <= k_arena_bytes ? arena + at : nullptr;
}

template <class Function>
void look_up(Function& function, const char* name) {
    void* symbol = dlsym(RTLD_NEXT, name);
    if (symbol == nullptr) std::abort();
    std::memcpy(&function, &symbol, sizeof symbol);
}

// False while dlsym is being asked on this thread: the caller then serves from the arena.
bool find_next() {
    if (ready.load(std::memory_order_acquire)) return true;
    if (looking_up) return false;
    looking_up = true;
    Next found{};
    look_up(found.malloc, "malloc");
    look_up(found.calloc, "calloc");
    look_up(found.realloc, "realloc");
    look_up(found.free, "free");
    look_up(found.aligned_alloc, "aligned_alloc");
    look_up(found.memalign, "memalign");
    look_up(found.posix_memalign, "posix_memalign");
    looking_up = false;
    static std::atomic_flag writing;
    if (!writing.test_and_set()) {
        next = found;
        ready.store(true, std::memory_order_release);
    }
    while (!ready.load(std::memory_order_acquire)) {
    }
    return true;
}

void* counted_new(std::size_t size, std::size_t alignment) {
    if (size == 0) size = 1;
    for (;;) {
        void* block = alignment == 0 ? malloc(size) : memalign(alignment, size);
        if (block != nullptr) return block;
        const std::new_handler handler = std::get_new_handler();
        if (handler == nullptr) return nullptr;
        handler();
    }
}

void* new_or_throw(std::size_t size, std::size_t alignment) {
    void* block = counted_new(size, alignment);
    if (block == nullptr) throw std::bad_alloc();
    return block;
}

void* new_or_null(std::size_t size, std::size_t alignment) noexcept {
    try {
        return counted_new(size, alignment);
    } catch (...) {
        return nullptr;
    }
}

std::size_t width(std::align_val_t alignment) { return static_cast<std::size_t>(alignment); }

}  // namespace

extern "C" {

/// The totals since the program began; found by dlsym.
void lab_allocation_totals(std::uint64_t* total_calls, std::uint64_t* total_bytes) {
    *total_calls = calls.load();
    *total_bytes = bytes.load();
}

void* malloc(std::size_t size) noexcept {
    if (!find_next()) return from_arena(size);
    count(size);
    return next.malloc(size);
}

void* calloc(std::size_t number, std::size_t size) noexcept {
    if (!find_next()) return from_arena(number * size);  // the arena is zero and used only once
    count(number * size);
    return next.calloc(number, size);
}

void* realloc(void* block, std::size_t size) noexcept {
    if (!find_next()) return nullptr;
    count(size);
    if (!in_arena(block)) return next.realloc(block, size);
    void* moved = next.malloc(size);
    if (moved != nullptr) {
        const auto left =
            static_cast<std::size_t>(arena + k_arena_bytes - static_cast<unsigned char*>(block));
        std::memcpy(moved, block, size < left ? size : left);
    }
    return moved;
}

void free(void* block) noexcept {
    if (block != nullptr && !in_arena(block) && find_next()) next.free(block);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
    if (!find_next()) return nullptr;
    count(size);
    return next.aligned_alloc(alignment, size);
}

void* memalign(std::size_t alignment, std::size_t size) noexcept {
    if (!find_next()) return nullptr;
    count(size);
    return next.memalign(alignment, size);
}

int posix_memalign(void** block, std::size_t alignment, std::size_t size) noexcept {
    if (!find_next()) return ENOMEM;
    count(size);
    return next.posix_memalign(block, alignment, size);
}

}  // extern "C"

using Align = std::align_val_t;
using NoThrow = std::nothrow_t;

void* operator new(std::size_t n) { return new_or_throw(n, 0); }
void* operator new[](std::size_t n) { return new_or_throw(n, 0); }
void* operator new(std::size_t n, Align a) { return new_or_throw(n, width(a)); }
void* operator new[](std::size_t n, Align a) { return new_or_throw(n, width(a)); }
void* operator new(std::size_t n, const NoThrow&) noexcept { return new_or_null(n, 0); }
void* operator new[](std::size_t n, const NoThrow&) noexcept { return new_or_null(n, 0); }
void* operator new(std::size_t n, Align a, const NoThrow&) noexcept {
    return new_or_null(n, width(a));
}
void* operator new[](std::size_t n, Align a, const NoThrow&) noexcept {
    return new_or_null(n, width(a));
}
void operator delete(void* p) noexcept { free(p); }
void operator delete[](void* p) noexcept { free(p); }
void operator delete(void* p, std::size_t) noexcept { free(p); }
void operator delete[](void* p, std::size_t) noexcept { free(p); }
void operator delete(void* p, Align) noexcept { free(p); }
void operator delete[](void* p, Align) noexcept { free(p); }
void operator delete(void* p, std::size_t, Align) noexcept { free(p); }
void operator delete[](void* p, std::size_t, Align) noexcept { free(p); }
void operator delete(void* p, const NoThrow&) noexcept { free(p); }
void operator delete[](void* p, const NoThrow&) noexcept { free(p); }
void operator delete(void* p, Align, const NoThrow&) noexcept { free(p); }
void operator delete[](void* p, Align, const NoThrow&) noexcept { free(p); }
