// central: objects out of spans and back, and spans between the two sets.

#include "allocators/golike/central.hpp"

#include <mutex>

namespace golike {

Span* Central::make_span(PageHeap& heap, PageCache& pages) const {
    const PageRange range =
        pages.allocate(heap, static_cast<std::uint32_t>(k_classes[size_class_].pages));
    if (range.pages == 0) return nullptr;
    Span* const span = heap.make_span(range);
    span->cut(size_class_, pointer_free_);
    heap.map().set_small(range.first, range.pages, size_class_);
    return span;
}

/// Puts a span that is in no set into the right one.
void Central::file(Span* span) {
    (span->free_count > 0 ? partial_ : full_).push(span);
}

/// Moves a span that got an object back. Returns the span if its pages are to be released.
Span* Central::settle(Span* span, std::size_t spare_spans) {
    if (span->lent) return nullptr;
    if (span->home == Span::Home::full) {
        full_.remove(span);
        partial_.push(span);
    }
    if (span->free_count < span->objects || partial_.size() <= spare_spans) return nullptr;
    partial_.remove(span);
    --spans_;
    return span;
}

/// The lock is not held: `list` is linked by `next` and belongs to the caller alone.
void Central::release(PageHeap& heap, Span* list) {
    while (list != nullptr) {
        Span* const span = list;
        list = span->next;
        const PageRange range{heap.page_of(span->begin), span->pages};
        heap.map().clear(range.first, range.pages);
        heap.free(range);
    }
}

Chain Central::take(PageHeap& heap, PageCache& pages, std::uint32_t wanted) {
    Chain chain;
    Object** tail = &chain.head;
    lock_.lock();
    while (chain.count < wanted) {
        Span* span = partial_.first();
        if (span == nullptr) {
            if (chain.count > 0) break;  // rather few than one span more
            lock_.unlock();
            span = make_span(heap, pages);
            lock_.lock();
            if (span == nullptr) break;
            partial_.push(span);
            ++spans_;
        }
        std::uint32_t word = 0;
        while (chain.count < wanted && span->free_count > 0) {
            auto* const object = reinterpret_cast<Object*>(span->object(span->take_first(word)));
            object->key = key_of(object);
            *tail = object;
            tail = &object->next;
            ++chain.count;
        }
        if (span->free_count == 0) {
            partial_.remove(span);
            full_.push(span);
        }
    }
    lock_.unlock();
    *tail = nullptr;
    return chain;
}

Object* Central::give(PageHeap& heap, Chain chain) {
    Span* empty = nullptr;
    Span* span = nullptr;
    Object* wrong = nullptr;
    lock_.lock();
    while (chain.count > 0) {
        Object* const object = chain.head;
        const auto at = reinterpret_cast<std::uintptr_t>(object);
        if (span == nullptr || at - span->begin >= span->pages * k_page_bytes) {
            const PageMap::Entry entry = heap.entry_of(at);
            if (entry.size_class() != size_class_) {
                wrong = object;
                break;
            }
            span = heap.span_at(heap.page_of(at) - entry.page_in_span());
        }
        chain.head = object->next;
        --chain.count;
        if (!span->put_back(span->index_of(at))) {
            wrong = object;
            break;
        }
        if (Span* const released = settle(span, 1)) {
            released->next = empty;
            empty = released;
            span = nullptr;
        }
    }
    lock_.unlock();
    release(heap, empty);
    return wrong;
}

Span* Central::lend(PageHeap& heap, PageCache& pages) {
    {
        const std::lock_guard hold(lock_);
        if (Span* const span = partial_.first()) {
            partial_.remove(span);
            span->lent = true;
            return span;
        }
    }
    Span* const span = make_span(heap, pages);
    if (span == nullptr) return nullptr;
    span->lent = true;
    const std::lock_guard hold(lock_);
    ++spans_;
    return span;
}

std::uint64_t Central::claim(Span* span, std::uint32_t& word) {
    const std::lock_guard hold(lock_);
    for (; word * 64 < span->objects; ++word) {
        const std::uint64_t bits = span->free_bits[word];
        if (bits == 0) continue;
        span->free_bits[word] = 0;
        span->free_count = static_cast<std::uint16_t>(span->free_count - std::popcount(bits));
        return bits;
    }
    return 0;
}

void Central::take_back(PageHeap& heap, Span* span, std::uint32_t word, std::uint64_t unused) {
    Span* released = nullptr;
    {
        const std::lock_guard hold(lock_);
        if (unused != 0) {
            span->free_bits[word] |= unused;
            span->free_count = static_cast<std::uint16_t>(span->free_count + std::popcount(unused));
        }
        span->lent = false;
        file(span);
        if (span->free_count > 0) released = settle(span, 1);
        if (released != nullptr) released->next = nullptr;
    }
    release(heap, released);
}

bool Central::free(PageHeap& heap, Span* span, std::uint32_t index) {
    Span* released = nullptr;
    {
        const std::lock_guard hold(lock_);
        if (!span->put_back(index)) return false;
        released = settle(span, 1);
        if (released != nullptr) released->next = nullptr;
    }
    release(heap, released);
    return true;
}

void Central::release_free_spans(PageHeap& heap) {
    Span* empty = nullptr;
    {
        const std::lock_guard hold(lock_);
        for (Span* span = partial_.first(); span != nullptr;) {
            Span* const next = span->next;
            if (Span* const released = settle(span, 0)) {
                released->next = empty;
                empty = released;
            }
            span = next;
        }
    }
    release(heap, empty);
}

Central::Totals Central::totals() {
    const std::lock_guard hold(lock_);
    Totals totals;
    totals.spans = spans_;
    totals.objects = spans_ * (k_classes[size_class_].pages * k_page_bytes / k_classes[size_class_].bytes);
    for (const Span* span = partial_.first(); span != nullptr; span = span->next) {
        totals.free_objects += span->free_count;
    }
    return totals;
}

}  // namespace golike
