// Heap: Go's allocator as a C++ class, with Go's own decisions, for models and for tests.
//
//   bytes < 16, no pointers     tiny: bumped in a block of 16 bytes that several objects share
//   up to 32760                 the class that fits, of a span that the cache holds
//   more                        whole pages, direct from the page heap
//
//   Cache (Go: mcache, one a P)  ── span classes: 67 sizes, with or without pointers ── Central ── PageHeap
//     lent span + 64 of its bits                            partial, full
//
// An object with pointers of more than 512 bytes carries a header of 8, as since Go 1.22; smaller
// ones have their bitmap at the end of the span, which then holds fewer. Memory is zero when handed
// out. What malloc must add to this (16-byte alignment, single frees without a lock, checks) is in
// MallocHeap, on the same spans and pages.
//
// Invariants  A cache takes a word of its span's bits at a time, so a freed object is not found again
//             before the cache comes to its word, or to its span anew: Go's freeIndex has the same
//             effect between two sweeps.
// Costs       allocate: class by a table, one bit found; a lock for every 64 objects.
// Gives up    The collector. release() stands for the sweep of one object, with what Go's own
//             runtime.freegc knows: size and kind. Tiny objects cannot be freed one by one there either.
// Threads     A Cache has one owner; everything else may be called from any thread.
#pragma once

#include "allocators/golike/central.hpp"
#include "allocators/golike/large.hpp"
#include "allocators/golike/page_cache.hpp"
#include "allocators/golike/page_heap.hpp"
#include "allocators/golike/size_class.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <utility>

namespace golike {

enum class Pointers : std::uint8_t { some, none };

inline constexpr std::size_t k_span_classes = 2 * k_size_classes;
inline constexpr std::size_t k_tiny_block_bytes = 16;
inline constexpr std::size_t k_tiny_class = 2;
inline constexpr std::size_t k_header_bytes = 8;

/// Go's numbering: the size class twice, and one more without pointers.
constexpr std::size_t span_class(std::size_t size_class, Pointers pointers) {
    return size_class << 1 | (pointers == Pointers::none ? 1u : 0u);
}

class Heap {
public:
    /// What one thread allocates with. Closed by Heap::close, which gives all back.
    class Cache {
        friend class Heap;
        struct Lent {
            Span* span = nullptr;
            std::uint64_t bits = 0;   // of the word below, claimed and not yet handed out
            std::uint32_t word = 0;
        };
        std::array<Lent, k_span_classes> lent_{};
        std::uintptr_t tiny_ = 0;
        std::size_t tiny_offset_ = 0;
        PageCache pages_;
    };

    /// Reserves `bytes` of addresses; throws std::bad_alloc if the kernel refuses.
    explicit Heap(std::size_t bytes) : Heap(bytes, std::make_index_sequence<k_span_classes>()) {}
    ~Heap() { pages_.release(); }
    Heap(const Heap&) = delete;
    Heap& operator=(const Heap&) = delete;

    /// Zeroed memory; null if there is none. Go's rule for bytes of 0: all share one address.
    void* allocate(Cache& cache, std::size_t bytes, Pointers pointers) {
        if (bytes == 0) return &zero_base_;
        if (bytes > lab::go::k_max_small_bytes - k_header_bytes) return allocate_large_object(bytes, pointers);
        if (pointers == Pointers::none && bytes < k_tiny_block_bytes) return allocate_tiny(cache, bytes);
        const std::size_t header = header_of(bytes, pointers);
        const std::uintptr_t at = next_free(cache, lab::go::size_class_of(bytes + header), pointers);
        return at == 0 ? nullptr : reinterpret_cast<void*>(at + header);
    }

    /// Frees an object that was allocated with these arguments; false if it was tiny, or empty, and
    /// so cannot be freed alone, or if it is free already.
    bool release(void* object, std::size_t bytes, Pointers pointers) {
        if (bytes == 0 || (pointers == Pointers::none && bytes < k_tiny_block_bytes)) return false;
        const auto at = reinterpret_cast<std::uintptr_t>(object);
        const PageMap::Entry entry = pages_.entry_of(at);
        if (entry.is_large()) {
            free_large(pages_, pages_.span_at(pages_.page_of(at)));
            return true;
        }
        if (entry.size_class() == 0) return false;
        Span* const span = pages_.span_at(pages_.page_of(at) - entry.page_in_span());
        return centrals_[span_class(entry.size_class(), pointers)].free(pages_, span, span->index_of(at));
    }

