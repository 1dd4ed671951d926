// reuse: does a growing slice ever move into the memory that its own earlier arrays left behind?
//
//   move   0      1       2          3              4
//          [s0]   ....[s1]   hole [s2]  hole   [s3]   fits? -> first-reuse = 4
//
// first-reuse is the number of the first move (the first array is not a move) whose new array
// overlaps the address range of an array of the same slice that was freed before; 0 if no move up
// to the size limit does. The old array lives until its elements are copied, so the array of the
// move before never counts: that is the premise of the claim. It is a statement on addresses, as
// the claim is; whether the allocator had returned the pages to the kernel meanwhile is not asked.
//
// Fair        Sizes start at 64 KiB, above the small size classes of every allocator under test, so
//             that rounding does not decide; nothing else allocates in between. A child process for
//             each factor: glibc raises its mmap threshold with every large free. The gaps that the
//             randomised layout leaves between libraries are closed first, or now and then one that
//             happens to join a freed array decides, another in each process.
// Costs       Real allocators: addresses for a quarter of a gigabyte, but only the first and last
//             byte of each array is touched.
#pragma once

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <stdexcept>
#include <vector>

#include "allocators/first_fit.hpp"

namespace lab::reuse {

inline constexpr std::uint64_t k_first_bytes = std::uint64_t{64} << 10;
inline constexpr std::uint64_t k_model_limit_bytes = std::uint64_t{1} << 50;
inline constexpr std::uint64_t k_real_limit_bytes = std::uint64_t{256} << 20;

/// The model as an allocator of addresses.
struct FirstFitSource {
    FirstFit heap;
    std::uint64_t allocate(std::uint64_t bytes) { return heap.allocate(bytes); }
    void release(std::uint64_t at, std::uint64_t bytes) { heap.release(at, bytes); }
};

/// Whatever malloc this process runs with.
struct MallocSource {
    static std::uint64_t allocate(std::uint64_t bytes) {
        auto* block = static_cast<volatile char*>(std::malloc(bytes));
        if (block == nullptr) throw std::bad_alloc();
        block[0] = 1;
        block[bytes - 1] = 1;
        return reinterpret_cast<std::uintptr_t>(block);
    }
    static void release(std::uint64_t at, std::uint64_t) {
        std::free(reinterpret_cast<void*>(static_cast<std::uintptr_t>(at)));
    }
};

/// Throws std::bad_alloc when the source has no more memory.
template <class Source>
int first_reuse(Source source, double factor, std::uint64_t limit_bytes) {
    struct Range {
        std::uint64_t begin;
        std::uint64_t bytes;
    };
    std::vector<Range> freed;
    freed.reserve(1024);  // before the first array, so that the list does not share its memory
    const auto overlaps_freed = [&freed](Range array) {
        for (const Range& old : freed) {
            if (array.begin < old.begin + old.bytes && old.begin < array.begin + array.bytes)
                return true;
        }
        return false;
    };

    Range now{source.allocate(k_first_bytes), k_first_bytes};
    int found = 0;
    for (int move = 1; found == 0; ++move) {
        const auto bytes = static_cast<std::uint64_t>(static_cast<double>(now.bytes) * factor);
        if (bytes > limit_bytes) break;
        const Range next{source.allocate(bytes), bytes};
        if (overlaps_freed(next)) found = move;
        source.release(now.begin, now.bytes);
        freed.push_back(now);
        now = next;
    }
    source.release(now.begin, now.bytes);
    return found;
}

/// Fills every hole between the mappings of this process, so that new ones lie below all others.
inline void close_gaps() {
    const auto reserve = [](std::size_t bytes) {
        return mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    };
    constexpr std::size_t k_largest_bytes = std::size_t{64} << 30;
    constexpr std::size_t k_page_bytes = 4096;
    void* floor = reserve(k_largest_bytes);  // too large for a hole: below everything
    if (floor == MAP_FAILED) return;
    for (std::size_t bytes = std::size_t{1} << 30; bytes >= k_page_bytes; bytes /= 2) {
        void* at = reserve(bytes);
        while (at != MAP_FAILED && at > floor) at = reserve(bytes);
        if (at != MAP_FAILED) munmap(at, bytes);
    }
    munmap(floor, k_largest_bytes);
}

/// first_reuse of this process's malloc, as a child process without gaps sees it.
/// Throws std::runtime_error when the child could not do it.
inline int first_reuse_of_malloc(double factor) {
    constexpr int k_failed = 255;
    const pid_t child = fork();
    if (child < 0) throw std::runtime_error("reuse: cannot fork");
    if (child == 0) {
        int found = k_failed;
        try {
            close_gaps();
            found = first_reuse(MallocSource{}, factor, k_real_limit_bytes);
        } catch (const std::bad_alloc&) {
        }
        _exit(found);
    }
    int status = 0;
    if (waitpid(child, &status, 0) != child || !WIFEXITED(status) ||
        WEXITSTATUS(status) == k_failed) {
        throw std::runtime_error("reuse: a child process failed");
    }
    return WEXITSTATUS(status);
}

}  // namespace lab::reuse
