// swiss_map: Go's map since 1.24 in C++: many small Swiss tables behind an extendible directory.
//
//   hash        [ directory | ... home group ... | tag ]
//   directory   a table that is full at its largest is split in two by one bit more of the hash;
//               the others stay (swiss_directory.hpp)
//   table       groups of slots, probed by triangular steps (swiss_table.hpp, swiss_group.hpp)
//
// A map of up to a group of entries is a table of one group, probed like any other. Growth replaces
// a table; an iterator that is in it keeps it, walks it to its end, and looks each key up in the
// map (swiss_iterator.hpp).
//
// Invariants  A failed operation changes no entry. Only growth can lose entries: of keys or values
//             that cannot be copied and throw when they are moved.
// Costs       find: directory, table header, control bytes, slot: a line each. insert: the same,
//             and at most the growth of one table.
// Gives up    Iterators must not outlive the map, nor a move of it. Keys that cannot be copied have
//             for_each, which must not change the map, and no iterators.
// Rejected    Go's code path for maps of one group: it spares two loads there, and costs every map
//             a branch.
//             A directory without bound: a hash without entropy would double it for ever. It never
//             has more entries than the map; a table that cannot be split just grows.
// Source      Go tree: src/internal/runtime/maps (map.go, table.go, group.go) of 1.26.
#pragma once

#include <bit>
#include <bitset>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <iterator>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#include "models/map/hash.hpp"
#include "models/map/statistics.hpp"
#include "models/map/swiss_directory.hpp"
#include "models/map/swiss_iterator.hpp"
#include "models/map/swiss_policy.hpp"
#include "models/map/swiss_table.hpp"
#include "models/map/writing.hpp"

namespace lab::go {

template <class K, class V, class Policy = swiss::go1_24<>, class Hash = seeded_hash<K>,
          class Equal = std::equal_to<K>, class Statistics = statistics::none>
class swiss_map {
   public:
    using key_type = K;
    using mapped_type = V;
    using Group = typename Policy::Group;
    using Table = SwissTable<K, V, Group, Policy::k_layout>;
    using Slot = typename Table::Slot;
    using iterator = SwissIterator<swiss_map, V>;
    using const_iterator = SwissIterator<swiss_map, const V>;

    swiss_map() : seed_(hashing::fresh_seed()) {}
    /// make(map[K]V, hint): what fits in one group is left to the first insertion; a hint that asks
    /// for more than Go allocates at all is ignored.
    explicit swiss_map(std::size_t hint) : swiss_map() {
        if (hint > Group::k_slots) presize(hint);
    }
    /// As in Go, a copy has the seed and the layout of its original.
    swiss_map(const swiss_map& other)
        : seed_(other.seed_), used_(other.used_), hash_(other.hash_), equal_(other.equal_) {
        other.writing_.check_read();
        directory_.copy_from(other.directory_, [this](Table* table) { return copy_of(table); });
    }
    swiss_map(swiss_map&& other) noexcept : swiss_map() { swap(other); }
    swiss_map& operator=(const swiss_map& other) {
        if (this != &other) swiss_map(other).swap(*this);
        return *this;
    }
    swiss_map& operator=(swiss_map&& other) noexcept {
        swiss_map(std::move(other)).swap(*this);
        return *this;
    }

    std::size_t size() const { return used_; }
    bool empty() const { return used_ == 0; }

    V* find(const K& key) { return value_of(find_slot(key)); }
    const V* find(const K& key) const { return value_of(find_slot(key)); }
    bool contains(const K& key) const { return find_slot(key) != nullptr; }

    V& operator[](const K& key) {
        return find_or_make(key, [] { return V(); }).first->value;
    }
    /// The value, and whether the key is new.
    template <class Q, class W>
    std::pair<V*, bool> insert_or_assign(Q&& key, W&& value) {
        const auto [slot, made] =
            find_or_make(std::forward<Q>(key), [&] { return V(std::forward<W>(value)); });
        if (!made) slot->value = std::forward<W>(value);
        return {&slot->value, made};
    }

