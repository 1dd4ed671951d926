// bucket_map: Go's map up to 1.23 in C++: buckets of eight cells that chain, grow and move bit by bit.
//
//   hash     [ tag | ...             | bucket ]
//   buckets  0 -> [tags|keys|values|*]--> [overflow bucket|-]
//            1 -> [tags|keys|values|-]
//   old      while growing: the array of before, whose buckets move on two a write
//
// A map doubles when an entry more would exceed 13/2 a bucket on average. It gets a new array of the
// same size when there are about as many overflow buckets as buckets: deletions left them sparse.
//
// Invariants  An entry is in the old array until its bucket there is evacuated, then in the new one;
//             a write first evacuates the bucket it goes to. See bucket_cells.hpp for the cells.
//             A failed operation (allocation, hash, comparison, copy) leaves the entries as they were.
// Costs       find: the bucket's tags, a key for every tag that matches, and nothing more in most
//             misses. insert: at most two chains moved, and once a doubling a new array.
// Gives up    Arguments that refer into a value of the map itself: it may move before they are read.
//             (A key of the map may be given.) Go's way with strings, by length before tag. Keys that
//             cannot be copied cost an allocation each.
// Rejected    Freeing old arrays at once: iterators still walk them, see bucket_array.hpp.
//             Leaving iterators a reference to the moved key, not a copy: its cell may be used anew.
// Threads     Any number of readers, iterators included, or one writer. Watch::on ends the program
//             when it happens to see more.
// Source      Go tree: src/runtime/map.go, map_fast64.go of 1.23.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <type_traits>
#include <utility>

#include "models/map/bucket_growth.hpp"
#include "models/map/bucket_iterator.hpp"
#include "models/map/bucket_policy.hpp"
#include "models/map/bucket_search.hpp"
#include "models/map/hash.hpp"
#include "models/map/statistics.hpp"
#include "models/map/writing.hpp"

namespace lab::go {

template <class K, class V, class Policy = bucket::tuned<>, class Hash = seeded_hash<K>,
          class Equal = std::equal_to<>, class Statistics = statistics::none>
class bucket_map {
    static_assert(std::is_nothrow_destructible_v<K> && std::is_nothrow_destructible_v<V>);

    template <class Q>
    static constexpr bool k_transparent =
        !std::is_same_v<Q, K> && requires { typename Hash::is_transparent; };

   public:
    using key_type = K;
    using mapped_type = V;
    using iterator = bucket::Iterator<bucket_map, false>;
    using const_iterator = bucket::Iterator<bucket_map, true>;

    bucket_map() : table_(bucket::LoadFactor{}) {}
    /// make(map[K]V, hint). A hint that is negative or beyond all memory is ignored, as in Go.
    explicit bucket_map(std::int64_t hint, bucket::LoadFactor load = {}) : table_(load) {
        table_.set_log2(table_.log2_for(hint));
        if (table_.log2 != 0) table_.use(Array::make(table_.log2));
    }
    /// Keeps the seed: entries are met in the order in which they are stored.
    bucket_map(const bucket_map& other)
        : bucket_map(static_cast<std::int64_t>(other.size()), other.table_.load) {
        table_.seed = other.table_.seed;
        table_.hasher = other.table_.hasher;
        table_.equal = other.table_.equal;
        for (auto it = other.begin_at(0, 0); it != end(); ++it) try_emplace((*it).key, (*it).value);
    }
    bucket_map(bucket_map&& other) noexcept : bucket_map() { swap(other); }
    bucket_map& operator=(const bucket_map& other) {
        if (this != &other) bucket_map(other).swap(*this);
        return *this;
    }
    bucket_map& operator=(bucket_map&& other) noexcept {
        bucket_map(std::move(other)).swap(*this);
        return *this;
    }
    ~bucket_map() = default;
    void swap(bucket_map& other) noexcept { table_.swap(other.table_); }
    friend void swap(bucket_map& a, bucket_map& b) noexcept { a.swap(b); }

    std::size_t size() const { return table_.count; }
    bool empty() const { return table_.count == 0; }

    V* find(const K& key) { return value_of(lookup(key)); }
    const V* find(const K& key) const { return value_of(lookup(key)); }
    bool contains(const K& key) const { return static_cast<bool>(lookup(key)); }
    /// By anything that hashes and compares as the key does, such as a string_view.
    template <class Q>
        requires k_transparent<Q>
    V* find(const Q& key) {
        return value_of(lookup(key));
    }

