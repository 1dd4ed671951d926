// bucket_growth: the arrays of a bucket map, and how entries move from one to the next.
//
//   old      [ moved | moved | a chain  | a chain ]     each write moves the chain it needs and the
//                                |   \                  first that has not moved
//   array    [       |       | (low) |     | (high) ]   its entries go to two buckets by one bit of
//                                                       the hash; to one, where the size is the same
//
// Two ways to move a chain. Where nothing can throw and nobody else is in the old array, entries are
// moved as they are met. Else in three steps: all hashes, all copies (both may throw, and are undone),
// all moves; keys that iterators may still come to are copied and left behind.
//
// Invariants  A chain is moved as a whole or not at all. Entries keep their order, so layout and
//             number of overflow buckets equal Go's for equal hashes.
// Costs       A chain of c buckets needs at most c - 1 overflow buckets in the new array; they are
//             reserved before anything moves, and for most chains that is none.
// Source      Go tree: src/runtime/map.go (hashGrow, growWork, evacuate) of 1.23.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>
#include <vector>

#include "models/map/bucket_array.hpp"
#include "models/map/bucket_cells.hpp"
#include "models/map/bucket_policy.hpp"
#include "models/map/hash.hpp"

namespace lab::go::bucket {

template <class K, class V, class Policy, class Hash, class Equal>
struct Growing {
    using Memory = typename Policy::Memory;
    using Key = StoredKey<K, Memory>;
    using Value = StoredValue<V, Memory>;
    using Bucket = bucket::Bucket<Key, Value>;
    using Cell = bucket::Cell<Bucket>;
    using Array = bucket::Array<Bucket, Memory>;

    template <class Q>
    static constexpr bool k_seeded = std::is_invocable_v<const Hash&, const Q&, std::uint64_t>;

    Bucket* buckets = nullptr;  // of array
    std::size_t mask = 0;
    std::size_t count = 0;
    Array* old = nullptr;  // while growing
    std::uint64_t seed = hashing::fresh_seed();
    std::size_t limit = LoadFactor{}.limit(0);
    Array* array = nullptr;  // null before the first entry, and after a clear() during iteration
    Bucket* spare = nullptr;
    std::size_t spares = 0;
    Bucket* reserved = nullptr;  // from the heap, so that moving a chain cannot fail
    std::size_t reserved_count = 0;
    std::size_t evacuated = 0;    // old buckets below have moved
    std::uint32_t overflows = 0;  // in array; from 2^16 buckets on an estimate
    std::uint8_t log2 = 0;        // there are 2^log2 buckets
    bool same_size = false;
    bool left_some = false;  // keys in the old array, for iterators
    LoadFactor load;
    [[no_unique_address]] Hash hasher;
    [[no_unique_address]] Equal equal;

    explicit Growing(LoadFactor factor) : limit(factor.limit(0)), load(factor) {}
    Growing(const Growing&) = delete;
    Growing& operator=(const Growing&) = delete;
    ~Growing() {
        drop_arrays();
        while (reserved != nullptr) Array::release_overflow(take_reserved());
    }

    template <class Q>
    std::uint64_t hash(const Q& key) const {
        if constexpr (k_seeded<Q>) {
            return hasher(key, seed);
        } else {
            return hasher(key);
        }
    }

    /// The smallest number of buckets that takes `hint` entries; a hint beyond all memory is none.
    unsigned log2_for(std::int64_t hint) const {
        if (hint < 0 || static_cast<std::uint64_t>(hint) > k_most_bytes / sizeof(Bucket)) return 0;
        unsigned wanted = 0;
        while (static_cast<std::size_t>(hint) > load.limit(wanted)) ++wanted;
        return wanted;
    }
    void set_log2(unsigned to) {
        log2 = static_cast<std::uint8_t>(to);
        mask = (std::size_t{1} << to) - 1;
        limit = load.limit(to);
    }
    void use(Array* fresh) {
        array = fresh;
        buckets = fresh->buckets();
        spare = fresh->spares();
        spares = fresh->spare_count();
        overflows = 0;
    }

    /// Whether an old bucket has moved. The memory of those below the mark may be gone.
    bool moved(std::size_t index) const {
        return index < evacuated || old->buckets()[index].evacuated();
    }

    bool must_grow() const {
        return old == nullptr && (count >= limit || overflows >= load.too_many_overflows(log2));
    }
    void start_growth() {
        const bool bigger = count >= limit;
        Array* fresh = Array::make(log2 + bigger);
        old = array;
        same_size = !bigger;
        left_some = false;
        evacuated = 0;
        set_log2(log2 + bigger);
        use(fresh);
        if constexpr (!Policy::k_incremental) {
            while (old != nullptr) evacuate(evacuated, nullptr);
        }
    }

    /// Before a write to `bucket` while growing. `track` is a cell, or none; if it moves, it says
    /// where to. Throws what hash and copies throw, or std::bad_alloc; chains move whole or not.
    [[gnu::noinline]] void work(std::size_t bucket, Cell* track) {
        evacuate(bucket & (old->size() - 1), track);
        if (old != nullptr) evacuate(evacuated, track);
    }