    /// As insert_or_assign, but a value that is there stays.
    template <class Q, class... Args>
    std::pair<V*, bool> try_emplace(Q&& key, Args&&... args) {
        const auto [slot, made] = find_or_make<false>(
            std::forward<Q>(key), [&] { return V(std::forward<Args>(args)...); });
        return {&slot->value, made};
    }

    /// Whether there was such an entry.
    bool erase(const K& key) {
        writing_.check_write();
        const std::uint64_t hash = hash_(key, seed_);
        const Writing writing(writing_);
        Table* table = directory_.select(hash);
        const Place place = find_in(table, key, hash);
        if (place.slot == nullptr) return false;
        std::destroy_at(place.slot);
        if (Group::vacate(place.control, place.i, hash, table->mask == 0)) ++table->growth_left;
        --table->used;
        if (--used_ == 0) seed_ = hashing::fresh_seed();  // who found collisions must start again
        return true;
    }

    /// The memory stays, as in Go.
    void clear() {
        writing_.check_write();
        const Writing writing(writing_);
        directory_.for_each([](Table* table) { table->clear(); });
        used_ = 0;
        ++clears_;
        seed_ = hashing::fresh_seed();
    }

    /// Calls visit(key, value) for each entry in memory's order; visit must not change the map.
    template <class Visit>
    void for_each(Visit visit) const {
        directory_.for_each([&](Table* table) {
            table->for_each_full([&](std::size_t group, std::size_t i) {
                Slot* slot = table->slot(group, i);
                visit(std::as_const(slot->key), slot->value);
            });
        });
    }

    /// Go's iteration: it starts anywhere, and the map may change meanwhile. No entry comes twice,
    /// and each that was there at the start and is not deleted comes once.
    iterator begin()
        requires std::copy_constructible<K>
    {
        return iterator(*this);
    }
    const_iterator begin() const
        requires std::copy_constructible<K>
    {
        return const_iterator(const_cast<swiss_map&>(*this));  // holds tables, changes no entry
    }
    std::default_sentinel_t end() const { return {}; }

    /// Loads what find(key) will read, for callers that know their keys ahead.
    void prefetch(const K& key) const {
        const std::uint64_t hash = hash_(key, seed_);
        Table* table = directory_.select(hash);
        const std::size_t group = home(table, hash);
        __builtin_prefetch(table->control(group));
        __builtin_prefetch(table->slot(group, 0));
    }

    void swap(swiss_map& other) noexcept {
        directory_.swap(other.directory_);
        std::swap(seed_, other.seed_);
        std::swap(used_, other.used_);
        std::swap(clears_, other.clears_);
        std::swap(hash_, other.hash_);
        std::swap(equal_, other.equal_);
    }

    const SwissDirectory<Table, typename Policy::Memory>& directory() const { return directory_; }
    /// The map itself and all that it has of its source of memory.
    std::size_t memory_bytes() const { return sizeof(*this) + directory_.bytes(); }
    Statistics& statistics() const { return statistics_; }

   private:
    friend iterator;
    friend const_iterator;
    using Writing = typename WriteFlag<Policy::k_watch>::Scope;
    struct Place {
        std::uint8_t* control = nullptr;
        std::size_t i = 0;
        Slot* slot = nullptr;
    };

    static V* value_of(Slot* slot) { return slot == nullptr ? nullptr : &slot->value; }
    static std::size_t home(const Table* table, std::uint64_t hash) {
        return (hash >> Group::k_tag_bits) & table->mask;
    }

    // ---- Lookup ----

