// bucket_cells: how a bucket keeps keys and values, and the bucket itself.
//
//   bucket   [ 8 tags | 8 keys | 8 values | overflow ]--> the next bucket of the chain
//   tag      the top byte of the hash, from 5 up; below 5 the state of the cell
//
// Keys and values are kept in place, but apart where they are large (over 128 bytes, as in Go) or
// where nothing else lets a map move them: Boxed owns its object, and a copy of it copies the object;
// Shared is counted, so that keys that cannot be copied can be left behind for iterators.
//
// Invariants  Behind a cell with k_empty_rest the chain has no entry, so the last tag of a bucket
//             tells whether the chain may go on. All or none of a chain's tags are evacuated ones.
//             A stored key can be copied; a stored value moved without throwing, or copied.
// Costs       A value without members takes no room, as in Go.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "models/map/memory.hpp"

namespace lab::go::bucket {

inline constexpr std::size_t k_cells = 8;
inline constexpr std::size_t k_largest_in_place = 128;

// States of a cell, in place of a tag.
inline constexpr std::uint8_t k_empty_rest = 0;       // as are all cells behind it
inline constexpr std::uint8_t k_empty_one = 1;
inline constexpr std::uint8_t k_evacuated_low = 2;    // moved to the bucket of the same number
inline constexpr std::uint8_t k_evacuated_high = 3;   // moved to its twin in the upper half
inline constexpr std::uint8_t k_evacuated_empty = 4;  // moved, or empty when the chain was moved
inline constexpr std::uint8_t k_least_tag = 5;

constexpr std::uint8_t tag_of(std::uint64_t hash) {
    const auto top = static_cast<std::uint8_t>(hash >> 56);
    return top < k_least_tag ? static_cast<std::uint8_t>(top + k_least_tag) : top;
}
constexpr bool is_empty(std::uint8_t tag) { return tag <= k_empty_one; }
constexpr bool is_evacuated(std::uint8_t tag) {
    return tag > k_empty_one && tag < k_least_tag;
}

/// Types of which every value equals itself, as floats do not. Others are asked, by comparing.
template <class K>
inline constexpr bool k_reflexive =
    std::is_integral_v<K> || std::is_enum_v<K> || std::is_pointer_v<K> ||
    std::is_same_v<K, std::string> || std::is_same_v<K, std::string_view> ||
    std::has_unique_object_representations_v<K>;

template <class T>
class InPlace {
   public:
    template <class... Args>
    explicit InPlace(std::in_place_t, Args&&... args) : object_(std::forward<Args>(args)...) {}
    T& get() { return object_; }
    const T& get() const { return object_; }

   private:
    [[no_unique_address]] T object_;
};

template <class T, class Memory>
class Boxed {
   public:
    static constexpr std::size_t k_bytes = sizeof(T);

    template <class... Args>
    explicit Boxed(std::in_place_t, Args&&... args) : object_(make(std::forward<Args>(args)...)) {}
    Boxed(const Boxed& other) : object_(make(other.get())) {}
    Boxed(Boxed&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
    Boxed& operator=(Boxed other) noexcept {
        std::swap(object_, other.object_);
        return *this;
    }
    ~Boxed() {
        if (object_ == nullptr) return;
        std::destroy_at(object_);
        Memory::release(object_, sizeof(T), alignof(T));
    }
    T& get() { return *object_; }
    const T& get() const { return *object_; }

   private:
    template <class... Args>
    static T* make(Args&&... args) {
        void* block = memory::take<Memory>(sizeof(T), alignof(T));
        try {
            return std::construct_at(static_cast<T*>(block), std::forward<Args>(args)...);
        } catch (...) {
            Memory::release(block, sizeof(T), alignof(T));
            throw;
        }
    }

    T* object_;
};

template <class T, class Memory>
class Shared {
    struct Node {
        template <class... Args>
        explicit Node(std::in_place_t, Args&&... args) : object(std::forward<Args>(args)...) {}
        std::atomic<std::size_t> owners{1};  // iterators of reading threads drop theirs
        T object;
    };

   public:
    static constexpr std::size_t k_bytes = sizeof(Node);

