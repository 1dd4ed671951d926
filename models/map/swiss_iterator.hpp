// swiss_iterator: Go's iteration over a Swiss map, which may change meanwhile.
//
//   directory   starts at a random table and goes round once
//   table       starts at a random slot and goes round once
//
// A table that grew or was split while an iterator is in it is stale, but kept. The iterator goes
// on through its keys, so that none comes twice, and looks each up in the map, so that deleted ones
// do not come and values are the newest. A key that is not equal to itself (NaN) cannot be looked
// up, nor changed or deleted: it comes from the stale table, unless the map was cleared.
//
// Gives up    NaN keys of a table that grew under the iterator, where values cannot be copied: they
//             moved on and cannot be found.
// Threads     Many may iterate over a map that none changes.
// Source      Go tree: src/internal/runtime/maps/table.go (Iter) of 1.26.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <type_traits>
#include <utility>

#include "models/map/control.hpp"
#include "models/map/hash.hpp"

namespace lab::go {

template <class Map, class Value>
class SwissIterator {
   public:
    struct Entry {
        const typename Map::key_type& key;
        Value& value;
    };
    using value_type = Entry;
    using difference_type = std::ptrdiff_t;

    explicit SwissIterator(Map& map)
        : map_(map),
          directory_offset_(hashing::fresh_seed()),
          position_offset_(hashing::fresh_seed()),
          clears_(map.clears_),
          depth_(map.directory_.depth()) {
        if (map_.used_ != 0) ++*this;
    }
    SwissIterator(const SwissIterator&) = delete;
    SwissIterator& operator=(const SwissIterator&) = delete;
    ~SwissIterator() { leave(); }

    Entry operator*() const { return {slot_->key, slot_->value}; }
    bool operator==(std::default_sentinel_t) const { return slot_ == nullptr; }

    SwissIterator& operator++() {
        map_.writing_.check_iteration();
        follow_directory();
        while (at_ < map_.directory_.size()) {
            if (table_ == nullptr) enter();
            slot_ = next_in_table();
            if (slot_ != nullptr) return *this;
            at_ += map_.directory_.entries_of(table_);  // the halves of a split table too
            leave();
        }
        slot_ = nullptr;
        return *this;
    }

   private:
    using Group = typename Map::Group;
    using Slot = typename Map::Slot;
    using Table = typename Map::Table;

    // The directory may have doubled: all indices, and so ours, then double too.
    void follow_directory() {
        const unsigned doublings = map_.directory_.depth() - depth_;
        at_ <<= doublings;
        directory_offset_ <<= doublings;
        depth_ += doublings;
    }
    void enter() {
        const std::size_t i = (at_ + directory_offset_) & (map_.directory_.size() - 1);
        table_ = map_.directory_[i];
        // The first table may be named by several entries: start at the first of them.
        directory_offset_ -= i - static_cast<std::size_t>(table_->index);
        table_->holders.fetch_add(1, std::memory_order_relaxed);
        position_ = 0;
    }
    void leave() {
        if (table_ != nullptr) map_.directory_.let_go(table_);
        table_ = nullptr;
    }

    Slot* next_in_table() {
        const std::size_t last = table_->positions() - 1;
        while (position_ <= last) {
            const std::size_t at = (position_ + position_offset_) & last;
            const std::size_t group = at / Group::k_width;
            const std::size_t i = at % Group::k_width;
            const SlotSet full = Group(table_->control(group)).full().from(i);
            position_ += (full ? full.first() : Group::k_width) - i;
            if (!full || position_ > last) continue;
            ++position_;
            Slot* slot = table_->slot(group, full.first());
            if (table_->index == Table::k_stale) slot = newest(slot);
            if (slot != nullptr) return slot;
        }
        return nullptr;
    }
    Slot* newest(Slot* stale) const {
        if (Slot* found = map_.find_slot(stale->key); found != nullptr) return found;
        if constexpr (std::is_copy_constructible_v<typename Map::mapped_type>) {
            if (clears_ == map_.clears_ && !map_.equal_(stale->key, stale->key)) return stale;
        }
        return nullptr;
    }

    Map& map_;
    Table* table_ = nullptr;
    Slot* slot_ = nullptr;
    std::size_t at_ = 0;  // entries of the directory gone by
    std::size_t directory_offset_;
    std::size_t position_ = 0;  // slots of the table gone by
    std::size_t position_offset_;
    std::uint64_t clears_;
    unsigned depth_;
};

}  // namespace lab::go