    Slot* find_slot(const K& key) const {
        writing_.check_read();
        const std::uint64_t hash = hash_(key, seed_);
        return find_in(directory_.select(hash), key, hash).slot;
    }
    Place find_in(Table* table, const K& key, std::uint64_t hash) const {
        const std::uint8_t tag = Group::tag(hash);
        std::size_t at = home(table, hash);
        for (std::size_t step = 0;;) {
            statistics_.probe();
            std::uint8_t* control = table->control(at);
            if constexpr (Policy::k_prefetch) prefetch_slots(table->slot(at, 0));
            const Group group(control);
            for (SlotSet match = group.matching(tag); match; match.drop_first()) {
                Slot* slot = table->slot(at, match.first());
                statistics_.compare();
                if (equal_(slot->key, key)) [[likely]]
                    return {control, match.first(), slot};
            }
            if (group.ends_probe(hash)) [[likely]]
                return {};
            if (++step > table->mask) return {};
            at = (at + step) & table->mask;
        }
    }
    static void prefetch_slots(const Slot* slots) {
        for (std::size_t byte = 0; byte < Group::k_slots * sizeof(Slot); byte += 64)
            __builtin_prefetch(reinterpret_cast<const char*>(slots) + byte);
    }

    // ---- Insertion ----

    /// The entry of key, and whether it is new; then its value is what make() returned.
    template <bool Assigns = true, class Q, class Make>
    std::pair<Slot*, bool> find_or_make(Q&& key, Make make) {
        writing_.check_write();
        const std::uint64_t hash = hash_(key, seed_);
        const Writing writing(writing_);
        Table* table = directory_.select(hash);
        if constexpr (Policy::k_eager_growth) {
            if (table->mask == 0 && table->growth_left == 0) [[unlikely]]
                table = make_room(table, hash);
        }
        if (Slot* found = find_in(table, key, hash).slot; found != nullptr) {
            if constexpr (Assigns && k_assignment_updates_key<K>) found->key = key;
            return {found, false};
        }
        Place place = free_place(table, hash);
        while (!takes(table, place)) [[unlikely]] {
            table = make_room(table, hash);
            place = free_place(table, hash);
        }
        new (place.slot) Slot{K(std::forward<Q>(key)), make()};
        fill(table, place, hash);
        ++used_;
        return {place.slot, true};
    }
    static bool takes(const Table* table, const Place& place) {
        return table->growth_left != 0 ||
               (place.slot != nullptr && Group::is_deleted(place.control[place.i]));
    }
    /// The first free slot of the probe sequence, or none.
    static Place free_place(Table* table, std::uint64_t hash) {
        std::size_t at = home(table, hash);
        for (std::size_t step = 0;;) {
            std::uint8_t* control = table->control(at);
            const SlotSet free = Group(control).free();
            if (free) [[likely]]
                return {control, free.first(), table->slot(at, free.first())};
            if (++step > table->mask) return {};
            Group::pass_by(control, hash);
            at = (at + step) & table->mask;
        }
    }
    static void fill(Table* table, const Place& place, std::uint64_t hash) {
        if (!Group::is_deleted(place.control[place.i])) --table->growth_left;
        place.control[place.i] = Group::tag(hash);
        ++table->used;
    }

    /// A table with the same entries in the same slots.
    Table* copy_of(Table* original) {
        Table* copy =
            directory_.make(original->group_count(), original->index, original->local_depth);
        try {
            original->for_each_full([&](std::size_t group, std::size_t i) {
                const Slot* from = original->slot(group, i);
                new (copy->slot(group, i)) Slot{from->key, from->value};
                copy->control(group)[i] = original->control(group)[i];
            });
        } catch (...) {
            directory_.release(copy);
            throw;
        }
        for (std::size_t group = 0; group <= copy->mask; ++group)
            std::memcpy(copy->control(group), original->control(group), Group::k_width);
        copy->used = original->used;
        copy->growth_left = original->growth_left;
        return copy;
    }

    // ---- Growth ----

