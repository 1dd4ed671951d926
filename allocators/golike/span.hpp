// Span: a run of pages cut into objects of one size, and SpanSet, the spans of one kind.
//
//   page of 8 KiB   page            page
//   [obj 0][obj 1][obj 2] ... [obj n-1][tail, at most an eighth]     free_bits: 1 = free
//
// Invariants  Objects lie at begin + i * size; free_count is the number of ones in free_bits. An
//             object that a cache holds counts as not free: the span knows only what came back.
//             A span is in at most one set.
// Costs       168 bytes for a span of at least 8 KiB. Finding an object's number is a multiplication.
// Gives up    Go's sets are lock-free stacks of blocks, because a collector takes spans from their
//             ends only. free() takes a span out of the middle, so these are doubly linked lists.
// Threads     None: the lock of the central list, or of the page heap, is held.
#pragma once

#include "allocators/golike/size_class.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace golike {

using lab::go::k_classes;
using lab::go::k_page_bytes;
using lab::go::k_size_classes;

inline constexpr std::uint32_t k_max_objects = 1024;  // the class of 8 bytes
inline constexpr std::size_t k_bitmap_in_span_bytes = 512;

namespace detail {
constexpr auto make_reciprocals() {
    std::array<std::uint32_t, k_size_classes> reciprocals{};
    for (std::size_t i = 1; i < k_size_classes; ++i) {
        const std::uint64_t bytes = k_classes[i].bytes;
        reciprocals[i] = static_cast<std::uint32_t>(((std::uint64_t{1} << 32) + bytes - 1) / bytes);
    }
    return reciprocals;
}
}  // namespace detail

/// ceil(2^32 / size): division of an offset by a multiplication, as Go's divMagic does it.
inline constexpr auto k_reciprocals = detail::make_reciprocals();

/// The number of the object that holds the byte at `offset` of its span.
constexpr std::uint32_t object_index(std::uint32_t offset, std::size_t size_class) {
    return static_cast<std::uint32_t>(std::uint64_t{offset} * k_reciprocals[size_class] >> 32);
}

/// Is `offset` a multiple of the size with this reciprocal? The fraction that object_index() drops
/// must be next to zero. Nothing is a multiple of the size with reciprocal 0.
constexpr bool is_object_begin(std::uint32_t offset, std::uint32_t reciprocal) {
    return offset * reciprocal < reciprocal;
}

struct Span {
    enum class Home : std::uint8_t { nowhere, partial, full };

    Span* previous;
    Span* next;
    std::uintptr_t begin;
    std::uint32_t pages;
    std::uint16_t objects;
    std::uint16_t free_count;
    std::uint8_t size_class;  // 0: one large object
    bool pointer_free;
    bool lent;  // to a cache, which allocates from it
    Home home;
    std::array<std::uint64_t, k_max_objects / 64> free_bits;

    std::size_t object_bytes() const {
        return size_class != 0 ? k_classes[size_class].bytes : pages * k_page_bytes;
    }
    std::uintptr_t object(std::uint32_t index) const { return begin + index * object_bytes(); }
    std::uint32_t index_of(std::uintptr_t at) const {
        return object_index(static_cast<std::uint32_t>(at - begin), size_class);
    }

    /// Cuts the pages into objects, all of them free.
    void cut(std::uint8_t new_class, bool new_pointer_free) {
        size_class = new_class;
        pointer_free = new_pointer_free;
        std::size_t usable = pages * k_page_bytes;
        // Since Go 1.22 the pointer bitmap of small objects, a bit a word, lies at the span's end.
        if (!pointer_free && k_classes[new_class].bytes <= k_bitmap_in_span_bytes) usable -= usable / 64;
        objects = static_cast<std::uint16_t>(usable / k_classes[new_class].bytes);
        free_count = objects;
        lent = false;
        home = Home::nowhere;
        for (std::uint32_t w = 0; w * 64 < objects; ++w) {
            const std::uint32_t left = objects - w * 64u;
            free_bits[w] = left >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << left) - 1;
        }
    }

    /// Takes the first free object's number; there must be one.
    std::uint32_t take_first(std::uint32_t& word) {
        while (free_bits[word] == 0) ++word;
        const auto bit = static_cast<std::uint32_t>(std::countr_zero(free_bits[word]));
        free_bits[word] &= free_bits[word] - 1;
        --free_count;
        return word * 64 + bit;
    }

    /// False if the object is free already.
    bool put_back(std::uint32_t index) {
        const std::uint64_t bit = std::uint64_t{1} << index % 64;
        if (free_bits[index / 64] & bit) return false;
        free_bits[index / 64] |= bit;
        ++free_count;
        return true;
    }
};

class SpanSet {
public:
    explicit constexpr SpanSet(Span::Home home) : home_(home) {}

    Span* first() const { return first_; }
    std::size_t size() const { return size_; }

    void push(Span* span) {
        span->previous = nullptr;
        span->next = first_;
        if (first_ != nullptr) first_->previous = span;
        first_ = span;
        span->home = home_;
        ++size_;
    }

    void remove(Span* span) {
        (span->previous != nullptr ? span->previous->next : first_) = span->next;
        if (span->next != nullptr) span->next->previous = span->previous;
        span->home = Span::Home::nowhere;
        --size_;
    }

private:
    Span::Home home_;
    Span* first_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace golike
