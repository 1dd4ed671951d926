// malloc_heap: start, threads that come and go, exchanges between cache, depot and spans, fork.

#include "allocators/golike/malloc_heap.hpp"

#include "allocators/golike/large.hpp"
#include "allocators/golike/misuse.hpp"

#include <cerrno>
#include <mutex>
#include <new>

namespace golike {

constinit PageHeap page_heap;
constinit MallocHeap malloc_heap;
constinit ThreadCache no_cache;
[[gnu::tls_model("initial-exec")]] thread_local constinit ThreadCache* thread_cache = &no_cache;

namespace {

// What this thread is to the heap; anything but `fresh` without a cache goes past the caches.
enum class Thread : std::uint8_t { fresh, attaching, attached, ended };
[[gnu::tls_model("initial-exec")]] thread_local constinit Thread thread_is = Thread::fresh;

constinit std::array<Depot, k_size_classes> depots;

constexpr std::size_t k_region_bytes = std::size_t{1} << 40;
/// What the depots must hold to be emptied before the heap grows: little, for an object that lies
/// there keeps its whole span from being used by another class.
constexpr std::size_t k_worth_draining_bytes = std::size_t{64} << 10;

void* out_of_memory() {
    errno = ENOMEM;
    return nullptr;
}

}  // namespace

void* found_corrupt(const Object* object) {
    die_of_misuse("double free, or a write to a freed block", reinterpret_cast<std::uintptr_t>(object));
}

void MallocHeap::start() {
    if (started_.load(std::memory_order_acquire)) return;
    const std::lock_guard hold(starting_);
    if (started_.load(std::memory_order_relaxed)) return;
    page_heap.start(Region::hinted(k_region_bytes));
    page_heap.set_reclaimer([](void* heap) { return static_cast<MallocHeap*>(heap)->drain_depots(); }, this);
    pthread_key_create(&exit_key_, [](void* cache) {
        malloc_heap.detach(static_cast<ThreadCache*>(cache));
    });
    started_.store(true, std::memory_order_release);
    // Registering may allocate, which is served past the caches meanwhile.
    pthread_atfork([] { malloc_heap.lock_all(); }, [] { malloc_heap.unlock_all(); },
                   [] { malloc_heap.unlock_all(); });
}

ThreadCache* MallocHeap::obtain_cache() {
    const std::lock_guard hold(registry_);
    ThreadCache* cache = caches_;
    while (cache != nullptr && cache->owned) cache = cache->next;
    if (cache == nullptr) {
        void* const at = system_memory::map(sizeof(ThreadCache));
        if (at == nullptr) return nullptr;
        cache = new (at) ThreadCache;
        cache->next = caches_;
        caches_ = cache;
    }
    cache->owned = true;
    return cache;
}

void MallocHeap::attach() {
    if (thread_is != Thread::fresh) return;
    thread_is = Thread::attaching;
    start();
    ThreadCache* const cache = obtain_cache();
    if (cache == nullptr || pthread_setspecific(exit_key_, cache) != 0) {
        if (cache != nullptr) {
            const std::lock_guard hold(registry_);
            cache->owned = false;
        }
        thread_is = Thread::fresh;  // memory may come back
        return;
    }
    cache->open();
    thread_cache = cache;
    thread_is = Thread::attached;
}

void MallocHeap::detach(ThreadCache* cache) {
    thread_cache = &no_cache;
    thread_is = Thread::ended;
    flush(*cache);
    const std::lock_guard hold(registry_);
    cache->owned = false;
}

void MallocHeap::flush(ThreadCache& cache) {
    for (std::size_t c = 1; c < k_size_classes; ++c) {
        for (const Chain chain : {cache.empty_slot(c), std::exchange(cache.reserves[c].chain, {})}) {
            if (chain.count > 0) give(chain, c);
        }
    }
    cache.pages.flush(page_heap);
}

/// To the depot if it has room, to the spans if not.
void MallocHeap::give(Chain chain, std::size_t size_class) {
    if (!depots[size_class].push(chain, k_classes[size_class].bytes)) give_to_spans(chain, size_class);
}

void MallocHeap::give_to_spans(Chain chain, std::size_t size_class) {
    if (const Object* wrong = centrals_[size_class].give(page_heap, chain)) found_corrupt(wrong);
}

void* MallocHeap::allocate_uncached(std::uint32_t size_class) {
    start();
    PageCache none;
    const Chain one = centrals_[size_class].take(page_heap, none, 1);
    none.flush(page_heap);
    if (one.count == 0) return out_of_memory();
    one.head->key = 0;
    return one.head;
}

void* MallocHeap::allocate_small(std::uint32_t size_class) {
    if (thread_is != Thread::attached) {
        attach();
        if (thread_is != Thread::attached) return allocate_uncached(size_class);
    }
    ThreadCache& cache = *thread_cache;
    Chain chain = std::exchange(cache.reserves[size_class].chain, {});
    if (chain.count == 0) {
        cache.adapt(size_class, ThreadCache::Exchange::refill);
        chain = depots[size_class].pop(k_classes[size_class].bytes);
    }
    if (chain.count == 0) {
        chain = centrals_[size_class].take(page_heap, cache.pages, least_capacity(size_class));
    }
    if (chain.count == 0) return out_of_memory();
    Object* const object = chain.head;
    if (object->key != key_of(object)) return found_corrupt(object);
    object->key = 0;
    cache.fill_slot(size_class, {object->next, chain.count - 1});
    return object;
}

void MallocHeap::free_small(Object* object, std::uint8_t size_class) {
    const KeepErrno keep;
    if (thread_is != Thread::attached) attach();
    object->key = key_of(object);
    if (thread_is != Thread::attached) {
        object->next = nullptr;
        return give({object, 1}, size_class);
    }
    ThreadCache& cache = *thread_cache;
    ThreadCache::Slot& slot = cache.slots[size_class];
    if (slot.head == object) die_of_misuse("double free", reinterpret_cast<std::uintptr_t>(object));
    if (slot.room == 0) {
        ThreadCache::Reserve& reserve = cache.reserves[size_class];
        const Chain old = reserve.chain;
        if (old.count > 0) cache.adapt(size_class, ThreadCache::Exchange::flush);
        reserve.chain = cache.empty_slot(size_class);
        if (old.count > 0) give(old, size_class);
    }
    --slot.room;
    object->next = slot.head;
    slot.head = object;
}

void* MallocHeap::allocate_large(std::size_t bytes, std::size_t alignment, bool zero) {
    start();
    const Span* const span = golike::allocate_large(page_heap, bytes, alignment, zero);
    return span != nullptr ? reinterpret_cast<void*>(span->begin) : out_of_memory();
}

void MallocHeap::free_other(std::uintptr_t at) {
    if (at == 0) return;
    const PageMap::Entry entry = page_heap.entry_of(at);
    const std::uint8_t size_class = entry.size_class();
    const auto in_page = static_cast<std::uint32_t>(at % k_page_bytes);
    if (size_class != 0 && is_object_begin(in_page + entry.phase(), k_reciprocals[size_class])) {
        return free_small(reinterpret_cast<Object*>(at), size_class);  // this thread has no cache
    }
    if (entry.bits == 0) die_of_misuse("free of a pointer that is no block, or no more", at);
    if (!entry.is_large() || in_page != 0) die_of_misuse("free of a pointer into a block", at);
    const KeepErrno keep;
    free_large(page_heap, page_heap.span_at(page_heap.page_of(at)));
}

std::size_t MallocHeap::size_of(std::uintptr_t at) {
    const PageMap::Entry entry = page_heap.entry_of(at);
    if (entry.is_large()) return page_heap.span_at(page_heap.page_of(at))->object_bytes();
    if (entry.size_class() == 0) die_of_misuse("no block begins here", at);
    return k_classes[entry.size_class()].bytes;
}

bool MallocHeap::resize(std::uintptr_t at, std::size_t bytes) {
    return resize_large(page_heap, page_heap.span_at(page_heap.page_of(at)), bytes);
}

void MallocHeap::drain_depot(std::size_t size_class) {
    for (;;) {
        const Chain chain = depots[size_class].drain(k_classes[size_class].bytes);
        if (chain.count == 0) return;
        give_to_spans(chain, size_class);
    }
}

bool MallocHeap::drain_depots() {
    std::size_t bytes = 0;
    for (const Depot& depot : depots) bytes += depot.bytes();
    if (bytes < k_worth_draining_bytes) return false;
    for (std::size_t c = 1; c < k_size_classes; ++c) {
        drain_depot(c);
    }
    return true;
}

bool MallocHeap::trim() {
    start();
    if (thread_is == Thread::attached) flush(*thread_cache);
    for (std::size_t c = 1; c < k_size_classes; ++c) {
        drain_depot(c);
        centrals_[c].release_free_spans(page_heap);
    }
    const bool returned = page_heap.scavenge(0) > 0;
    page_heap.forget();
    return returned;
}

MallocHeap::Totals MallocHeap::totals() {
    Totals totals;
    const PageHeap::Totals heap = page_heap.totals();
    totals.mapped = heap.grown * k_page_bytes;
    totals.free_pages = heap.free * k_page_bytes;
    totals.resident_free = heap.dirty * k_page_bytes;
    for (std::size_t c = 1; c < k_size_classes; ++c) {
        totals.free_objects += centrals_[c].totals().free_objects * k_classes[c].bytes;
        totals.free_objects += depots[c].bytes();
    }
    if (thread_is == Thread::attached) {
        for (std::size_t c = 1; c < k_size_classes; ++c) {
            totals.free_objects += thread_cache->held(c) * k_classes[c].bytes;
        }
    }
    return totals;
}

// In the order in which they may be held together, so that nobody waits in a circle.
void MallocHeap::lock_all() {
    starting_.lock();
    registry_.lock();
    for (Depot& depot : depots) depot.lock().lock();
    for (Central& central : centrals_) central.lock().lock();
    page_heap.lock().lock();
}

void MallocHeap::unlock_all() {
    page_heap.lock().unlock();
    for (Central& central : centrals_) central.lock().unlock();
    for (Depot& depot : depots) depot.lock().unlock();
    registry_.unlock();
    starting_.unlock();
}

}  // namespace golike
