// fast_path: malloc and free as they are nearly always: a table, a slot, a link.
//
// Nothing here asks whether the heap has started or the thread has a cache: see thread_cache.hpp.
// free() finds the class by one load that depends on the pointer; the checks hang on the same load
// but nothing waits for them:
//
//   not ours          the page is outside the heap, or holds no objects           slow path
//   inside a block    the offset in the span is no multiple of the size           abort
//   double free       the block freed last is freed again                         abort
//
// Any other double free is found when the block comes up to be handed out again, or comes back to its
// span, by the key in its second word. Rejected: looking for the key in free(). A load must arrive
// before anything behind it can retire, a store need not; on random working sets that one load of a
// block gone cold cost more than all the rest of free.
#pragma once

#include "allocators/golike/malloc_classes.hpp"
#include "allocators/golike/malloc_heap.hpp"

#include <cstddef>
#include <cstdint>

namespace golike {

[[gnu::always_inline]] inline void* allocate_of_class(std::uint32_t class_times_16) {
    ThreadCache::Slot& slot = thread_cache->slot_at(class_times_16);
    Object* const object = slot.head;
    if (object == nullptr) [[unlikely]] return malloc_heap.allocate_small(class_times_16 / 16);
    if (object->key != key_of(object)) [[unlikely]] return found_corrupt(object);
    object->key = 0;
    slot.head = object->next;
    ++slot.room;
    return object;
}

/// Null, and errno ENOMEM, if there is no memory.
[[gnu::always_inline]] inline void* allocate(std::size_t bytes) {
    if (bytes > k_max_small) [[unlikely]] return malloc_heap.allocate_large(bytes, k_alignment, false);
    return allocate_of_class(malloc_class_times_16(bytes));
}

[[gnu::always_inline]] inline void release(void* block) {
    const auto at = reinterpret_cast<std::uintptr_t>(block);
    const PageMap::Entry entry = page_heap.entry_of(at);
    ThreadCache::Slot& slot = thread_cache->slot_at(entry.size_class_times_16());
    const auto in_object = static_cast<std::uint32_t>(at % k_page_bytes) + entry.phase();
    if (!is_object_begin(in_object, slot.reciprocal)) [[unlikely]] return malloc_heap.free_other(at);
    auto* const object = static_cast<Object*>(block);
    if (slot.room == 0 || slot.head == object) [[unlikely]] {
        return malloc_heap.free_small(object, entry.size_class());
    }
    --slot.room;
    object->key = key_of(object);
    object->next = slot.head;
    slot.head = object;
}

}  // namespace golike
