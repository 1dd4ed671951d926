// swiss_table: one table of a Swiss map: a header, its groups' control bytes, and their slots.
//
//   Interleaved   [header][ctrl 0 | slots 0][ctrl 1 | slots 1] ...           as in Go
//   Apart         ... [ctrl 2][ctrl 1][ctrl 0][header][slots 0][slots 1] ...
//
// Interleaved, a hit finds its slot in the page, and often in the line, of its control bytes.
// Apart, the control bytes of a whole table are few lines that stay in the cache, and a miss reads
// no others. They lie backwards before the header, so no address needs the number of groups.
//
// A table neither hashes nor compares; the map does. Its memory is one block.
//
// Invariants  used + deleted + growth_left == limit(). A slot lives where its control byte is full.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace lab::go {

enum class Layout { interleaved, apart };

template <class K, class V>
struct SwissSlot {
    K key;
    V value;
};

template <class K, class V, class GroupType, Layout Where>
class SwissTable {
   public:
    using Slot = SwissSlot<K, V>;
    using Group = GroupType;

    static constexpr std::int64_t k_stale = -1;  // as an index: replaced, kept by iterators only

    /// A table of empty groups; groups is a power of two. Throws std::bad_alloc.
    template <class Memory>
    static SwissTable* make(Memory& memory, std::size_t groups, std::int64_t index,
                            unsigned local_depth) {
        void* block = memory.allocate(block_bytes(groups), k_align);
        if (block == nullptr) throw std::bad_alloc();
        auto* table = new (static_cast<std::byte*>(block) + header_offset(groups))
            SwissTable(groups, index, local_depth);
        table->reset_controls();
        return table;
    }

    /// Destroys what lives in it, and the table.
    template <class Memory>
    void release(Memory& memory) noexcept {
        destroy_slots();
        discard(memory);
    }
    /// Frees the block of a table whose entries were moved away.
    template <class Memory>
    void discard(Memory& memory) noexcept {
        const std::size_t groups = group_count();
        memory.release(reinterpret_cast<std::byte*>(this) - header_offset(groups),
                       block_bytes(groups), k_align);
    }

    std::size_t group_count() const { return std::size_t{mask} + 1; }
    std::size_t slots() const { return group_count() * Group::k_slots; }
    /// Positions of an iteration: slots, and control bytes that are none.
    std::size_t positions() const { return group_count() * Group::k_width; }
    std::size_t bytes() const { return block_bytes(group_count()); }

    /// Entries before it must grow: 7/8; all in a single group, where no probe needs an end.
    std::size_t limit() const {
        return mask == 0 ? Group::k_slots : group_count() * Group::k_slots * 7 / 8;
    }
    std::size_t deleted() const { return limit() - used - growth_left; }

    std::uint8_t* control(std::size_t group) {
        if constexpr (Where == Layout::interleaved) {
            return first_group() + group * k_stride;
        } else {
            return reinterpret_cast<std::uint8_t*>(this) - (group + 1) * Group::k_width;
        }
    }
    Slot* slot(std::size_t group, std::size_t i) {
        if constexpr (Where == Layout::interleaved) {
            return reinterpret_cast<Slot*>(first_group() + group * k_stride + k_slots_offset) + i;
        } else {
            return reinterpret_cast<Slot*>(first_group()) + group * Group::k_slots + i;
        }
    }

    /// Calls visit(group, i) for each entry, in the order of the slots.
    template <class Visit>
    void for_each_full(Visit visit) {
        for (std::size_t group = 0; group <= mask; ++group)
            for (SlotSet full = Group(control(group)).full(); full; full.drop_first())
                visit(group, full.first());
    }

    /// Takes back all entries and tombstones; the memory stays.
    void clear() noexcept {
        destroy_slots();
        reset_controls();
        used = 0;
        growth_left = static_cast<std::uint32_t>(limit());
    }

    std::uint32_t used = 0;
    std::uint32_t growth_left;
    std::uint32_t mask;                     // groups - 1
    std::atomic<std::uint32_t> holders{1};  // the map, and each iterator that is in it
    std::int64_t index;  // of the first directory entry that names this table, or k_stale
    std::uint8_t local_depth;

    /// What an empty map probes: one group without entries, and no room.
    static SwissTable* nothing() {
        struct Nothing {
            alignas(k_align) std::uint8_t before[round_up(Group::k_width, k_align)];
            alignas(k_align) SwissTable table;
            alignas(k_align) std::uint8_t after[Group::k_width];
            Nothing() : table(1, 0, 0) {
                table.growth_left = 0;
                table.reset_controls();
            }
        };
        static Nothing instance;
        return &instance.table;
    }

   private:
    SwissTable(std::size_t groups, std::int64_t directory_index, unsigned depth)
        : mask(static_cast<std::uint32_t>(groups - 1)),
          index(directory_index),
          local_depth(static_cast<std::uint8_t>(depth)) {
        growth_left = static_cast<std::uint32_t>(limit());
    }

    static constexpr std::size_t round_up(std::size_t bytes, std::size_t to) {
        return (bytes + to - 1) / to * to;
    }
    static constexpr std::size_t k_slots_offset = round_up(Group::k_width, alignof(Slot));
    static constexpr std::size_t k_stride = round_up(k_slots_offset + Group::k_slots * sizeof(Slot),
                                                     std::max<std::size_t>(8, alignof(Slot)));
    static constexpr std::size_t k_align = std::max<std::size_t>(16, alignof(Slot));

    static constexpr std::size_t header_bytes();
    static std::size_t header_offset(std::size_t groups) {
        return Where == Layout::interleaved ? 0 : round_up(groups * Group::k_width, k_align);
    }
    static std::size_t block_bytes(std::size_t groups) {
        if constexpr (Where == Layout::interleaved) return header_bytes() + groups * k_stride;
        return header_offset(groups) + header_bytes() + groups * Group::k_slots * sizeof(Slot);
    }
    std::uint8_t* first_group() { return reinterpret_cast<std::uint8_t*>(this) + header_bytes(); }

    void reset_controls() {
        for (std::size_t group = 0; group <= mask; ++group) Group::reset(control(group));
    }
    void destroy_slots() noexcept {
        if constexpr (!std::is_trivially_destructible_v<Slot>)
            for_each_full(
                [this](std::size_t group, std::size_t i) { std::destroy_at(slot(group, i)); });
    }
};

template <class K, class V, class GroupType, Layout Where>
constexpr std::size_t SwissTable<K, V, GroupType, Where>::header_bytes() {
    return round_up(sizeof(SwissTable), k_align);
}

}  // namespace lab::go
