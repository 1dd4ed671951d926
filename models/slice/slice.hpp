// slice: Go's slice in C++, with the growth rule and the source of memory as parameters.
//
//   s            [ptr|len 3|cap 8|-]             one handle: it owns its array, as std::vector does
//                  |
//   array         a b c . . . . .                elements [0, len) live
//
//   t = s.sub(1, 2)   s [ptr|len 3|cap 8|*]--> count 2 <--[ptr|len 1|cap 7|*] t
//                         |                                 |
//                         a b c 0 0 0 0 0   <---------------+   all cap elements live
//
// A handle that was never shared has no count: append is compare, store, increment, and growing may
// free or move the array. The first share() or sub() makes the count and gives the unused tail its
// zero value, because from then on others can look at it (Go clears the tail at every growth). From
// then on every handle writes into the same elements; whoever appends beyond its own capacity gets
// an array of its own, and the last handle of the old one frees it.
//
// Invariants  len <= cap. Without a count: ptr is null or the start of an array of exactly cap
//             elements, of which [0, len) live. With a count: all elements of the array live, and
//             [ptr, ptr + cap) lies in it. A failed append changes no slice.
// Costs       append: one compare and one store; growth out of line, by value, so that pointer,
//             length and capacity stay in registers. Sharing: one small allocation an array.
//             Trivially copyable elements are copied and moved as bytes.
// Gives up    Bounds checks on [] in builds with NDEBUG: at() has them. An array that once was
//             shared is never grown in place, even when one handle is left.
// Rejected    Copying a handle by `=`: sharing changes the source, so it is spelled out.
//             A view beside an owner: append would have two result types, and growing the owner
//             would leave views behind that dangle, where Go keeps the old array.
//             A count in front of the elements: it moves every array off its size class.
// Threads     A handle belongs to one thread at a time, as std::vector; handles of one array may
//             live and die in different threads. Writes to shared elements are the caller's to
//             order.
#pragma once

#include <algorithm>
#include <atomic>
#include <cassert>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <memory>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include "models/slice/growth.hpp"
#include "models/slice/memory.hpp"

namespace lab::go {

/// Elements that slices may share: like every Go type they can be copied and have a zero value.
template <class T>
concept Shareable = std::copyable<T> && std::default_initializable<T>;

/// C++ gives every object a size; a type without members is what Go calls a type of size zero.
template <class T>
concept Sizeless =
    std::is_empty_v<T> && std::is_trivially_copyable_v<T> && std::default_initializable<T>;

template <class T, class Growth = growth::go1_18, class Memory = memory::copying>
class slice {
    static_assert(std::is_object_v<T> && !std::is_const_v<T> && std::is_nothrow_destructible_v<T>);

   public:
    using value_type = T;

    slice() = default;
    explicit slice(Growth growth) : growth_(growth) {}
    slice(std::initializer_list<T> values) { append_all(values); }
    slice(slice&& other) noexcept { swap(other); }
    slice& operator=(slice&& other) noexcept {
        slice(std::move(other)).swap(*this);
        return *this;
    }
    // Inlined even where a compiler finds it cold: a call would make the slice's address escape.
    [[gnu::always_inline]] ~slice() { drop(); }

    /// make([]T, len, cap): `len` zero values, and room for `cap`. Throws std::length_error with
    /// Go's text, or std::bad_alloc.
    static slice make(std::size_t len, std::size_t cap, Growth growth = {}) {
        slice made(growth);
        check_make(len, cap);
        if constexpr (Sizeless<T>) {
            made.len_ = len;
            made.cap_ = cap;
        } else if (cap != 0) {
            made.data_ = allocate(cap);
            made.cap_ = cap;
            if (len != 0) std::uninitialized_value_construct_n(made.data_, len);
            made.len_ = len;
        }
        return made;
    }
    static slice make(std::size_t len) { return make(len, len); }

    std::size_t size() const { return len_; }
    std::size_t capacity() const { return cap_; }
    bool empty() const { return len_ == 0; }

    T* data() { return data_; }
    const T* data() const { return data_; }
    T* begin() requires(!Sizeless<T>) { return data_; }
    T* end() requires(!Sizeless<T>) { return data_ + len_; }
    const T* begin() const requires(!Sizeless<T>) { return data_; }
    const T* end() const requires(!Sizeless<T>) { return data_ + len_; }

    T& operator[](std::size_t i) { return *address(i); }
    const T& operator[](std::size_t i) const { return *address(i); }

    /// Throws std::out_of_range with Go's text.
    T& at(std::size_t i) {
        check_index(i);
        return *address(i);
    }
    const T& at(std::size_t i) const {
        check_index(i);
        return *address(i);
    }

    /// s = append(s, value). The value is read before anything changes. Throws std::length_error
    /// with Go's text or std::bad_alloc, and then nothing has changed (elements whose move throws
    /// and that cannot be copied excepted, as with std::vector).
    void append(T value) {
        if constexpr (Sizeless<T>) {
            ++len_;
            cap_ = std::max(cap_, len_);
        } else {
            if (len_ == cap_) [[unlikely]] {
                if constexpr (k_as_bytes) {
                    take(enlarge(data_, len_, cap_, shared_, len_ + 1, growth_));
                } else {
                    grow_with(len_ + 1, [&](T* at) { std::construct_at(at, std::move(value)); });
                    return;
                }
            }
            put(data_ + len_, std::move(value));
            ++len_;
        }
    }

