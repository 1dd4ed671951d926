// bucket_iterator: Go's iteration over a map that may change meanwhile, in a random order.
//
// It walks the array that was the map's when it began, from a random bucket and, in each bucket, from
// a random cell. Three things can have happened to a bucket it comes to:
//   nothing                      its entries are the map's
//   it has moved on              each key is looked up in the map: deleted, changed or still there
//   it was not yet filled        a map that was growing when the iterator began; the entries still
//                                are in the old array, in a bucket shared with a twin, so only those
//                                that belong here are taken
//
// Invariants  No entry comes twice. One that was there at the start comes once, unless it is deleted
//             before. An entry made meanwhile comes or does not.
// Costs       A bucket's tags give a set of cells when it is entered, and the tag of each is read
//             again: it may have been deleted. Search::one_by_one asks cell by cell instead.
// Gives up    Iterators after the map is destroyed or moved from; only destroying them is allowed.
// Source      Go tree: src/runtime/map.go (mapiterinit, mapiternext) of 1.23.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <type_traits>
#include <utility>

#include "models/map/bucket_array.hpp"
#include "models/map/control.hpp"

namespace lab::go::bucket {

template <class K, class V>
struct Entry {
    const K& key;
    V& value;
};

template <class Map, bool Const>
class Iterator {
    using Array = typename Map::Array;
    using Bucket = typename Map::Bucket;
    using Cell = bucket::Cell<Bucket>;
    using V = std::conditional_t<Const, const typename Map::mapped_type, typename Map::mapped_type>;

   public:
    using value_type = Entry<typename Map::key_type, V>;
    using reference = value_type;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::input_iterator_tag;

    Iterator() = default;
    /// Begins with cell `offset` of bucket `start`, which are taken modulo what there is.
    Iterator(const Map* map, std::size_t start, std::size_t offset) {
        if (map->size() == 0) return;
        map->writing_.check_iteration();
        map_ = map;
        array_ = map->table_.array;
        array_->hold();
        old_ = map->table_.old;
        if (old_ != nullptr) old_->hold();
        offset_ = static_cast<unsigned>(offset % k_cells);
        next_ = start & (array_->size() - 1);
        left_ = array_->size();
        advance();
    }
    Iterator(const Iterator& other) { copy(other); }
    Iterator& operator=(const Iterator& other) {
        if (this == &other) return *this;
        let_go();
        copy(other);
        return *this;
    }
    ~Iterator() { let_go(); }

    reference operator*() const { return {cell_.key()->get(), cell_.value()->get()}; }
    [[gnu::always_inline]] Iterator& operator++() {
        map_->writing_.check_iteration();
        advance();
        return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& it, std::default_sentinel_t) { return !it.cell_; }

   private:
    static constexpr std::size_t k_all = ~std::size_t{0};
    // Go's way: it also comes to entries that were made in a bucket since it was entered.
    static constexpr bool k_every_cell_is_asked = Map::k_one_by_one;
    static constexpr std::uint32_t k_every_cell = (1u << k_cells) - 1;
    // Buckets ahead whose overflow bucket is fetched: 3.8 ns an entry at 1e7 with 16, 4.5 with 4, 5.3
    // without (two cores of an EPYC, 4 KiB pages).
    static constexpr std::size_t k_ahead = 16;

    void copy(const Iterator& other) {
        map_ = other.map_;
        array_ = other.array_;
        old_ = other.old_;
        bucket_ = other.bucket_;
        cell_ = other.cell_;
        next_ = other.next_;
        left_ = other.left_;
        only_ = other.only_;
        cells_ = other.cells_;
        offset_ = other.offset_;
        in_old_ = other.in_old_;
        if (array_ != nullptr) array_->hold();
        if (old_ != nullptr) old_->hold();
    }
    void let_go() {
        if (array_ != nullptr) array_->let_go();
        if (old_ != nullptr) old_->let_go();
    }

