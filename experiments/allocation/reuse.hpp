// reuse: what a program saves by not asking malloc at all: a free list, a presized vector, a cleared buffer.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "memory.hpp"

namespace lab::allocation {

/// Blocks of one size that wait to be used again.
class FreeList {
   public:
    explicit FreeList(std::size_t bytes) : bytes_(bytes) {}
    ~FreeList() {
        for (void* block : free_) std::free(block);
    }
    FreeList(const FreeList&) = delete;
    FreeList& operator=(const FreeList&) = delete;

    void* get() {
        if (free_.empty()) return checked(std::malloc(bytes_));
        void* block = free_.back();
        free_.pop_back();
        return block;
    }
    void put(void* block) { free_.push_back(block); }

   private:
    std::size_t bytes_;
    std::vector<void*> free_;
};

inline auto set_up_pooled(std::size_t bytes) {
    return [bytes, list = std::make_shared<FreeList>(bytes)] {
        void* block = list->get();
        mark(block, bytes);
        const std::uint64_t good = is_marked(hidden(block), bytes);
        list->put(block);
        return good;
    };
}

inline auto set_up_unpooled(std::size_t bytes) {
    return [bytes] {
        void* block = checked(std::malloc(bytes));
        mark(block, bytes);
        const std::uint64_t good = is_marked(hidden(block), bytes);
        std::free(hidden(block));
        return good;
    };
}

/// n appends of an int64; the checksum as in Go's peer.
inline std::uint64_t append_all(std::vector<std::int64_t> list, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) list.push_back(static_cast<std::int64_t>(i));
    return static_cast<std::uint32_t>(static_cast<std::uint64_t>(list[n - 1]) + list.size());
}

inline auto set_up_grow(std::size_t n) {
    return [n] { return append_all({}, n); };
}

inline auto set_up_presized(std::size_t n) {
    return [n] {
        std::vector<std::int64_t> list;
        list.reserve(n);
        return append_all(std::move(list), n);
    };
}

/// A buffer that is emptied and filled again to the same size.
inline auto set_up_buffer(std::size_t bytes) {
    return [bytes, buffer = std::make_shared<std::string>()] {
        buffer->clear();
        for (std::size_t i = 0; i < bytes / 16; ++i) buffer->append("0123456789abcdef", 16);
        return static_cast<std::uint64_t>(buffer->size());
    };
}

}  // namespace lab::allocation