    /// s = append(s, values...). The values may be part of the same array: they are taken as they
    /// were before. Throws as append of one does; assigning to shared elements that throws may
    /// leave elements behind the length changed.
    void append_all(std::span<const T> values) requires std::copy_constructible<T> {
        const std::size_t count = values.size();
        if (count == 0) return;
        if (count > std::numeric_limits<std::size_t>::max() / 2 - len_)
            throw std::length_error(growth::k_len_out_of_range);
        if constexpr (Sizeless<T>) {
            len_ += count;
            cap_ = std::max(cap_, len_);
        } else if constexpr (k_as_bytes) {
            append_bytes(values);
        } else {
            append_objects(values);
        }
    }

    /// t = s: another handle on the same elements.
    slice share() requires Shareable<T> { return view(0, len_, cap_); }

    /// s[from:to]. Throws std::out_of_range with Go's text.
    slice sub(std::size_t from, std::size_t to) requires Shareable<T> {
        if (to > cap_) bad_bounds("[:" + std::to_string(to) + "]", cap_);
        if (from > to) bad_bounds("[" + std::to_string(from) + ":" + std::to_string(to) + "]");
        return view(from, to, cap_);
    }

    /// s[from:to:limit]: the capacity ends at `limit`.
    slice sub(std::size_t from, std::size_t to, std::size_t limit) requires Shareable<T> {
        if (limit > cap_) bad_bounds("[::" + std::to_string(limit) + "]", cap_);
        if (to > limit) bad_bounds("[:" + std::to_string(to) + ":" + std::to_string(limit) + "]");
        if (from > to) bad_bounds("[" + std::to_string(from) + ":" + std::to_string(to) + ":]");
        return view(from, to, limit);
    }

    /// copy(s, from): as many as both have, correct also when they overlap. Returns how many.
    std::size_t copy(std::span<const T> from) requires std::copyable<T> {
        const std::size_t count = std::min(len_, from.size());
        if constexpr (!Sizeless<T>) assign_overlapping(data_, from.first(count));
        return count;
    }

    void swap(slice& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(len_, other.len_);
        std::swap(cap_, other.cap_);
        std::swap(shared_, other.shared_);
        std::swap(growth_, other.growth_);
    }

   private:
    static constexpr bool k_as_bytes = std::is_trivially_copyable_v<T>;

    struct Shared {
        std::atomic<std::size_t> handles;
        T* base;
        std::size_t cap;
    };
    struct Array {
        T* data;
        std::size_t cap;
    };

    T* address(std::size_t i) const {
        assert(i < len_);
        if constexpr (Sizeless<T>) {
            static T only{};
            return &only;
        } else {
            return data_ + i;
        }
    }

    static void check_make(std::size_t len, std::size_t cap) {
        const std::size_t most = Sizeless<T> ? std::numeric_limits<std::size_t>::max() / 2
                                             : k_max_alloc_bytes / sizeof(T);
        if (len > most) throw std::length_error("makeslice: len out of range");
        if (cap > most || len > cap) throw std::length_error("makeslice: cap out of range");
    }
    void check_index(std::size_t i) const {
        if (i >= len_)
            throw std::out_of_range("index out of range [" + std::to_string(i) + "] with length " +
                                    std::to_string(len_));
    }
    [[noreturn]] static void bad_bounds(const std::string& bounds) {
        throw std::out_of_range("slice bounds out of range " + bounds);
    }
    [[noreturn]] static void bad_bounds(const std::string& bounds, std::size_t cap) {
        bad_bounds(bounds + " with capacity " + std::to_string(cap));
    }

    static T* allocate(std::size_t cap) {
        void* fresh = Memory::allocate(cap * sizeof(T), alignof(T));
        if (fresh == nullptr) throw std::bad_alloc();
        return static_cast<T*>(fresh);
    }

