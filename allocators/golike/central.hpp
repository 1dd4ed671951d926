// Central: the spans of one span class, shared by all threads.
//
//   partial   spans with free objects        take from the first, or make a new one
//   full      spans without
//
// A span class is a size class with or without pointers. Go moves spans between its sets when it
// sweeps: a span is examined once a cycle, and freed objects are found by the thousand. Where single
// objects are freed there is no cycle, so a span moves the moment that its first object comes back,
// and leaves for the page heap when its last one does.
//
// Invariants  A span with free objects is in partial, or lent to a cache; one without is in full.
//             At most one wholly free span stays, so that an object that comes and goes costs no pages.
// Costs       A lock for each chain; an object is one bit found or set, and one link.
// Threads     One lock, never held while the page heap is asked for pages, or is given some.
#pragma once

#include "allocators/golike/lock.hpp"
#include "allocators/golike/object.hpp"
#include "allocators/golike/page_cache.hpp"
#include "allocators/golike/page_heap.hpp"
#include "allocators/golike/span.hpp"

#include <cstdint>

namespace golike {

class Central {
public:
    constexpr Central(std::uint8_t size_class, bool pointer_free)
        : size_class_(size_class), pointer_free_(pointer_free) {}

    // For caches of single objects: the face of malloc.

    /// Up to `wanted` objects, in the order of addresses; fewer or none if memory is short.
    Chain take(PageHeap& heap, PageCache& pages, std::uint32_t wanted);
    /// Puts objects back into their spans. Returns the object at which it had to stop, or null: one
    /// that is free already, or is none of this class.
    Object* give(PageHeap& heap, Chain chain);

    // For caches of one span: the face of Go.

    /// A span with free objects, to allocate from; null if memory is short.
    Span* lend(PageHeap& heap, PageCache& pages);
    /// Takes the free objects of the next word of a lent span's bits, from `word` on, out of the
    /// span; zero if there are none. `word` becomes the word they are of.
    std::uint64_t claim(Span* span, std::uint32_t& word);
    /// Takes a lent span back, with what is left of the last claim.
    void take_back(PageHeap& heap, Span* span, std::uint32_t word, std::uint64_t unused);
    /// Frees one object; false if it is free already.
    bool free(PageHeap& heap, Span* span, std::uint32_t index);

    /// Gives the last wholly free span away too.
    void release_free_spans(PageHeap& heap);

    struct Totals {
        std::uint64_t spans = 0, free_objects = 0, objects = 0;
    };
    Totals totals();

    Lock& lock() { return lock_; }

private:
    Span* make_span(PageHeap& heap, PageCache& pages) const;
    void file(Span* span);
    Span* settle(Span* span, std::size_t spare_spans);
    static void release(PageHeap& heap, Span* list);

    Lock lock_;
    std::uint8_t size_class_;
    bool pointer_free_;
    std::uint64_t spans_ = 0;
    SpanSet partial_{Span::Home::partial};
    SpanSet full_{Span::Home::full};
};

}  // namespace golike
