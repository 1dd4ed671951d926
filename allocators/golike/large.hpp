// large: blocks of more than 32 KiB, each a span of its own, direct from the page heap.
//
// Invariants  The block begins where its span does, whatever its alignment.
// Costs       One search under the page heap's lock. Zeroing touches dirty pages only, so that a large
//             block from calloc is not resident before it is used.
#pragma once

#include "allocators/golike/page_heap.hpp"

#include <cstddef>
#include <cstring>

namespace golike {

/// Null if there is no memory. `alignment` in bytes, a power of two up to 64 MiB.
inline Span* allocate_large(PageHeap& heap, std::size_t bytes, std::size_t alignment, bool zero) {
    constexpr std::size_t k_most = std::size_t{PageSummary::k_chunks} * k_chunk_pages * k_page_bytes;
    if (bytes > k_most || alignment > Region::k_alignment) return nullptr;
    const auto pages = static_cast<std::uint32_t>((bytes + k_page_bytes - 1) / k_page_bytes);
    const auto multiple = static_cast<std::uint32_t>((alignment + k_page_bytes - 1) / k_page_bytes);
    const PageRun run = heap.allocate(pages, multiple);
    if (run.pages == 0) return nullptr;
    if (zero) {
        for (std::uint32_t i = 0; i < run.dirty_count; ++i) {
            const PageRange dirty = run.dirty[i];
            std::memset(reinterpret_cast<void*>(heap.address(dirty.first)), 0, dirty.pages * k_page_bytes);
        }
    }
    Span* const span = heap.make_span(run);
    span->size_class = 0;
    span->objects = 1;
    heap.map().set_large(run.first);
    return span;
}

inline void free_large(PageHeap& heap, Span* span) {
    const PageRange range{heap.page_of(span->begin), span->pages};
    heap.map().clear(range.first, 1);
    heap.free(range);
}

/// Changes a large block's size where it lies; false if the pages behind it are not free.
inline bool resize_large(PageHeap& heap, Span* span, std::size_t bytes) {
    const std::size_t wanted = (bytes + k_page_bytes - 1) / k_page_bytes;
    const std::uint32_t first = heap.page_of(span->begin);
    if (wanted > span->pages) {
        if (wanted - span->pages > k_chunk_pages * PageSummary::k_chunks) return false;
        const auto more = static_cast<std::uint32_t>(wanted - span->pages);
        if (!heap.extend({first, span->pages}, more)) return false;
        span->pages += more;
    } else if (wanted < span->pages) {
        const auto pages = static_cast<std::uint32_t>(wanted);
        const PageRange rest{first + pages, span->pages - pages};
        span->pages = pages;
        heap.free(rest);
    }
    return true;
}

}  // namespace golike