    [[gnu::noinline]] static void leave(Shared* shared) noexcept {
        if (shared->handles.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
        std::destroy_n(shared->base, shared->cap);
        Memory::release(shared->base, shared->cap * sizeof(T), alignof(T));
        delete shared;
    }

    [[gnu::always_inline]] void drop() noexcept {
        if (shared_ != nullptr) {
            leave(shared_);
        } else if (data_ != nullptr) {
            std::destroy_n(data_, len_);
            Memory::release(data_, cap_ * sizeof(T), alignof(T));
        }
    }

    void take(Array array) {
        data_ = array.data;
        cap_ = array.cap;
        shared_ = nullptr;
    }

    // Takes and returns values, not the slice: a slice whose address escaped could not live in
    // registers, and every append would store its length.
    [[gnu::noinline]] static Array enlarge(T* data, std::size_t len, std::size_t cap,
                                           Shared* shared, std::size_t needed, Growth growth)
        requires k_as_bytes {
        const std::size_t next = growth.next(cap, needed, sizeof(T));
        if (shared == nullptr && data != nullptr) {
            void* fresh =
                Memory::grow(data, cap * sizeof(T), len * sizeof(T), next * sizeof(T), alignof(T));
            if (fresh == nullptr) throw std::bad_alloc();
            return {static_cast<T*>(fresh), next};
        }
        T* fresh = allocate(next);
        if (len != 0) std::memcpy(static_cast<void*>(fresh), data, len * sizeof(T));
        if (shared != nullptr) leave(shared);
        return {fresh, next};
    }

    // Moves to a larger array in which build(p) has made elements [len, needed) at p; build cleans
    // up after itself when it throws. Nothing of this slice changes before nothing can throw.
    template <class Build>
    [[gnu::noinline]] void grow_with(std::size_t needed, Build build) {
        const std::size_t next = growth_.next(cap_, needed, sizeof(T));
        T* fresh = allocate(next);
        std::size_t built = 0;
        try {
            build(fresh + len_);
            built = needed - len_;
            if constexpr (std::is_copy_constructible_v<T>) {
                if (shared_ != nullptr || !std::is_nothrow_move_constructible_v<T>) {
                    std::uninitialized_copy_n(data_, len_, fresh);
                } else {
                    std::uninitialized_move_n(data_, len_, fresh);
                }
            } else {
                std::uninitialized_move_n(data_, len_, fresh);
            }
        } catch (...) {
            std::destroy_n(fresh + len_, built);
            Memory::release(fresh, next * sizeof(T), alignof(T));
            throw;
        }
        drop();
        take({fresh, next});
        len_ = needed;
    }

    void put(T* at, T&& value) {
        if constexpr (std::is_move_assignable_v<T>) {
            if (!k_as_bytes && shared_ != nullptr) {
                *at = std::move(value);
                return;
            }
        }
        std::construct_at(at, std::move(value));
    }

    void append_bytes(std::span<const T> values) {
        const std::size_t needed = len_ + values.size();
        const T* from = values.data();
        if (needed > cap_) {
            // An array that only this slice holds is gone after growing, and the values with it.
            const bool inside = shared_ == nullptr && data_ != nullptr &&
                                !std::less<>{}(from, data_) && std::less<>{}(from, data_ + len_);
            const std::size_t offset = inside ? static_cast<std::size_t>(from - data_) : 0;
            const Guest keep(shared_);
            take(enlarge(data_, len_, cap_, shared_, needed, growth_));
            if (inside) from = data_ + offset;
            std::memcpy(static_cast<void*>(data_ + len_), from, values.size_bytes());
        } else {
            std::memmove(static_cast<void*>(data_ + len_), from, values.size_bytes());
        }
        len_ = needed;
    }

    void append_objects(std::span<const T> values) {
        const std::size_t needed = len_ + values.size();
        if (needed > cap_) {
            grow_with(needed,
                      [&](T* at) { std::uninitialized_copy_n(values.data(), values.size(), at); });
            return;
        }
        if constexpr (std::is_copy_assignable_v<T>) {
            if (shared_ != nullptr) {
                assign_overlapping(data_ + len_, values);
                len_ = needed;
                return;
            }
        }
        std::uninitialized_copy_n(values.data(), values.size(), data_ + len_);
        len_ = needed;
    }

    static void assign_overlapping(T* to, std::span<const T> from) {
        if (from.empty() || to == from.data()) return;
        if constexpr (k_as_bytes) {
            std::memmove(static_cast<void*>(to), from.data(), from.size_bytes());
        } else if (std::less<const T*>{}(from.data(), to)) {
            std::copy_backward(from.begin(), from.end(), to + from.size());
        } else {
            std::copy(from.begin(), from.end(), to);
        }
    }

    // Keeps a shared array alive while something is read from it.
    class Guest {
       public:
        explicit Guest(Shared* shared) : shared_(shared) {
            if (shared_ != nullptr) shared_->handles.fetch_add(1, std::memory_order_relaxed);
        }
        Guest(const Guest&) = delete;
        Guest& operator=(const Guest&) = delete;
        ~Guest() {
            if (shared_ != nullptr) leave(shared_);
        }

       private:
        Shared* shared_;
    };

    void become_shared() {
        if (shared_ != nullptr || data_ == nullptr) return;
        auto shared = std::make_unique<Shared>(1, data_, cap_);
        std::uninitialized_value_construct_n(data_ + len_, cap_ - len_);
        shared_ = shared.release();
    }

    slice view(std::size_t from, std::size_t to, std::size_t limit) {
        become_shared();
        slice made(growth_);
        made.data_ = data_ == nullptr ? nullptr : data_ + from;
        made.len_ = to - from;
        made.cap_ = limit - from;
        made.shared_ = shared_;
        if (shared_ != nullptr) shared_->handles.fetch_add(1, std::memory_order_relaxed);
        return made;
    }

    T* data_ = nullptr;
    std::size_t len_ = 0;
    std::size_t cap_ = 0;
    Shared* shared_ = nullptr;
    [[no_unique_address]] Growth growth_{};
};

}  // namespace lab::go