    V& operator[](const K& key) {
        const Placed placed = place(key);
        update_key(placed, key);
        return placed.cell.value()->get();
    }
    V& operator[](K&& key) {
        if constexpr (k_assignment_updates_key<K>) return (*this)[std::as_const(key)];
        return place(std::move(key)).cell.value()->get();
    }

    /// The value, and whether the key is new. Where it is new and anything throws, nothing changes.
    template <class W>
    std::pair<V*, bool> insert_or_assign(const K& key, W&& value) {
        const Placed placed = place(key, std::forward<W>(value));
        if (placed.made) return {value_of(placed.cell), true};
        placed.cell.value()->get() = std::forward<W>(value);
        update_key(placed, key);
        return {value_of(placed.cell), false};
    }
    template <class W>
    std::pair<V*, bool> insert_or_assign(K&& key, W&& value) {
        if constexpr (k_assignment_updates_key<K>)
            return insert_or_assign(std::as_const(key), std::forward<W>(value));
        const Placed placed = place(std::move(key), std::forward<W>(value));
        if (!placed.made) placed.cell.value()->get() = std::forward<W>(value);
        return {value_of(placed.cell), placed.made};
    }
    /// The same, but an entry that exists stays as it is, and the arguments too.
    template <class... Args>
    std::pair<V*, bool> try_emplace(const K& key, Args&&... args) {
        const Placed placed = place(key, std::forward<Args>(args)...);
        return {value_of(placed.cell), placed.made};
    }
    template <class... Args>
    std::pair<V*, bool> try_emplace(K&& key, Args&&... args) {
        const Placed placed = place(std::move(key), std::forward<Args>(args)...);
        return {value_of(placed.cell), placed.made};
    }

    /// Whether there was such an entry. A map that becomes empty draws a new seed.
    bool erase(const K& key) {
        writing_.check_write();
        if (empty()) return false;
        if constexpr (k_copied_first) return erase_hashed(table_.hash(key), K(key));
        return erase_hashed(table_.hash(key), key);
    }

    /// Keeps the array for the next entries, unless iterators are in it: these find nothing more.
    void clear() {
        writing_.check_write();
        if (empty()) return;
        const typename Writing::Scope scope(writing_);
        table_.clear();
    }

    /// Go's iteration: starts anywhere, and the map may change meanwhile; see bucket_iterator.hpp.
    iterator begin() { return begin_anywhere<iterator>(); }
    const_iterator begin() const { return begin_anywhere<const_iterator>(); }
    std::default_sentinel_t end() const { return {}; }
    /// As begin(), but from a given bucket and cell: for comparisons with Go.
    const_iterator begin_at(std::size_t bucket, std::size_t cell) const {
        return const_iterator(this, bucket, cell);
    }
    template <class Visit>
    void for_each(Visit visit) {
        for (auto [key, value] : *this) visit(key, value);
    }
    template <class Visit>
    void for_each(Visit visit) const {
        for (auto [key, value] : *this) visit(key, value);
    }

    /// All that the map holds, itself included; not what only iterators still hold.
    std::size_t memory_bytes() const {
        return sizeof *this + table_.bytes() +
               size() * (bucket::k_bytes_apart<typename Table::Key> +
                         bucket::k_bytes_apart<typename Table::Value>);
    }
    Statistics& statistics() { return statistics_; }

    /// What the header of Go's map says, for comparisons with it.
    struct Header {
        std::size_t count = 0;
        unsigned log2 = 0;            // B: there are 2^log2 buckets
        std::uint32_t overflows = 0;  // noverflow: in the new array; an estimate from 2^16 on
        bool growing = false;
        bool same_size = false;
        std::size_t evacuated = 0;  // nevacuate: old buckets below have moved
        bool operator==(const Header&) const = default;
    };
    Header header() const {
        return {table_.count,          table_.log2,      table_.overflows,
                table_.old != nullptr, table_.same_size, table_.evacuated};
    }
    /// Overflow buckets that came with the array and are not yet in a chain.
    std::size_t spare_buckets() const { return table_.spares; }

   private:
    template <class Map, bool Const>
    friend class bucket::Iterator;

