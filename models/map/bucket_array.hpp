// bucket_array: one array of buckets, held by its map and by the iterators that are in it.
//
//   [ header | 2^log2 buckets | spare buckets ]     spares serve as overflow buckets before the heap
//
// A map that grew lets go of its old array, and an iterator that is still in it keeps it. The last
// holder frees it; so iterators need not be registered, and reading threads may drop theirs.
//
// Invariants  A cell with a tag has a key and a value. A cell that is evacuated_low or evacuated_high
//             has its key only: it was left for iterators. Other cells have nothing.
// Costs       16 buckets and more get a sixteenth as spares, rounded up to what Go's allocator gives.
// Source      Go tree: src/runtime/map.go (makeBucketArray) of 1.23.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <type_traits>
#include <unordered_map>

#include "allocators/golike/size_class.hpp"
#include "models/map/bucket_cells.hpp"

namespace lab::go::bucket {

inline constexpr unsigned k_least_log2_with_spares = 4;
inline constexpr std::size_t k_most_bytes = std::size_t{1} << 48;  // linux/amd64

/// Buckets in an array for 2^log2 of them, spares included.
constexpr std::size_t buckets_with_spares(unsigned log2, std::size_t bucket_bytes) {
    std::size_t count = std::size_t{1} << log2;
    if (log2 < k_least_log2_with_spares) return count;
    count += std::size_t{1} << (log2 - 4);
    return round_up_size(count * bucket_bytes) / bucket_bytes;
}

template <class Bucket, class Memory>
class Array {
   public:
    /// Throws std::bad_alloc, also where the bytes cannot be counted.
    static Array* make(unsigned log2) {
        if (log2 >= 48 || (k_most_bytes >> log2) < sizeof(Bucket)) throw std::bad_alloc();
        const std::size_t count = buckets_with_spares(log2, sizeof(Bucket));
        void* block = memory::take_zeroed<Memory>(k_header_bytes + count * sizeof(Bucket), k_align);
        return ::new (block) Array(log2, count);
    }
    Array(const Array&) = delete;
    Array& operator=(const Array&) = delete;

    Bucket* buckets() {
        return reinterpret_cast<Bucket*>(reinterpret_cast<std::byte*>(this) + k_header_bytes);
    }
    unsigned log2() const { return log2_; }
    std::size_t size() const { return std::size_t{1} << log2_; }
    Bucket* spares() { return buckets() + size(); }
    std::size_t spare_count() const { return count_ - size(); }

    void hold() { holders_.fetch_add(1, std::memory_order_relaxed); }
    bool held_once() const { return holders_.load(std::memory_order_acquire) == 1; }
    void let_go() {
        if (holders_.fetch_sub(1, std::memory_order_acq_rel) == 1) free();
    }

    /// A zeroed bucket from the heap, which the array owns once it is in one of its chains.
    static Bucket* make_overflow() {
        return static_cast<Bucket*>(memory::take_zeroed<Memory>(sizeof(Bucket), alignof(Bucket)));
    }
    static void release_overflow(Bucket* bucket) {
        Memory::release(bucket, sizeof(Bucket), alignof(Bucket));
    }
    void adopt_overflow() { ++heap_overflows_; }

    /// Gives the memory of the buckets below `index` back, a piece at a time: all at once took 3 ms
    /// for the 19 MB that a map of a million words leaves behind. Nobody may look at them any more.
    void discard_below(std::size_t index) {
        if constexpr (requires { Memory::discard(nullptr, 0); }) {
            if (index * sizeof(Bucket) < discarded_bytes_ + k_discarded_at_once) return;
            auto* begin = reinterpret_cast<std::byte*>(buckets()) + discarded_bytes_;
            Memory::discard(begin, k_discarded_at_once);
            discarded_bytes_ += k_discarded_at_once;
        }
    }
    /// Nothing is left in any cell; so freeing need not look.
    void set_spent() { spent_ = true; }

