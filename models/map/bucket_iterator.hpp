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
// Costs       As long as a bucket stays, its tags give a set of cells, and the tag of each is read
//             again: it may have been deleted.
// Gives up    Iterators after the map is destroyed or moved from; only destroying them is allowed.
// Source      Go tree: src/runtime/map.go (mapiterinit, mapiternext) of 1.23.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
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
        start_ = start & (array_->size() - 1);
        offset_ = static_cast<unsigned>(offset % k_cells);
        next_ = start_;
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
    Iterator& operator++() {
        map_->writing_.check_iteration();
        advance();
        return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& it, std::default_sentinel_t) { return !it.cell_; }

   private:
    static constexpr std::size_t k_all = ~std::size_t{0};

    void copy(const Iterator& other) {
        map_ = other.map_;
        array_ = other.array_;
        old_ = other.old_;
        bucket_ = other.bucket_;
        cell_ = other.cell_;
        start_ = other.start_;
        next_ = other.next_;
        only_ = other.only_;
        cells_ = other.cells_;
        offset_ = other.offset_;
        wrapped_ = other.wrapped_;
        in_old_ = other.in_old_;
        if (array_ != nullptr) array_->hold();
        if (old_ != nullptr) old_->hold();
    }
    void let_go() {
        if (array_ != nullptr) array_->let_go();
        if (old_ != nullptr) old_->let_go();
    }

    void advance() {
        for (;;) {
            while (cells_ != 0) {
                const unsigned i = (static_cast<unsigned>(__builtin_ctz(cells_)) + offset_) % k_cells;
                cells_ &= cells_ - 1;
                const std::uint8_t tag = bucket_->tags[i];
                if (tag >= k_least_tag && only_ == k_all) [[likely]] {
                    cell_ = {bucket_, i};
                    return;
                }
                cell_ = where_now({bucket_, i});
                if (cell_) return;
            }
            if (bucket_ != nullptr) bucket_ = bucket_->chain_ends() ? nullptr : bucket_->overflow;
            if (bucket_ == nullptr && !enter_next_bucket()) {
                cell_ = {};
                return;
            }
            const std::uint32_t full = cells_with_something(bucket_->tags);
            cells_ = (full | full << k_cells) >> offset_ & ((1u << k_cells) - 1);  // offset_ first
        }
    }

    /// Those whose tag is above k_empty_one.
    static std::uint32_t cells_with_something(const std::uint8_t* tags) {
        std::uint64_t word;
        std::memcpy(&word, tags, sizeof word);
        word &= ~detail::k_every_byte;
        return detail::gather_tops(((word & ~detail::k_every_top) + ~detail::k_every_top) | word);
    }

    /// False at the end.
    bool enter_next_bucket() {
        if (next_ == start_ && wrapped_) return false;
        bucket_ = array_->buckets() + next_;
        only_ = k_all;
        in_old_ = false;
        if (map_->table_.array == array_ && map_->table_.old != nullptr) [[unlikely]] {
            Bucket* unfilled = map_->table_.old->buckets() + (next_ & (map_->table_.old->size() - 1));
            if (!unfilled->evacuated()) {
                bucket_ = unfilled;
                in_old_ = true;
                if (map_->table_.old->size() != array_->size()) only_ = next_;
            }
        }
        if (++next_ == array_->size()) {
            next_ = 0;
            wrapped_ = true;
        }
        return true;
    }

    /// The cell where the entry of `from` is now, if it is still there and belongs here.
    Cell where_now(Cell from) const {
        const std::uint8_t tag = from.tag();
        if (is_empty(tag) || tag == k_evacuated_empty || map_->empty()) return {};
        const auto& key = from.key()->get();
        const bool can_be_found = k_reflexive<typename Map::key_type> || map_->table_.equal(key, key);
        if (only_ != k_all) {
            const std::size_t belongs =
                can_be_found ? map_->table_.hash(key) & (array_->size() - 1)
                             : (only_ & (array_->size() / 2 - 1)) | (tag & 1) * (array_->size() / 2);
            if (belongs != only_) return {};
        }
        if (tag >= k_least_tag) return from;
        if (can_be_found) return map_->locate(key, map_->table_.hash(key));
        return follow(from);
    }

    /// An entry that cannot be looked up cannot be deleted either; only clear() may have done so.
    Cell follow(Cell from) const {
        for (const Array* in = in_old_ ? old_ : array_; is_evacuated(from.tag()); in = in->next())
            from = in->forwarded(&from.tag());
        return is_empty(from.tag()) ? Cell{} : from;
    }

    const Map* map_ = nullptr;
    Array* array_ = nullptr;
    Array* old_ = nullptr;  // the map's old array when the iterator began
    Bucket* bucket_ = nullptr;
    Cell cell_;
    std::size_t start_ = 0;
    std::size_t next_ = 0;
    std::size_t only_ = k_all;  // take only entries that belong into this bucket
    std::uint32_t cells_ = 0;   // of bucket_, still to come, rotated by offset_
    unsigned offset_ = 0;
    bool wrapped_ = false;
    bool in_old_ = false;
};

}  // namespace lab::go::bucket