    // Inline, and what it calls takes values: so a loop keeps the iterator in registers (1e3 entries:
    // 1.6 ns an entry, 2.4 with calls that take its address; same machine).
    [[gnu::always_inline]] void advance() {
        for (;;) {
            while (cells_ != 0) {
                const std::size_t i = (static_cast<std::size_t>(__builtin_ctz(cells_)) + offset_) % k_cells;
                cells_ &= cells_ - 1;
                cell_ = {bucket_, i};
                if (bucket_->tags[i] >= k_least_tag && only_ == k_all) [[likely]]
                    return;
                if constexpr (k_every_cell_is_asked) {
                    if (is_empty(bucket_->tags[i])) continue;
                }
                cell_ = where_now(map_, array_, in_old_ ? old_ : array_, only_, cell_);
                if (cell_) return;
            }
            if (bucket_ != nullptr) bucket_ = bucket_->next();
            if (bucket_ == nullptr) {
                if (left_ == 0) break;
                enter_next_bucket();
            }
            cells_ = cells_from(bucket_->tags, offset_);
        }
        cell_ = {};
    }

    /// Cells that are not empty, the one at `offset` first.
    static std::uint32_t cells_from(const std::uint8_t* tags, unsigned offset) {
        if constexpr (k_every_cell_is_asked) return k_every_cell;
        const auto bytes = ControlBytes<k_cells, Map::k_matching>::load(tags);
        const std::uint32_t empty =
            bytes.equal(k_empty_rest).bits() | bytes.equal(k_empty_one).bits();
        const std::uint32_t full = ~empty & k_every_cell;
        return (full | full << k_cells) >> offset & k_every_cell;
    }

    [[gnu::always_inline]] void enter_next_bucket() {
        bucket_ = array_->buckets() + next_;
        only_ = k_all;
        in_old_ = false;
        const Array* growing_from = map_->table_.old;
        if (growing_from != nullptr && map_->table_.array == array_) [[unlikely]] {
            const std::size_t before = next_ & (map_->table_.old->size() - 1);
            if (!map_->table_.moved(before)) {
                bucket_ = map_->table_.old->buckets() + before;
                in_old_ = true;
                if (growing_from->size() != array_->size()) only_ = next_;
            }
        }
        const std::size_t mask = array_->size() - 1;
        __builtin_prefetch(array_->buckets()[(next_ + k_ahead) & mask].overflow);
        next_ = (next_ + 1) & mask;
        --left_;
    }

    /// The cell where the entry of `from` is now, if it is still there and belongs here.
    [[gnu::noinline]] static Cell where_now(const Map* map, const Array* array, const Array* in,
                                            std::size_t only, Cell from) {
        const std::uint8_t tag = from.tag();
        if (is_empty(tag) || tag == k_evacuated_empty || map->empty()) return {};
        const auto& key = from.key()->get();
        const bool can_be_found = k_reflexive<typename Map::key_type> || map->table_.equal(key, key);
        if (only != k_all) {
            const std::size_t half = array->size() / 2;
            const std::size_t belongs = can_be_found
                                            ? map->table_.hash(key) & (array->size() - 1)
                                            : (only & (half - 1)) | (tag & 1) * half;
            if (belongs != only) return {};
        }
        if (tag >= k_least_tag) return from;
        if (can_be_found) return map->locate(key, map->table_.hash(key));
        return follow(in, from);
    }

    /// An entry that cannot be looked up cannot be deleted either; only clear() may have done so.
    static Cell follow(const Array* in, Cell from) {
        for (; is_evacuated(from.tag()); in = in->next()) from = in->forwarded(&from.tag());
        return is_empty(from.tag()) ? Cell{} : from;
    }

    const Map* map_ = nullptr;
    Array* array_ = nullptr;
    Array* old_ = nullptr;  // the map's old array when the iterator began
    Bucket* bucket_ = nullptr;
    Cell cell_;
    std::size_t next_ = 0;  // bucket
    std::size_t left_ = 0;  // buckets
    std::size_t only_ = k_all;  // take only entries that belong into this bucket
    std::uint32_t cells_ = 0;   // of bucket_, still to come, rotated by offset_
    unsigned offset_ = 0;
    bool in_old_ = false;
};

}  // namespace lab::go::bucket