    Bucket* append_overflow(Bucket* last) {
        Bucket* fresh = spare;
        if (spares != 0) {
            ++spare;
            --spares;
        } else {
            fresh = reserved != nullptr ? take_reserved() : Array::make_overflow();
            array->adopt_overflow();
        }
        const std::uint64_t rarely = log2 < 16 ? 0 : (std::uint64_t{1} << (log2 - 15)) - 1;
        if (rarely == 0 || (hashing::fresh_seed() & rarely) == 0) ++overflows;
        last->overflow = fresh;
        return fresh;
    }

    /// Lets go of all arrays; entries that iterators could still come to are destroyed first.
    void drop_arrays() noexcept {
        for (Array* each : {std::exchange(array, nullptr), std::exchange(old, nullptr)}) {
            if (each == nullptr) continue;
            if (!each->held_once()) each->empty_all();
            each->let_go();
        }
        buckets = spare = nullptr;
        spares = 0;
    }

    void clear() {
        if (old != nullptr) {
            if (!old->held_once()) old->empty_all();
            std::exchange(old, nullptr)->let_go();
        }
        same_size = false;
        evacuated = 0;
        count = 0;
        seed = hashing::fresh_seed();
        if (array->held_once()) {
            array->reset();
            use(array);
        } else {
            drop_arrays();  // iterators would meet entries twice in an array that is used anew
        }
    }

    void swap(Growing& other) noexcept {
        std::swap(buckets, other.buckets);
        std::swap(mask, other.mask);
        std::swap(count, other.count);
        std::swap(old, other.old);
        std::swap(seed, other.seed);
        std::swap(limit, other.limit);
        std::swap(array, other.array);
        std::swap(spare, other.spare);
        std::swap(spares, other.spares);
        std::swap(reserved, other.reserved);
        std::swap(reserved_count, other.reserved_count);
        std::swap(evacuated, other.evacuated);
        std::swap(overflows, other.overflows);
        std::swap(log2, other.log2);
        std::swap(same_size, other.same_size);
        std::swap(left_some, other.left_some);
        std::swap(load, other.load);
        std::swap(hasher, other.hasher);
        std::swap(equal, other.equal);
    }

    std::size_t bytes() const {
        return (array != nullptr ? array->bytes() : 0) + (old != nullptr ? old->bytes() : 0) +
               reserved_count * sizeof(Bucket);
    }

   private:
    static constexpr bool k_hash_throws =
        !(k_seeded<K> ? std::is_nothrow_invocable_v<const Hash&, const K&, std::uint64_t>
                      : std::is_nothrow_invocable_v<const Hash&, const K&>);
    static constexpr bool k_moves_keys = std::is_nothrow_move_constructible_v<Key>;
    static constexpr bool k_moves_values = std::is_nothrow_move_constructible_v<Value>;
    static constexpr bool k_moves_simply = !k_hash_throws && k_moves_keys && k_moves_values;
    static constexpr std::size_t k_most_marks = 1024;

    void evacuate(std::size_t index, Cell* track) {
        Bucket* from = old->buckets() + index;
        if (!moved(index)) {
            reserve_overflows(from);
            const bool leave = !old->held_once();
            if (k_moves_simply && !leave) {
                move_chain(from, index, track);
            } else {
                transfer_chain(from, index, leave, track);
            }
        }
        if (index == evacuated) advance_mark();
    }

    // A bucket that is being filled, and its next free cell.
    struct Target {
        Bucket* bucket;
        std::size_t i = 0;

        Cell next(Growing& in) {
            if (i == k_cells) {
                bucket = bucket->overflow != nullptr ? bucket->overflow : in.append_overflow(bucket);
                i = 0;
            }
            return {bucket, i++};
        }
    };

    std::size_t goes_high(std::uint64_t hashed) const {
        return same_size ? 0 : (hashed >> old->log2()) & 1;
    }
    std::size_t twin(std::size_t index) const { return same_size ? index : index + old->size(); }

    void move_chain(Bucket* from, std::size_t index, Cell* track) noexcept {
        Target targets[2] = {{buckets + index}, {buckets + twin(index)}};
        for (Bucket* b = from; b != nullptr; b = b->next()) {
            for (std::size_t i = 0; i < k_cells; ++i) {
                const std::uint8_t tag = b->tags[i];
                if (is_empty(tag)) continue;
                const std::size_t high = same_size ? 0 : goes_high(hash(b->key(i)->get()));
                const Cell to = targets[high].next(*this);
                construct(to.key(), std::move(*b->key(i)));
                construct(to.value(), std::move(*b->value(i)));
                destroy(b->key(i));
                destroy(b->value(i));
                to.tag() = tag;
                follow(track, {b, i}, to);
            }
        }
        leave_empty(from);
    }