    template <class... Args>
    explicit Shared(std::in_place_t, Args&&... args) {
        void* block = memory::take<Memory>(sizeof(Node), alignof(Node));
        try {
            node_ = std::construct_at(static_cast<Node*>(block), std::in_place,
                                      std::forward<Args>(args)...);
        } catch (...) {
            Memory::release(block, sizeof(Node), alignof(Node));
            throw;
        }
    }
    Shared(const Shared& other) noexcept : node_(other.node_) {
        node_->owners.fetch_add(1, std::memory_order_relaxed);
    }
    Shared(Shared&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
    Shared& operator=(Shared other) noexcept {
        std::swap(node_, other.node_);
        return *this;
    }
    ~Shared() {
        if (node_ == nullptr || node_->owners.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
        std::destroy_at(node_);
        Memory::release(node_, sizeof(Node), alignof(Node));
    }
    T& get() { return node_->object; }
    const T& get() const { return node_->object; }

   private:
    Node* node_;
};

template <class T>
inline constexpr bool k_fits = sizeof(T) <= k_largest_in_place;

template <class K, class Memory>
using StoredKey = std::conditional_t<
    !std::is_copy_constructible_v<K>, Shared<K, Memory>,
    std::conditional_t<k_fits<K>, InPlace<K>, Boxed<K, Memory>>>;

template <class V, class Memory>
using StoredValue = std::conditional_t<
    k_fits<V> && (std::is_nothrow_move_constructible_v<V> || std::is_copy_constructible_v<V>),
    InPlace<V>, Boxed<V, Memory>>;

/// The bytes that an entry takes outside its bucket.
template <class Stored>
inline constexpr std::size_t k_bytes_apart = [] {
    if constexpr (requires { Stored::k_bytes; }) return Stored::k_bytes;
    else return std::size_t{0};
}();

/// A value without members: all of them are one, and none takes room.
template <class Stored>
inline constexpr bool k_sizeless =
    std::is_empty_v<Stored> && std::is_trivially_copyable_v<Stored> &&
    std::is_constructible_v<Stored, std::in_place_t>;

/// Room for the keys or values of a bucket; what lives there, the tags say.
template <class Stored>
class Cells {
   public:
    Stored* at(std::size_t i) { return reinterpret_cast<Stored*>(bytes_) + i; }

   private:
    alignas(Stored) std::byte bytes_[k_cells * sizeof(Stored)];
};

template <class Stored>
    requires k_sizeless<Stored>
class Cells<Stored> {
   public:
    static Stored* at(std::size_t) { return &nothing_; }

   private:
    static inline Stored nothing_{std::in_place};
};

template <class Stored, class... Args>
void construct(Stored* at, Args&&... args) {
    if constexpr (!k_sizeless<Stored>) std::construct_at(at, std::forward<Args>(args)...);
}

template <class Stored>
void destroy(Stored* at) noexcept {
    if constexpr (!std::is_trivially_destructible_v<Stored>) std::destroy_at(at);
}

template <class Key, class Value>
struct Bucket {
    std::uint8_t tags[k_cells];
    Cells<Key> keys;
    [[no_unique_address]] Cells<Value> values;
    Bucket* overflow;

    Key* key(std::size_t i) { return keys.at(i); }
    Value* value(std::size_t i) { return values.at(i); }
    /// The bucket where the chain goes on, or none. Whether there is one is a guess for the processor
    /// in one of five misses, whether the last tag is set in one of four: one is asked mostly.
    Bucket* next() const {
        return overflow == nullptr || tags[k_cells - 1] == k_empty_rest ? nullptr : overflow;
    }
    bool evacuated() const { return is_evacuated(tags[0]); }
};

/// One cell of a chain.
template <class Bucket>
struct Cell {
    Bucket* bucket = nullptr;
    std::size_t i = 0;

    explicit operator bool() const { return bucket != nullptr; }
    std::uint8_t& tag() const { return bucket->tags[i]; }
    auto* key() const { return bucket->key(i); }
    auto* value() const { return bucket->value(i); }
};

/// After `emptied` became k_empty_one: it and the cells before it become k_empty_rest where nothing
/// follows in the chain that starts with `first`.
template <class Bucket>
void mark_rest(Bucket* first, Cell<Bucket> emptied) {
    auto [b, i] = emptied;
    if (i == k_cells - 1) {
        if (b->overflow != nullptr && b->overflow->tags[0] != k_empty_rest) return;
    } else if (b->tags[i + 1] != k_empty_rest) {
        return;
    }
    while (b->tags[i] == k_empty_one) {
        b->tags[i] = k_empty_rest;
        if (i != 0) {
            --i;
        } else if (b == first) {
            return;
        } else {
            Bucket* before = first;
            while (before->overflow != b) before = before->overflow;
            b = before;
            i = k_cells - 1;
        }
    }
}

}  // namespace lab::go::bucket