    using Table = bucket::Growing<K, V, Policy, Hash, Equal>;
    using Bucket = typename Table::Bucket;
    using Cell = typename Table::Cell;
    using Array = typename Table::Array;
    using Writing = WriteFlag<Policy::k_watch>;
    static constexpr Matching k_matching = Policy::k_matching;
    static constexpr bool k_one_by_one = Policy::k_search == bucket::Search::one_by_one;
    static constexpr bool k_direct = k_one_by_one && bucket::k_compared_directly<K, Equal>;
    using Searcher = bucket::Searcher<Policy, k_direct, Equal, Statistics>;
    /// A key given may be one of the map's own, which moves: it is copied or looked up first.
    static constexpr bool k_copied_first = std::is_trivially_copyable_v<K>;

    struct Placed {
        Cell cell;
        bool made;
    };

    Searcher searcher() const { return {table_.equal, statistics_}; }

    template <class Q>
    Cell lookup(const Q& key) const {
        writing_.check_read();
        if (empty()) return {};
        if constexpr (k_direct) {
            if (table_.log2 == 0) return searcher().find(table_.buckets, 0, key);
        }
        return locate(key, table_.hash(key));
    }
    template <class Q>
    Cell locate(const Q& key, std::uint64_t hashed) const {
        Bucket* b = table_.buckets + (hashed & table_.mask);
        if (table_.old != nullptr) [[unlikely]] {
            const std::size_t before = hashed & (table_.old->size() - 1);
            if (!table_.moved(before)) b = table_.old->buckets() + before;
        }
        return searcher().find(b, bucket::tag_of(hashed), key);
    }
    static V* value_of(Cell cell) { return cell ? &cell.value()->get() : nullptr; }

    template <class Q, class... Args>
    Placed place(Q&& key, Args&&... args) {
        writing_.check_write();
        const std::uint64_t hashed = table_.hash(key);
        const typename Writing::Scope scope(writing_);
        if constexpr (k_copied_first) {
            return place_hashed(hashed, K(key), std::forward<Args>(args)...);
        } else {
            return place_hashed(hashed, std::forward<Q>(key), std::forward<Args>(args)...);
        }
    }

    template <class Q, class... Args>
    Placed place_hashed(std::uint64_t hashed, Q&& key, Args&&... args) {
        if (table_.array == nullptr) table_.use(Array::make(table_.log2));
        for (;;) {
            if (table_.old != nullptr) [[unlikely]] {
                Cell mine;
                if constexpr (!k_copied_first) mine = locate(key, hashed);
                table_.work(hashed & table_.mask, &mine);
                if (mine) return {mine, false};
            }
            Bucket* first = table_.buckets + (hashed & table_.mask);
            const std::uint8_t tag = bucket::tag_of(hashed);
            if (const Cell found = searcher().find(first, tag, key)) return {found, false};
            if (table_.must_grow()) [[unlikely]] {
                table_.start_growth();
                continue;
            }
            const auto [free, last] = Searcher::first_free(first);
            const Cell cell = free ? free : Cell{table_.append_overflow(last), 0};
            fill(cell, std::forward<Q>(key), std::forward<Args>(args)...);
            cell.tag() = tag;
            ++table_.count;
            return {cell, true};
        }
    }

    template <class Q, class... Args>
    static void fill(Cell cell, Q&& key, Args&&... args) {
        bucket::construct(cell.key(), std::in_place, std::forward<Q>(key));
        try {
            bucket::construct(cell.value(), std::in_place, std::forward<Args>(args)...);
        } catch (...) {
            bucket::destroy(cell.key());
            throw;
        }
    }

    static void update_key(Placed placed, const K& key) {
        if constexpr (k_assignment_updates_key<K>) placed.cell.key()->get() = key;
    }

    bool erase_hashed(std::uint64_t hashed, const K& key) {
        const typename Writing::Scope scope(writing_);
        Cell found;
        if (table_.old != nullptr) [[unlikely]] {
            found = locate(key, hashed);
            table_.work(hashed & table_.mask, &found);
        } else {
            found = locate(key, hashed);
        }
        if (!found) return false;
        bucket::destroy(found.key());
        bucket::destroy(found.value());
        found.tag() = bucket::k_empty_one;
        bucket::mark_rest(table_.buckets + (hashed & table_.mask), found);
        if (--table_.count == 0) table_.seed = hashing::fresh_seed();
        return true;
    }

    template <class It>
    It begin_anywhere() const {
        const std::uint64_t random = hashing::fresh_seed();
        return It(this, random, random >> table_.log2);
    }

    Table table_;
    [[no_unique_address]] Writing writing_;
    [[no_unique_address]] mutable Statistics statistics_;
};

}  // namespace lab::go
