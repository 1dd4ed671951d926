// swiss_directory: the tables of a Swiss map, selected by the high bits of a hash.
//
//   depth 2    00 --> table, local depth 1      a table at index i with local depth d is named by
//              01 --^                           the 2^(depth - d) entries from i on
//              10 --> table, local depth 2
//              11 --> table, local depth 2
//
// Invariants  There are always at least two entries, in the object itself: at depth 0 they are
//             equal, so that selecting a table is one shift and one load. An empty directory names
//             a table without room, so that lookups need no case for it.
// Costs       Splitting a table whose local depth is the depth doubles the directory.
// Gives up    Returning the directory's memory, as Go does.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

namespace lab::go {

template <class Table, class Memory>
class SwissDirectory {
   public:
    SwissDirectory() = default;
    SwissDirectory(const SwissDirectory&) = delete;
    SwissDirectory& operator=(const SwissDirectory&) = delete;
    ~SwissDirectory() {
        for_each([this](Table* table) { let_go(table); });
        use({}, 0);
    }

    Table* select(std::uint64_t hash) const { return entries_[hash >> shift_]; }
    Table* operator[](std::size_t i) const { return entries_[i]; }
    std::size_t size() const { return std::size_t{1} << depth_; }
    unsigned depth() const { return depth_; }
    bool is_empty() const { return entries_[0] == Table::nothing(); }
    /// How many entries name this table, which may be one that was replaced.
    std::size_t entries_of(const Table* table) const {
        return std::size_t{1} << (depth_ - table->local_depth);
    }

    /// Calls visit(table) for each table once, in the order of the directory.
    template <class Visit>
    void for_each(Visit visit) const {
        if (is_empty()) return;
        for (std::size_t i = 0; i < size();) {
            Table* table = entries_[i];
            i += entries_of(table);
            visit(table);
        }
    }

    /// Tables of equal size for an empty directory. If it throws, the directory is empty still.
    void fill(unsigned depth, std::size_t groups) {
        reserve(depth);
        for (std::size_t i = 0; i < size(); ++i) {
            try {
                install(make(groups, static_cast<std::int64_t>(i), depth));
            } catch (...) {
                while (i-- > 0) let_go(entries_[i]);
                use({}, 0);
                throw;
            }
        }
    }

    /// A table that no entry names yet.
    Table* make(std::size_t groups, std::int64_t index, unsigned local_depth) {
        return Table::make(memory_, groups, index, local_depth);
    }
    void release(Table* table) noexcept { table->release(memory_); }

    /// Room for the two halves of this table.
    void make_divisible(const Table* table) {
        if (table->local_depth == depth_) reserve(depth_ + 1);
    }

    /// Lets the entries of table->index name it.
    void install(Table* table) noexcept {
        for (std::size_t i = 0; i < entries_of(table); ++i)
            entries_[static_cast<std::size_t>(table->index) + i] = table;
        if (depth_ == 0) entries_[1] = table;
    }
    void install_halves(const Table* old, Table* left, Table* right) noexcept {
        left->index = old->index;
        install(left);
        right->index = old->index + static_cast<std::int64_t>(entries_of(left));
        install(right);
    }

    /// Takes a replaced table from the map; iterators that are in it keep it. `emptied`: its
    /// entries were moved away, and no iterator is in it.
    void retire(Table* table, bool emptied) noexcept {
        if (table == Table::nothing()) return;
        table->index = Table::k_stale;
        if (emptied) {
            table->discard(memory_);
        } else {
            let_go(table);
        }
    }
    void let_go(Table* table) noexcept {
        if (table->holders.fetch_sub(1, std::memory_order_acq_rel) == 1) release(table);
    }

    /// The same tables as another directory's, each made by copy(table, directory).
    template <class Copy>
    void copy_from(const SwissDirectory& other, Copy copy) {
        if (other.is_empty()) return;
        reserve(other.depth_);
        std::size_t done = 0;
        try {
            other.for_each([&](Table* table) {
                install(copy(table));
                done += other.entries_of(table);
            });
        } catch (...) {
            for (std::size_t i = 0; i < done; i += other.entries_of(other[i])) let_go(entries_[i]);
            use({}, 0);
            throw;
        }
    }

    void swap(SwissDirectory& other) noexcept {
        const bool mine = is_inline();
        const bool theirs = other.is_inline();
        std::swap(inline_, other.inline_);
        std::swap(entries_, other.entries_);
        std::swap(depth_, other.depth_);
        std::swap(shift_, other.shift_);
        std::swap(memory_, other.memory_);
        if (theirs) entries_ = inline_.data();
        if (mine) other.entries_ = other.inline_.data();
    }

    /// As asked of the memory: the directory's own, and all tables.
    std::size_t bytes() const {
        std::size_t sum = is_inline() ? 0 : own_bytes(depth_);
        for_each([&](const Table* table) { sum += table->bytes(); });
        return sum;
    }

   private:
    static std::size_t own_bytes(unsigned depth) { return sizeof(Table*) << depth; }
    bool is_inline() const { return entries_ == inline_.data(); }

    // Makes the directory of this depth; each entry is doubled as often as it grows.
    void reserve(unsigned depth) {
        Table** fresh = inline_.data();
        if (depth > 1) {
            fresh = static_cast<Table**>(memory_.allocate(own_bytes(depth), alignof(Table*)));
            if (fresh == nullptr) throw std::bad_alloc();
        }
        const std::size_t times = std::size_t{1} << (depth - depth_);
        if (fresh != entries_) {
            for (std::size_t i = 0; i < size() * times; ++i) fresh[i] = entries_[i / times];
        }
        for_each([times](Table* table) { table->index *= static_cast<std::int64_t>(times); });
        use(fresh, depth);
    }
    void use(Table** entries, unsigned depth) noexcept {
        if (!is_inline()) memory_.release(entries_, own_bytes(depth_), alignof(Table*));
        if (entries == nullptr) {
            inline_ = {Table::nothing(), Table::nothing()};
            entries = inline_.data();
        }
        entries_ = entries;
        depth_ = depth;
        shift_ = depth == 0 ? 63 : 64 - depth;
    }

    std::array<Table*, 2> inline_{Table::nothing(), Table::nothing()};
    Table** entries_ = inline_.data();
    unsigned shift_ = 63;
    unsigned depth_ = 0;
    [[no_unique_address]] Memory memory_;
};

}  // namespace lab::go