    void close(Cache& cache) {
        for (std::size_t c = 0; c < k_span_classes; ++c) give_back(cache.lent_[c], c);
        cache.pages_.flush(pages_);
        cache.tiny_ = 0;
    }

    /// The span that holds a small object, as Go's spanOf; null if there is none.
    const Span* span_of(const void* object) {
        const auto at = reinterpret_cast<std::uintptr_t>(object);
        const PageMap::Entry entry = pages_.entry_of(at);
        if (entry.size_class() == 0) return nullptr;
        return pages_.span_at(pages_.page_of(at) - entry.page_in_span());
    }

    PageHeap& pages() { return pages_; }
    Central& central(std::size_t span_class) { return centrals_[span_class]; }

private:
    template <std::size_t... SpanClass>
    Heap(std::size_t bytes, std::index_sequence<SpanClass...>)
        : centrals_{Central(static_cast<std::uint8_t>(SpanClass >> 1), (SpanClass & 1) != 0)...} {
        const Region region = Region::reserved(bytes);
        if (!region.exists()) throw std::bad_alloc();
        pages_.start(region);
    }

    static std::size_t header_of(std::size_t bytes, Pointers pointers) {
        return pointers == Pointers::some && bytes > k_bitmap_in_span_bytes ? k_header_bytes : 0;
    }

    void* allocate_large_object(std::size_t bytes, Pointers pointers) {
        Span* const span = allocate_large(pages_, bytes, 1, true);
        if (span == nullptr) return nullptr;
        span->pointer_free = pointers == Pointers::none;
        return reinterpret_cast<void*>(span->begin);
    }

    void* allocate_tiny(Cache& cache, std::size_t bytes) {
        std::size_t offset = cache.tiny_offset_;
        const std::size_t align = bytes % 8 == 0 ? 8 : bytes % 4 == 0 ? 4 : bytes % 2 == 0 ? 2 : 1;
        offset = (offset + align - 1) / align * align;
        if (cache.tiny_ != 0 && offset + bytes <= k_tiny_block_bytes) {
            cache.tiny_offset_ = offset + bytes;
            return reinterpret_cast<void*>(cache.tiny_ + offset);
        }
        const std::uintptr_t block = next_free(cache, k_tiny_class, Pointers::none);
        if (block == 0) return nullptr;
        if (cache.tiny_ == 0 || bytes < cache.tiny_offset_) {  // keep the block with more room
            cache.tiny_ = block;
            cache.tiny_offset_ = bytes;
        }
        return reinterpret_cast<void*>(block);
    }

    std::uintptr_t next_free(Cache& cache, std::size_t size_class, Pointers pointers) {
        const std::size_t c = span_class(size_class, pointers);
        Cache::Lent& lent = cache.lent_[c];
        if (lent.bits == 0 && !refill(cache, lent, c)) return 0;
        const std::uintptr_t at =
            lent.span->object(lent.word * 64 + static_cast<std::uint32_t>(std::countr_zero(lent.bits)));
        lent.bits &= lent.bits - 1;
        std::memset(reinterpret_cast<void*>(at), 0, k_classes[size_class].bytes);
        return at;
    }

    /// Claims the next word with free objects, of this span or of another.
    bool refill(Cache& cache, Cache::Lent& lent, std::size_t c) {
        if (lent.span != nullptr) {
            ++lent.word;
            lent.bits = centrals_[c].claim(lent.span, lent.word);
        }
        while (lent.bits == 0) {
            give_back(lent, c);
            lent.span = centrals_[c].lend(pages_, cache.pages_);
            if (lent.span == nullptr) return false;
            lent.bits = centrals_[c].claim(lent.span, lent.word);
        }
        return true;
    }

    void give_back(Cache::Lent& lent, std::size_t c) {
        if (lent.span != nullptr) centrals_[c].take_back(pages_, lent.span, lent.word, lent.bits);
        lent = {};
    }

    PageHeap pages_;
    std::array<Central, k_span_classes> centrals_;
    std::uint64_t zero_base_ = 0;
};

}  // namespace golike
