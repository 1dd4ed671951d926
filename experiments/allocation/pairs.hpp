// pairs: blocks that are freed at once, or in batches, at one size or swept over sizes.

#pragma once

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include "memory.hpp"

namespace lab::allocation {

/// Allocate, mark, free; the same block again and again. Returns how many came back as marked.
template <class Memory>
std::uint64_t lifo(Memory& memory, std::size_t bytes, std::size_t pairs) {
    std::uint64_t good = 0;
    for (std::size_t i = 0; i < pairs; ++i) {
        void* block = memory.allocate(bytes, 0);
        mark(block, i);
        good += is_marked(hidden(block), i);
        memory.release(block);
    }
    return good;
}

/// Allocates as many blocks as `order` has places and frees them in that order.
template <class Memory>
std::uint64_t batch(Memory& memory, std::size_t bytes, const std::vector<std::uint32_t>& order,
                    std::vector<void*>& blocks) {
    for (std::size_t i = 0; i < blocks.size(); ++i) {
        blocks[i] = memory.allocate(bytes, i);
        mark(blocks[i], i);
    }
    std::uint64_t good = 0;
    for (const std::uint32_t i : order) {
        good += is_marked(blocks[i], i);
        memory.release(blocks[i]);
    }
    return good;
}

enum class Order { forward, shuffled };

inline std::vector<std::uint32_t> places(std::size_t count, Order order) {
    std::vector<std::uint32_t> list(count);
    std::iota(list.begin(), list.end(), std::uint32_t{0});
    Rng rng{42};
    for (std::size_t i = count; order == Order::shuffled && i > 1; --i) {
        std::swap(list[i - 1], list[rng.below(i)]);
    }
    return list;
}

template <class Memory>
auto set_up_lifo(std::size_t bytes, std::size_t pairs) {
    return [=, memory = Memory(1, k_touched_bytes)]() mutable { return lifo(memory, bytes, pairs); };
}

template <class Memory>
auto set_up_batch(std::size_t bytes, Order order, std::size_t n) {
    return [=, memory = Memory(n, k_touched_bytes), freeing = places(n, order),
            blocks = std::vector<void*>(n)]() mutable { return batch(memory, bytes, freeing, blocks); };
}

/// Every power of two from 8 bytes to `until`, as many pairs at each.
template <class Memory>
auto set_up_lifo_sweep(std::size_t until) {
    return [=, memory = Memory(1, k_touched_bytes)]() mutable {
        std::uint64_t good = 0;
        for (std::size_t bytes = 8; bytes <= until; bytes *= 2) good += lifo(memory, bytes, 100);
        return good;
    };
}

template <class Memory>
auto set_up_batch_sweep(std::size_t until) {
    return [=, memory = Memory(100, k_touched_bytes), freeing = places(100, Order::forward),
            blocks = std::vector<void*>(100)]() mutable {
        std::uint64_t good = 0;
        for (std::size_t bytes = 8; bytes <= until; bytes *= 2) good += batch(memory, bytes, freeing, blocks);
        return good;
    };
}

/// A block and, for comparison, the same bytes on the stack.
template <class Memory>
auto set_up_object_on_heap(std::size_t bytes) {
    return [=, memory = Memory(1, k_touched_bytes)]() mutable { return lifo(memory, bytes, 1); };
}

template <std::size_t Bytes>
auto set_up_object_on_stack() {
    return [] {
        alignas(8) char object[Bytes];
        void* at = hidden(static_cast<void*>(object));
        mark(at, 0);
        return is_marked(hidden(at), 0);
    };
}

}  // namespace lab::allocation