    void presize(std::size_t hint) {
        constexpr std::size_t k_go_max_bytes = std::size_t{1} << 48;  // linux/amd64
        constexpr std::size_t k_most_slots = Policy::k_max_groups * Group::k_slots;
        if (hint > k_go_max_bytes) return;
        const std::size_t slots = hint * 8 / 7;
        const std::size_t tables = std::bit_ceil((slots + k_most_slots - 1) / k_most_slots);
        if (tables > k_go_max_bytes / (k_most_slots * sizeof(Slot))) return;
        const std::size_t groups = (slots / tables + Group::k_slots - 1) / Group::k_slots;
        directory_.fill(static_cast<unsigned>(std::countr_zero(tables)), std::bit_ceil(groups));
    }

    /// The table that takes an entry of this hash after `table` could not.
    [[gnu::noinline]] Table* make_room(Table* table, std::uint64_t hash) {
        if (directory_.is_empty()) {
            directory_.install(directory_.make(1, 0, 0));
            return directory_.select(hash);
        }
        if constexpr (Group::k_tombstones) {
            prune_tombstones(table);
            if (table->growth_left != 0) return table;
        }
        const std::size_t groups = table->group_count();
        if (table->used * 32 < table->limit() * Policy::k_rebuild_32nds) {
            replace(table, groups);
        } else if (groups < Policy::k_max_groups || !may_split(table)) {
            replace(table, 2 * groups);
        } else {
            split(table);
        }
        return directory_.select(hash);
    }
    bool may_split(const Table* table) const {
        return table->local_depth < directory_.depth() || 2 * directory_.size() <= used_;
    }

    /// Empties the tombstones that no probe must pass by, if they are a tenth of the table; else
    /// the work would soon be due again, and growing is as cheap.
    void prune_tombstones(Table* table) {
        const std::size_t tenth = (table->slots() + 9) / 10;
        if (table->deleted() < tenth || table->group_count() > Policy::k_max_groups) return;
        std::bitset<Policy::k_max_groups> needed;
        for (std::size_t group = 0; group <= table->mask; ++group)
            needed[group] = Group(table->control(group)).ends_probe(0);  // it has none
        table->for_each_full([&](std::size_t group, std::size_t i) {
            const K& key = table->slot(group, i)->key;
            if (!equal_(key, key)) return;  // nobody will look for it
            const std::uint64_t hash = hash_(key, seed_);
            std::size_t at = home(table, hash);
            for (std::size_t step = 1; at != group; ++step) {
                needed[at] = true;
                at = (at + step) & table->mask;
            }
        });
        const auto for_each_unneeded = [&](auto visit) {
            for (std::size_t group = 0; group <= table->mask; ++group)
                if (!needed[group]) visit(table->control(group));
        };
        std::size_t unneeded = 0;
        for_each_unneeded(
            [&](std::uint8_t* control) { unneeded += Group(control).free().count(); });
        if (unneeded < tenth) return;
        for_each_unneeded([&](std::uint8_t* control) {
            for (SlotSet deleted = Group(control).free(); deleted; deleted.drop_first()) {
                control[deleted.first()] = Group::k_empty;
                ++table->growth_left;
            }
        });
    }

    void replace(Table* old, std::size_t groups) {
        Table* fresh = directory_.make(groups, old->index, old->local_depth);
        const bool emptied = transfer(old, fresh, fresh, 0);
        directory_.install(fresh);
        directory_.retire(old, emptied);
    }
    void split(Table* old) {
        directory_.make_divisible(old);
        const unsigned depth = old->local_depth + 1u;
        Table* left = directory_.make(old->group_count(), Table::k_stale, depth);
        Table* right = nullptr;
        try {
            right = directory_.make(old->group_count(), Table::k_stale, depth);
        } catch (...) {
            directory_.release(left);
            throw;
        }
        const bool emptied = transfer(old, left, right, std::uint64_t{1} << (64 - depth));
        directory_.install_halves(old, left, right);
        directory_.retire(old, emptied);
    }

