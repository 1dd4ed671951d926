// memory: where a slice's array comes from and how it becomes larger, one type a strategy.
//
//   copying     malloc a larger array, copy, free the old one: what Go and std::vector do
//   moving      realloc: the allocator may extend in place or move pages (mremap) and copy nothing
//   reserving   above a threshold, one range of addresses for good; growing makes more of it usable
//
// A strategy is any type with three static functions; bytes are never 0, failure is nullptr:
//     void* allocate(std::size_t bytes, std::size_t align)
//     void* grow(void* old, std::size_t old_bytes, std::size_t used, std::size_t bytes, std::size_t
//     align) void  release(void* old, std::size_t bytes, std::size_t align)
// grow() keeps the first `used` bytes as bytes, so only trivially copyable elements may use it.
// When it fails the old array is untouched. release() is given the bytes of the array's last size.
//
// Costs       copying: old and new array at once. moving: mremap is one system call for any size.
//             reserving: addresses, not memory; each growth is one mprotect.
// Gives up    reserving: portability (Linux), and arrays above its range.
// Rejected    A reservation for small arrays too: mmap and the first page fault cost more than all
//             mallocs of a short slice together.
#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace lab::go::memory {

inline void* allocate_raw(std::size_t bytes, std::size_t align) {
    if (align <= alignof(std::max_align_t)) return std::malloc(bytes);
    return std::aligned_alloc(align, (bytes + align - 1) / align * align);
}

struct copying {
    static void* allocate(std::size_t bytes, std::size_t align) {
        return allocate_raw(bytes, align);
    }
    static void* grow(void* old, std::size_t, std::size_t used, std::size_t bytes,
                      std::size_t align) {
        void* fresh = allocate_raw(bytes, align);
        if (fresh == nullptr) return nullptr;
        std::memcpy(fresh, old, used);
        std::free(old);
        return fresh;
    }
    static void release(void* old, std::size_t, std::size_t) { std::free(old); }
};

struct moving {
    // glibc keeps blocks up to about this size ready in each thread, for malloc and not for realloc
    // (2.36, malloc/malloc.c: _int_realloc): 10 appends take half the instructions this way.
    static constexpr std::size_t k_thread_cache_bytes = 1024;

    static void* allocate(std::size_t bytes, std::size_t align) {
        return allocate_raw(bytes, align);
    }
    static void* grow(void* old, std::size_t old_bytes, std::size_t used, std::size_t bytes,
                      std::size_t align) {
        if (bytes <= k_thread_cache_bytes || align > alignof(std::max_align_t)) {
            return copying::grow(old, old_bytes, used, bytes, align);
        }
        return std::realloc(old, bytes);
    }
    static void release(void* old, std::size_t, std::size_t) { std::free(old); }
};

enum class Pages { usual, huge };

/// Arrays from Threshold bytes on get a range of Range bytes of their own.
template <Pages Kind = Pages::usual, std::size_t Threshold = std::size_t{64} << 10,
          std::size_t Range = std::size_t{64} << 30>
struct reserving {
    static_assert(Threshold > 0 && Threshold < Range);

    static void* allocate(std::size_t bytes, std::size_t align) {
        return bytes < Threshold ? allocate_raw(bytes, align) : reserve(bytes);
    }
    static void* grow(void* old, std::size_t old_bytes, std::size_t used, std::size_t bytes,
                      std::size_t align) {
        if (bytes < Threshold) return copying::grow(old, old_bytes, used, bytes, align);
        if (old_bytes >= Threshold) return commit(old, old_bytes, bytes) ? old : nullptr;
        void* range = reserve(bytes);
        if (range == nullptr) return nullptr;
        std::memcpy(range, old, used);
        std::free(old);
        return range;
    }
    static void release(void* old, std::size_t bytes, std::size_t) {
        if (bytes < Threshold) {
            std::free(old);
        } else {
            munmap(old, Range);
        }
    }

   private:
    static constexpr std::size_t k_page_bytes = 4096;

    static std::size_t whole_pages(std::size_t bytes) {
        return (bytes + k_page_bytes - 1) / k_page_bytes * k_page_bytes;
    }
    static bool commit(void* base, std::size_t from, std::size_t to) {
        if (to > Range) return false;
        const std::size_t begin = whole_pages(from);
        const std::size_t end = std::min(whole_pages(to), Range);
        if (end <= begin) return true;
        return mprotect(static_cast<std::byte*>(base) + begin, end - begin,
                        PROT_READ | PROT_WRITE) == 0;
    }
    static void* reserve(std::size_t bytes) {
        if (bytes > Range) return nullptr;
        void* base =
            mmap(nullptr, Range, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (base == MAP_FAILED) return nullptr;
        if constexpr (Kind == Pages::huge) madvise(base, Range, MADV_HUGEPAGE);
        if (commit(base, 0, bytes)) return base;
        munmap(base, Range);
        return nullptr;
    }
};

}  // namespace lab::go::memory
