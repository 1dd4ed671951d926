// system_memory: what the heap asks of the kernel, and the region of addresses that it grows in.
//
//   begin [ grown: readable, writable, not yet touched ... ][ to come ............ ] limit
//                                                           ^ extend() moves this on
//
// Go hints at 0xc000000000 and goes up from there, so that the heap is one piece; so does
// Region::hinted(), which takes no address before it needs it: a process under RLIMIT_AS has nothing
// reserved that would count. Region::reserved() is for many small heaps in one process, as in tests.
//
// Invariants  errno is never changed: free() must keep it, and malloc sets it in one place.
// Gives up    Windows, and kernels without MAP_FIXED_NOREPLACE (they may return another address,
//             which is given back and counts as "in the way").
#pragma once

#include <sys/auxv.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace golike {

class KeepErrno {
public:
    KeepErrno() = default;
    ~KeepErrno() { errno = saved_; }
    KeepErrno(const KeepErrno&) = delete;
    KeepErrno& operator=(const KeepErrno&) = delete;

private:
    int saved_ = errno;
};

namespace system_memory {

/// Zeroed memory for the allocator's own records; null if there is none. Never given back.
inline void* map(std::size_t bytes) {
    const KeepErrno keep;
    void* at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return at == MAP_FAILED ? nullptr : at;
}

inline void unmap(void* at, std::size_t bytes) {
    const KeepErrno keep;
    munmap(at, bytes);
}

/// The pages keep their addresses, lose their memory, and read as zero from now on.
inline bool discard(std::uintptr_t at, std::size_t bytes) {
    const KeepErrno keep;
    return madvise(reinterpret_cast<void*>(at), bytes, MADV_DONTNEED) == 0;
}

/// 64 bits that differ from process to process, without a system call.
inline std::uint64_t random_bits() {
    std::uint64_t bits = 0;
    if (const auto at = getauxval(AT_RANDOM)) {
        std::memcpy(&bits, reinterpret_cast<const void*>(at), sizeof bits);
    }
    return bits;
}

}  // namespace system_memory

class Region {
public:
    static constexpr std::uintptr_t k_alignment = std::uintptr_t{64} << 20;

    constexpr Region() = default;

    /// Addresses from Go's hint on, by a random multiple of the alignment as in Go 1.26.
    static Region hinted(std::size_t bytes) {
        Region region;
        const std::uintptr_t jitter = system_memory::random_bits() % 4096 * k_alignment;
        region.begin_ = k_hint + jitter;
        region.limit_ = region.begin_ + bytes;
        return region;
    }

    /// Addresses that nobody else can take; empty if the kernel refuses.
    static Region reserved(std::size_t bytes) {
        const KeepErrno keep;
        Region region;
        void* at = mmap(nullptr, bytes + k_alignment, PROT_NONE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (at == MAP_FAILED) return region;
        region.reservation_ = reinterpret_cast<std::uintptr_t>(at);
        region.reservation_bytes_ = bytes + k_alignment;
        region.begin_ = (region.reservation_ + k_alignment - 1) & ~(k_alignment - 1);
        region.limit_ = region.begin_ + bytes;
        return region;
    }

    enum class Extended { yes, no_memory, in_the_way };

    Extended extend(std::uintptr_t at, std::size_t bytes) {
        const KeepErrno keep;
        void* const wanted = reinterpret_cast<void*>(at);
        if (at + bytes > limit_) return Extended::no_memory;
        if (reservation_ != 0) {
            const bool done = mprotect(wanted, bytes, PROT_READ | PROT_WRITE) == 0;
            return done ? Extended::yes : Extended::no_memory;
        }
        void* got = mmap(wanted, bytes, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
        if (got == wanted) return Extended::yes;
        if (got == MAP_FAILED) {
            return errno == EEXIST ? Extended::in_the_way : Extended::no_memory;
        }
        munmap(got, bytes);
        return Extended::in_the_way;
    }

    /// Gives everything back; only for reserved regions.
    void release() {
        if (reservation_ != 0) {
            system_memory::unmap(reinterpret_cast<void*>(reservation_), reservation_bytes_);
        }
    }

    bool exists() const { return begin_ != 0; }
    std::uintptr_t begin() const { return begin_; }
    std::uintptr_t limit() const { return limit_; }

private:
    static constexpr std::uintptr_t k_hint = 0xc000000000;

    std::uintptr_t begin_ = 0;
    std::uintptr_t limit_ = 0;
    std::uintptr_t reservation_ = 0;
    std::size_t reservation_bytes_ = 0;
};

}  // namespace golike