    /// Fills one or two new tables from an old one: `right` takes the hashes that have this bit. If
    /// it throws, the new tables are gone and the old one is as it was. Returns whether the old one
    /// is an empty shell now; else its entries live on, for the iterators that are in it.
    bool transfer(Table* from, Table* left, Table* right, std::uint64_t bit) {
        const bool kept = from->holders.load(std::memory_order_relaxed) > 1;
        const auto room = [&](std::uint64_t hash) {
            Table* to = (hash & bit) == 0 ? left : right;
            return std::pair(to, free_place(to, hash));
        };
        if constexpr (k_nothrow_hash && k_nothrow_move) {
            if (!kept) {
                from->for_each_full([&](std::size_t group, std::size_t i) {
                    Slot* slot = from->slot(group, i);
                    const std::uint64_t hash = hash_(slot->key, seed_);
                    const auto [to, place] = room(hash);
                    relocate(place.slot, slot);
                    fill(to, place, hash);
                    statistics_.move();
                });
                return true;
            }
        }
        try {
            return transfer_carefully(from, kept, room);
        } catch (...) {
            directory_.release(left);
            if (right != left) directory_.release(right);
            throw;
        }
    }
    // Hashes all keys before it moves any, leaves what it moves from alive, and copies if it must.
    template <class Room>
    bool transfer_carefully(Table* from, bool kept, Room room) {
        std::vector<std::uint64_t> hashes;
        hashes.reserve(from->used);
        from->for_each_full([&](std::size_t group, std::size_t i) {
            hashes.push_back(hash_(from->slot(group, i)->key, seed_));
        });
        auto transfer_each = [&, next = hashes.begin()](auto construct) mutable {
            from->for_each_full([&](std::size_t group, std::size_t i) {
                const std::uint64_t hash = *next++;
                const auto [to, place] = room(hash);
                construct(place.slot, from->slot(group, i));
                fill(to, place, hash);
                statistics_.move();
            });
        };
        if constexpr (std::is_copy_constructible_v<K> && std::is_copy_constructible_v<V>) {
            if (kept || !k_nothrow_move) {
                transfer_each([](Slot* to, Slot* old) { new (to) Slot{old->key, old->value}; });
                return false;
            }
        } else if constexpr (std::is_copy_constructible_v<K>) {
            if (kept) {
                std::vector<std::pair<Slot*, Slot*>> moved;
                moved.reserve(from->used);
                try {
                    transfer_each([&](Slot* to, Slot* old) {
                        new (to) Slot{old->key, std::move(old->value)};
                        moved.emplace_back(to, old);
                    });
                } catch (...) {
                    for (const auto [to, old] : moved) {
                        std::destroy_at(&old->value);
                        std::construct_at(&old->value, std::move(to->value));
                    }
                    throw;
                }
                return false;
            }
        }
        transfer_each([](Slot* to, Slot* old) {
            new (to) Slot{std::move(old->key), std::move(old->value)};
        });
        return false;
    }
    static void relocate(Slot* to, Slot* from) noexcept {
        if constexpr (std::is_trivially_copyable_v<K> && std::is_trivially_copyable_v<V>) {
            std::memcpy(static_cast<void*>(to), from, sizeof(Slot));
        } else {
            new (to) Slot{std::move(from->key), std::move(from->value)};
            std::destroy_at(from);
        }
    }

    static constexpr bool k_nothrow_hash =
        noexcept(std::declval<const Hash&>()(std::declval<const K&>(), std::uint64_t{}));
    static constexpr bool k_nothrow_move =
        std::is_nothrow_move_constructible_v<K> && std::is_nothrow_move_constructible_v<V>;

    std::uint64_t seed_;
    SwissDirectory<Table, typename Policy::Memory> directory_;
    std::size_t used_ = 0;
    std::uint64_t clears_ = 0;
    [[no_unique_address]] WriteFlag<Policy::k_watch> writing_;
    [[no_unique_address]] Hash hash_;
    [[no_unique_address]] Equal equal_;
    [[no_unique_address]] mutable Statistics statistics_;
};

}  // namespace lab::go