    /// Releases the overflow buckets of a chain that came from the heap.
    void cut_chain(Bucket* first) {
        Bucket* next = std::exchange(first->overflow, nullptr);
        while (next != nullptr) {
            Bucket* bucket = next;
            next = bucket->overflow;
            if (is_mine(bucket)) continue;
            release_overflow(bucket);
            --heap_overflows_;
        }
    }

    /// Destroys what is in the cells and marks all of them empty. Iterators may go on: they find
    /// nothing more.
    void empty_all() noexcept {
        for (Bucket* first = buckets(); first != spares(); ++first) {
            for (Bucket* b = first; b != nullptr; b = b->overflow) {
                for (std::size_t i = 0; i < k_cells; ++i) destroy_cell(b, i);
                std::memset(b->tags, k_empty_rest, k_cells);
            }
        }
    }
    /// As new. Nobody else may hold the array.
    void reset() noexcept {
        if constexpr (!k_trivial) empty_all();
        if (heap_overflows_ != 0) {
            for (Bucket* first = buckets(); first != spares(); ++first) cut_chain(first);
        }
        std::memset(static_cast<void*>(buckets()), 0, count_ * sizeof(Bucket));
    }

    /// Where the entry of a cell that iterators cannot look up has gone: into `next`.
    void forward(const std::uint8_t* tag, Cell<Bucket> to, Array* next) {
        if (forwarded_ == nullptr) forwarded_ = std::make_unique<Forwards>();
        (*forwarded_)[tag] = to;
        if (next_ != nullptr) return;
        next->hold();
        next_ = next;
    }
    Cell<Bucket> forwarded(const std::uint8_t* tag) const {
        const auto found = forwarded_->find(tag);
        return found == forwarded_->end() ? Cell<Bucket>{} : found->second;
    }
    Array* next() const { return next_; }

    std::size_t bytes() const {
        return k_header_bytes + (count_ + heap_overflows_) * sizeof(Bucket);
    }

   private:
    using Forwards = std::unordered_map<const std::uint8_t*, Cell<Bucket>>;
    using Key = std::remove_pointer_t<decltype(std::declval<Bucket&>().key(0))>;
    using Value = std::remove_pointer_t<decltype(std::declval<Bucket&>().value(0))>;
    static constexpr bool k_trivial =
        std::is_trivially_destructible_v<Key> && std::is_trivially_destructible_v<Value>;
    static constexpr std::size_t k_align = std::max(alignof(Bucket), alignof(std::max_align_t));
    static constexpr std::size_t k_discarded_at_once = std::size_t{256} << 10;
    static constexpr std::size_t k_header_bytes = std::max<std::size_t>(64, k_align);

    Array(unsigned log2, std::size_t count) : count_(count), log2_(log2) {
        static_assert(sizeof(Array) <= k_header_bytes);
    }
    ~Array() = default;

    bool is_mine(const Bucket* bucket) {
        return !std::less<>{}(bucket, buckets()) && std::less<>{}(bucket, buckets() + count_);
    }
    static void destroy_cell(Bucket* b, std::size_t i) noexcept {
        if constexpr (!k_trivial) {
            const std::uint8_t tag = b->tags[i];
            if (is_empty(tag) || tag == k_evacuated_empty) return;
            destroy(b->key(i));
            if (tag >= k_least_tag) destroy(b->value(i));
        }
    }
    [[gnu::noinline]] void free() noexcept {
        if (!k_trivial && !spent_) empty_all();
        if (heap_overflows_ != 0) {
            for (Bucket* first = buckets(); first != spares(); ++first) cut_chain(first);
        }
        if (next_ != nullptr) next_->let_go();
        const std::size_t bytes = k_header_bytes + count_ * sizeof(Bucket);
        this->~Array();
        Memory::release(this, bytes, k_align);
    }

    std::atomic<std::uint32_t> holders_{1};
    std::size_t count_;  // spares included
    std::size_t heap_overflows_ = 0;
    std::size_t discarded_bytes_ = 0;
    Array* next_ = nullptr;
    std::unique_ptr<Forwards> forwarded_;
    unsigned log2_;
    bool spent_ = false;
};

}  // namespace lab::go::bucket