    static void follow(Cell* track, Cell from, Cell to) {
        if (track != nullptr && track->bucket == from.bucket && track->i == from.i) *track = to;
    }
    void leave_empty(Bucket* from) {
        std::memset(from->tags, k_evacuated_empty, k_cells);
        if (from->overflow != nullptr) old->cut_chain(from);
    }

    // Where an entry goes, and under which tag.
    struct Route {
        std::size_t high;
        std::uint8_t tag;
    };

    std::vector<Route> routes(Bucket* from, bool leave) const {
        std::vector<Route> way;
        for (Bucket* b = from; b != nullptr; b = b->overflow) {
            for (std::size_t i = 0; i < k_cells; ++i) {
                if (is_empty(b->tags[i])) continue;
                Route route{0, b->tags[i]};
                if (!same_size) {
                    const K& key = b->key(i)->get();
                    const std::uint64_t hashed = hash(key);
                    route.high = goes_high(hashed);
                    // The hash of a NaN is another each time, but an iterator must know where it
                    // will go: the tag decides, and a new one for the next time.
                    if (leave && !findable(key)) {
                        route.high = route.tag & 1;
                        route.tag = tag_of(hashed);
                    }
                }
                way.push_back(route);
            }
        }
        return way;
    }
    bool findable(const K& key) const { return k_reflexive<K> || equal(key, key); }

    // Calls visit(from, to, route) for each entry, for the same cells every time.
    template <class Visit>
    void for_each_transfer(Bucket* from, std::size_t index, const std::vector<Route>& way,
                           Visit visit) {
        Target targets[2] = {{buckets + index}, {buckets + twin(index)}};
        auto route = way.begin();
        for (Bucket* b = from; b != nullptr; b = b->overflow) {
            for (std::size_t i = 0; i < k_cells; ++i) {
                if (is_empty(b->tags[i]) || is_evacuated(b->tags[i])) continue;
                const Cell to = targets[route->high].next(*this);
                visit(Cell{b, i}, to, *route);
                ++route;
            }
        }
    }

    void transfer_chain(Bucket* from, std::size_t index, bool leave, Cell* track) {
        const std::vector<Route> way = routes(from, leave);
        const bool copy_keys = leave || !k_moves_keys;
        std::size_t copied = 0;
        try {
            for_each_transfer(from, index, way, [&](Cell source, Cell to, Route) {
                copy_before_moving(source, to, copy_keys, leave);
                ++copied;
            });
        } catch (...) {
            for_each_transfer(from, index, way, [&](Cell, Cell to, Route) {
                if (copied == 0) return;
                --copied;
                if (copy_keys) destroy(to.key());
                if (!k_moves_values) destroy(to.value());
            });
            throw;
        }
        for_each_transfer(from, index, way, [&](Cell source, Cell to, Route route) {
            if (!copy_keys) construct(to.key(), std::move(*source.key()));
            if constexpr (k_moves_values) construct(to.value(), std::move(*source.value()));
            if (!leave) destroy(source.key());
            destroy(source.value());
            to.tag() = route.tag;
            follow(track, source, to);
            source.tag() = static_cast<std::uint8_t>(k_evacuated_low + route.high);
        });
        if (!leave) return leave_empty(from);
        left_some = true;
        for (Bucket* b = from; b != nullptr; b = b->overflow) {
            for (std::uint8_t& tag : b->tags) {
                if (is_empty(tag)) tag = k_evacuated_empty;
            }
        }
    }

    // What may throw of a transfer.
    void copy_before_moving(Cell source, Cell to, bool copy_key, bool leave) {
        const auto& stored = std::as_const(*source.key());
        if constexpr (!k_reflexive<K>) {
            if (leave && !findable(stored.get())) old->forward(&source.tag(), to, array);
        }
        if (copy_key) construct(to.key(), stored);
        if constexpr (!k_moves_values) {
            try {
                construct(to.value(), std::as_const(*source.value()));
            } catch (...) {
                if (copy_key) destroy(to.key());
                throw;
            }
        }
    }

    void advance_mark() {
        const std::size_t size = old->size();
        const std::size_t stop = std::min(++evacuated + k_most_marks, size);
        while (evacuated != stop && old->buckets()[evacuated].evacuated()) ++evacuated;
        if (!left_some && old->held_once()) old->discard_below(evacuated);
        if (evacuated != size) return;
        if (!left_some) old->set_spent();
        std::exchange(old, nullptr)->let_go();
        same_size = false;
    }

    void reserve_overflows(const Bucket* chain) {
        std::size_t needed = 0;
        while ((chain = chain->overflow) != nullptr) ++needed;
        while (spares + reserved_count < needed) {
            Bucket* fresh = Array::make_overflow();
            fresh->overflow = reserved;
            reserved = fresh;
            ++reserved_count;
        }
    }
    Bucket* take_reserved() {
        Bucket* taken = reserved;
        reserved = std::exchange(taken->overflow, nullptr);
        --reserved_count;
        return taken;
    }
};

}  // namespace lab::go::bucket
