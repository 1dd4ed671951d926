// malloc: every entry point of glibc's malloc family, so that no pointer of one malloc meets another.
//
// Invariants  Failure is null and ENOMEM; free keeps errno; nothing larger than PTRDIFF_MAX is tried.
//             Blocks are aligned to 16 bytes, and never share their first byte: size 0 is a block.
//             A failed realloc leaves the block alone; realloc to 0 frees and returns null, as glibc's.
// Gives up    Alignments above 64 MiB (ENOMEM); mallopt's knobs, which have no counterpart here.

#include "allocators/golike/fast_path.hpp"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#define GOLIKE_EXPORT extern "C" [[gnu::visibility("default")]]

namespace golike {
namespace {

constexpr std::size_t k_max_bytes = PTRDIFF_MAX;

constexpr bool is_power_of_two(std::size_t x) { return x != 0 && (x & (x - 1)) == 0; }

[[gnu::cold, gnu::noinline]] void* out_of_memory() {
    errno = ENOMEM;
    return nullptr;
}

void* allocate_zeroed(std::size_t bytes) {
    if (bytes > k_max_small) return malloc_heap.allocate_large(bytes, k_alignment, true);
    void* const block = allocate(bytes);
    return block != nullptr ? std::memset(block, 0, bytes) : nullptr;
}

void* allocate_aligned(std::size_t alignment, std::size_t bytes) {
    if (bytes > k_max_bytes) return out_of_memory();
    if (alignment <= k_alignment) return allocate(bytes);
    const std::uint8_t size_class =
        alignment <= k_page_bytes ? aligned_class_of(bytes, alignment) : std::uint8_t{0};
    if (size_class != 0) return allocate_of_class(size_class * 16u);
    return malloc_heap.allocate_large(std::max<std::size_t>(bytes, 1), alignment, false);
}

/// Does the block at hand serve `bytes` without wasting half of it?
bool fits(std::size_t usable, std::size_t bytes) {
    return bytes <= usable && (bytes >= usable / 2 || usable <= 2 * k_alignment);
}

void* reallocate(void* block, std::size_t bytes) {
    const auto at = reinterpret_cast<std::uintptr_t>(block);
    const std::size_t usable = malloc_heap.size_of(at);
    if (bytes > k_max_bytes) return out_of_memory();
    if (usable <= k_max_small ? fits(usable, bytes)
                              : bytes > k_max_small && malloc_heap.resize(at, bytes)) {
        return block;
    }
    void* const moved = allocate(bytes);
    if (moved == nullptr) return bytes <= usable ? block : nullptr;
    std::memcpy(moved, block, std::min(usable, bytes));
    release(block);
    return moved;
}

}  // namespace
}  // namespace golike

GOLIKE_EXPORT void* malloc(std::size_t bytes) {
    return golike::allocate(bytes);
}

GOLIKE_EXPORT void free(void* block) { golike::release(block); }

GOLIKE_EXPORT void* calloc(std::size_t count, std::size_t each) {
    std::size_t bytes = 0;
    if (__builtin_mul_overflow(count, each, &bytes)) return golike::out_of_memory();
    return golike::allocate_zeroed(bytes);
}

GOLIKE_EXPORT void* realloc(void* block, std::size_t bytes) {
    if (block == nullptr) return malloc(bytes);
    if (bytes == 0) {
        free(block);
        return nullptr;
    }
    return golike::reallocate(block, bytes);
}

GOLIKE_EXPORT void* reallocarray(void* block, std::size_t count, std::size_t each) {
    std::size_t bytes = 0;
    if (__builtin_mul_overflow(count, each, &bytes)) return golike::out_of_memory();
    return realloc(block, bytes);
}

GOLIKE_EXPORT void free_sized(void* block, std::size_t) { free(block); }
GOLIKE_EXPORT void free_aligned_sized(void* block, std::size_t, std::size_t) { free(block); }
GOLIKE_EXPORT void cfree(void* block) { free(block); }

GOLIKE_EXPORT void* memalign(std::size_t alignment, std::size_t bytes) {
    if (alignment > SIZE_MAX / 2 + 1) {
        errno = EINVAL;
        return nullptr;
    }
    std::size_t power = golike::k_alignment;
    while (power < alignment) power *= 2;
    return golike::allocate_aligned(power, bytes);
}

