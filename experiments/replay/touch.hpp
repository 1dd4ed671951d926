// touch: what the program is taken to do with its blocks, since a trace does not tell.
//
// A block's mark, up to eight bytes that only its place knows, is written when it is had and read
// before it ends: a malloc whose blocks overlap, or an edge that is not kept, is found out by it.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace lab::replay {

/// Nothing is touched; each block's first bytes; a byte in every cache line besides.
enum class Touch { none, first, all };

inline constexpr std::size_t k_line_bytes = 64;
inline constexpr std::size_t k_mark_bytes = 8;

namespace detail {

inline std::uint64_t mark_of(std::uint32_t place) { return (place + std::uint64_t{1}) * 0x9e3779b97f4a7c15U; }

/// Beside every mark, so that blocks of the null memory may overlap but for their marks; that other
/// threads then write there too is why the bytes are atomic.
inline void touch_lines(void* block, std::uint64_t size) {
    auto* bytes = static_cast<char*>(block);
    for (std::uint64_t at = k_line_bytes + k_mark_bytes; at < size; at += k_line_bytes) {
        std::atomic_ref(bytes[at]).store(1, std::memory_order_relaxed);
    }
}

}  // namespace detail

template <Touch How>
void touch(void* block, std::uint64_t size, std::uint32_t place) {
    if constexpr (How == Touch::none) return;
    const std::uint64_t mark = detail::mark_of(place);
    if (size >= k_mark_bytes) [[likely]] {
        std::memcpy(block, &mark, k_mark_bytes);
    } else {
        std::memcpy(block, &mark, size);
    }
    if constexpr (How == Touch::all) detail::touch_lines(block, size);
}

/// 1 if the first `size` bytes, or as many as a mark has, are as they were left.
template <Touch How>
std::uint64_t check(const void* block, std::uint64_t size, std::uint32_t place) {
    if constexpr (How == Touch::none) return 1;
    if (size == 0) return 1;
    if (block == nullptr) return 0;
    const std::uint64_t mark = detail::mark_of(place);
    if (size < k_mark_bytes) return std::memcmp(block, &mark, size) == 0 ? 1 : 0;
    std::uint64_t found = 0;
    std::memcpy(&found, block, k_mark_bytes);
    return found == mark ? 1 : 0;
}

/// 1 if the block begins with zeros.
template <Touch How>
std::uint64_t check_zero(const void* block, std::uint64_t size) {
    if constexpr (How == Touch::none) return 1;
    if (size == 0) return 1;
    if (block == nullptr) return 0;
    std::uint64_t found = 0;
    std::memcpy(&found, block, std::min<std::size_t>(size, k_mark_bytes));
    return found == 0 ? 1 : 0;
}

}  // namespace lab::replay
