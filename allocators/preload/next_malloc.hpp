// next_malloc: the allocator behind a preloaded library, found without asking it for memory.

#pragma once

#include <dlfcn.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace claimslab::preload {

/// How a block was asked for.
enum class Entry : unsigned char { plain, zeroed, aligned };

struct Next {
    void* (*malloc)(std::size_t);
    void* (*calloc)(std::size_t, std::size_t);
    void* (*realloc)(void*, std::size_t);
    void (*free)(void*);
    void* (*aligned_alloc)(std::size_t, std::size_t);
    void* (*memalign)(std::size_t, std::size_t);
    int (*posix_memalign)(void**, std::size_t, std::size_t);
    void* (*valloc)(std::size_t);
    void* (*pvalloc)(std::size_t);
};

inline constinit Next next{};
inline constinit std::atomic<bool> ready{false};
[[gnu::tls_model("initial-exec")]] inline constinit thread_local bool looking_up = false;  // no malloc

// dlsym itself may allocate. Until the table is filled memory comes from here; it is never given back.
inline constexpr std::size_t k_arena_bytes = 65536;
alignas(64) inline constinit unsigned char arena[k_arena_bytes]{};
inline constinit std::atomic<std::size_t> arena_used{0};

inline bool in_arena(const void* block) {
    return reinterpret_cast<std::uintptr_t>(block) - reinterpret_cast<std::uintptr_t>(arena) < k_arena_bytes;
}

inline void* from_arena(std::size_t size) {
    if (size > k_arena_bytes) return nullptr;
    const std::size_t rounded = (size + 63) & ~std::size_t{63};
    const std::size_t at = arena_used.fetch_add(rounded);
    return at + rounded <= k_arena_bytes ? arena + at : nullptr;
}

inline std::size_t arena_rest(const void* block) {
    return static_cast<std::size_t>(arena + k_arena_bytes - static_cast<const unsigned char*>(block));
}

template <class Function>
bool look_up(Function& function, const char* name, void* library = RTLD_NEXT) {
    void* const symbol = dlsym(library, name);
    std::memcpy(&function, &symbol, sizeof symbol);
    return symbol != nullptr;
}

template <class Function>
const void* address_of(Function* function) {
    const void* address = nullptr;
    std::memcpy(&address, &function, sizeof address);
    return address;
}

/// Where the library begins that holds the function; null if none does.
template <class Function>
const void* library_of(Function* function, const char** path = nullptr) {
    Dl_info info{};
    if (dladdr(address_of(function), &info) == 0) return nullptr;
    if (path != nullptr) *path = info.dli_fname;
    return info.dli_fbase;
}

/// False while dlsym is being asked on this thread: the caller then serves from the arena.
[[gnu::cold, gnu::noinline]] inline bool find_next() {
    if (looking_up) return false;
    looking_up = true;
    Next found{};
    const bool all = look_up(found.malloc, "malloc") && look_up(found.calloc, "calloc") &&
                     look_up(found.realloc, "realloc") && look_up(found.free, "free") &&
                     look_up(found.aligned_alloc, "aligned_alloc") && look_up(found.memalign, "memalign") &&
                     look_up(found.posix_memalign, "posix_memalign") && look_up(found.valloc, "valloc") &&
                     look_up(found.pvalloc, "pvalloc");
    if (!all) std::abort();
    looking_up = false;
    static constinit std::atomic_flag writing;
    if (!writing.test_and_set()) {
        next = found;
        ready.store(true, std::memory_order_release);
    }
    while (!ready.load(std::memory_order_acquire)) {
    }
    return true;
}

inline bool has_next() { return ready.load(std::memory_order_acquire) || find_next(); }

}  // namespace claimslab::preload