GOLIKE_EXPORT void* aligned_alloc(std::size_t alignment, std::size_t bytes) {
    if (!golike::is_power_of_two(alignment)) {
        errno = EINVAL;
        return nullptr;
    }
    return golike::allocate_aligned(alignment, bytes);
}

GOLIKE_EXPORT int posix_memalign(void** result, std::size_t alignment, std::size_t bytes) {
    if (!golike::is_power_of_two(alignment) || alignment % sizeof(void*) != 0) return EINVAL;
    const golike::KeepErrno keep;
    void* const block = golike::allocate_aligned(alignment, bytes);
    if (block == nullptr) return ENOMEM;
    *result = block;
    return 0;
}

GOLIKE_EXPORT void* valloc(std::size_t bytes) {
    return memalign(static_cast<std::size_t>(sysconf(_SC_PAGESIZE)), bytes);
}

GOLIKE_EXPORT void* pvalloc(std::size_t bytes) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    if (bytes > golike::k_max_bytes) return golike::out_of_memory();
    return memalign(page, (bytes + page - 1) / page * page);
}

GOLIKE_EXPORT std::size_t malloc_usable_size(void* block) {
    return block == nullptr ? 0 : golike::malloc_heap.size_of(reinterpret_cast<std::uintptr_t>(block));
}

GOLIKE_EXPORT int malloc_trim(std::size_t) { return golike::malloc_heap.trim() ? 1 : 0; }

GOLIKE_EXPORT struct mallinfo2 mallinfo2() {
    const auto totals = golike::malloc_heap.totals();
    struct mallinfo2 info {};
    info.arena = totals.mapped;
    info.fordblks = totals.free_pages + totals.free_objects;
    info.uordblks = info.arena - std::min(info.arena, info.fordblks);
    info.keepcost = totals.resident_free;
    return info;
}

GOLIKE_EXPORT struct mallinfo mallinfo() {
    const struct mallinfo2 wide = mallinfo2();
    struct mallinfo info {};
    info.arena = static_cast<int>(wide.arena);
    info.fordblks = static_cast<int>(wide.fordblks);
    info.uordblks = static_cast<int>(wide.uordblks);
    info.keepcost = static_cast<int>(wide.keepcost);
    return info;
}

/// 1, as if it had been done: programs that tune glibc need not know that they run on another malloc.
GOLIKE_EXPORT int mallopt(int, int) { return 1; }

GOLIKE_EXPORT void malloc_stats() {
    const struct mallinfo2 info = mallinfo2();
    std::fprintf(stderr, "golike: %zu bytes mapped, %zu in use, %zu free, %zu of them resident pages\n",
                 info.arena, info.uordblks, info.fordblks, info.keepcost);
}

GOLIKE_EXPORT int malloc_info(int options, FILE* stream) {
    if (options != 0) {
        errno = EINVAL;
        return -1;
    }
    const struct mallinfo2 info = mallinfo2();
    std::fprintf(stream,
                 "<malloc version=\"golike-1\">\n<total type=\"mapped\" size=\"%zu\"/>\n"
                 "<total type=\"free\" size=\"%zu\"/>\n</malloc>\n",
                 info.arena, info.fordblks);
    return 0;
}

// glibc's own second names, which some programs and libraries call.
#define GOLIKE_ALIAS(alias, name) asm(".globl " #alias "\n.set " #alias ", " #name "\n")
GOLIKE_ALIAS(__libc_malloc, malloc);
GOLIKE_ALIAS(__libc_free, free);
GOLIKE_ALIAS(__libc_calloc, calloc);
GOLIKE_ALIAS(__libc_realloc, realloc);
GOLIKE_ALIAS(__libc_reallocarray, reallocarray);
GOLIKE_ALIAS(__libc_memalign, memalign);
GOLIKE_ALIAS(__libc_valloc, valloc);
GOLIKE_ALIAS(__libc_pvalloc, pvalloc);
GOLIKE_ALIAS(__libc_mallinfo, mallinfo);
GOLIKE_ALIAS(__libc_mallopt, mallopt);
GOLIKE_ALIAS(__posix_memalign, posix_memalign);
