// memory: where the arrays of a map come from, one type a strategy; a test's strategy may fail.
//
//   plain   calloc: the kernel zeroes a large array page by page, when each is first touched
//   huge    arrays from 4 MiB on are whole 2 MiB pages, for which far fewer TLB entries are needed
//
// A strategy is any type with three static functions; bytes are never 0, failure is nullptr:
//     void* allocate(std::size_t bytes, std::size_t align)
//     void* allocate_zeroed(std::size_t bytes, std::size_t align)
//     void  release(void* block, std::size_t bytes, std::size_t align)
// release() is given what the block was asked for with. A fourth function may be there:
//     void  discard(void* begin, std::size_t bytes)
// gives memory of a part of a block back early; what was in it is lost.
//
// Gives up    huge: up to 2 MiB at the end of an array, and portability (Linux).
#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

namespace lab::go::memory {

struct plain {
    static void* allocate(std::size_t bytes, std::size_t align) {
        if (align <= alignof(std::max_align_t)) return std::malloc(bytes);
        return std::aligned_alloc(align, (bytes + align - 1) / align * align);
    }
    static void* allocate_zeroed(std::size_t bytes, std::size_t align) {
        if (align <= alignof(std::max_align_t)) return std::calloc(1, bytes);
        void* block = allocate(bytes, align);
        if (block != nullptr) std::memset(block, 0, bytes);
        return block;
    }
    static void release(void* block, std::size_t, std::size_t) { std::free(block); }
    static void discard(void* begin, std::size_t bytes) {
        const auto from = (reinterpret_cast<std::uintptr_t>(begin) + k_page_bytes - 1) / k_page_bytes;
        const auto to = (reinterpret_cast<std::uintptr_t>(begin) + bytes) / k_page_bytes;
        if (from < to) {
            madvise(reinterpret_cast<void*>(from * k_page_bytes), (to - from) * k_page_bytes,
                    MADV_DONTNEED);
        }
    }

   private:
    static constexpr std::uintptr_t k_page_bytes = 4096;  // of more, madvise refuses odd parts
};

struct huge {
    static constexpr std::size_t k_huge_page_bytes = std::size_t{2} << 20;
    static constexpr std::size_t k_threshold_bytes = 2 * k_huge_page_bytes;

    static void* allocate(std::size_t bytes, std::size_t align) {
        return bytes < k_threshold_bytes ? plain::allocate(bytes, align) : map_pages(bytes);
    }
    static void* allocate_zeroed(std::size_t bytes, std::size_t align) {
        return bytes < k_threshold_bytes ? plain::allocate_zeroed(bytes, align) : map_pages(bytes);
    }
    static void release(void* block, std::size_t bytes, std::size_t align) {
        if (bytes < k_threshold_bytes)
            plain::release(block, bytes, align);
        else
            munmap(block, whole_pages(bytes));
    }

   private:
    static std::size_t whole_pages(std::size_t bytes) {
        return (bytes + k_huge_page_bytes - 1) / k_huge_page_bytes * k_huge_page_bytes;
    }
    // One page more than needed, less what lies before and behind the whole huge pages.
    static void* map_pages(std::size_t bytes) {
        const std::size_t wanted = whole_pages(bytes);
        void* range = mmap(nullptr, wanted + k_huge_page_bytes, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (range == MAP_FAILED) return nullptr;
        auto* begin = static_cast<std::byte*>(range);
        const std::size_t skip =
            whole_pages(reinterpret_cast<std::uintptr_t>(range)) -
            reinterpret_cast<std::uintptr_t>(range);
        if (skip != 0) munmap(begin, skip);
        if (skip != k_huge_page_bytes) munmap(begin + skip + wanted, k_huge_page_bytes - skip);
        madvise(begin + skip, wanted, MADV_HUGEPAGE);
        return begin + skip;
    }
};

/// A block, or std::bad_alloc.
template <class Memory>
void* take(std::size_t bytes, std::size_t align) {
    if (void* block = Memory::allocate(bytes, align)) return block;
    throw std::bad_alloc();
}

template <class Memory>
void* take_zeroed(std::size_t bytes, std::size_t align) {
    if (void* block = Memory::allocate_zeroed(bytes, align)) return block;
    throw std::bad_alloc();
}

}  // namespace lab::go::memory
