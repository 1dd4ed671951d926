// ThreadCache: what one thread may take and leave without a lock: per size class two chains.
//
//   slot      head -> obj -> obj -> null      malloc takes from it, free puts onto it
//   reserve   head -> obj -> ... -> null      a whole chain, waiting
//
//   free on a full slot:     slot becomes the reserve, the old reserve goes to the depot
//   malloc on an empty slot: the reserve becomes the slot, or a chain comes from the depot, or spans
//
// Go's cache holds one span a class, and allocates by the span's bits; it never takes objects back.
// Here both directions are hot, and two chains are the least that cannot thrash: after any exchange
// at least a chain's length of calls goes by before the next.
//
// A slot's capacity follows demand. Three exchanges in the same direction double it, a change of
// direction halves it: a thread that frees a thousand blocks in a row soon moves long chains, one
// that allocates and frees at random keeps short ones, and with them little idle memory.
//
// Invariants  room = capacity - length of the slot's chain. The cache that threads begin with has
//             neither objects nor room, so that the first call of either kind takes the slow path
//             and the fast paths need not ask whether there is a cache.
//             Its reciprocals are 0, so that free() takes every pointer for a strange one.
// Costs       16 bytes a class for the hot part, 32 for the rest.
// Threads     One owner, and others after its death.
#pragma once

#include "allocators/golike/object.hpp"
#include "allocators/golike/page_cache.hpp"
#include "allocators/golike/size_class.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace golike {

/// Objects that come from spans at once; also the least that a slot may hold.
constexpr std::uint32_t least_capacity(std::size_t size_class) {
    const std::size_t bytes = lab::go::k_classes[size_class].bytes;
    return static_cast<std::uint32_t>(std::clamp<std::size_t>((16 << 10) / bytes, 1, 128));
}
constexpr std::uint32_t most_capacity(std::size_t size_class) {
    const std::size_t bytes = lab::go::k_classes[size_class].bytes;
    return static_cast<std::uint32_t>(std::clamp<std::size_t>((256 << 10) / bytes, 8, 512));
}

struct ThreadCache {
    struct Slot {
        Object* head = nullptr;
        std::uint32_t room = 0;
        std::uint32_t reciprocal = 0;  // of the size; here, because free() has this cache line anyway
    };
    enum class Exchange : std::uint8_t { none, refill, flush };
    struct Reserve {
        Chain chain;
        std::uint32_t slot_capacity = 0;
        std::uint32_t capacity = 0;  // what the slot gets at the next exchange
        Exchange last = Exchange::none;
        std::uint8_t repeats = 0;
    };

    /// `offset` is a size class times 16, as the tables of the fast paths have it.
    Slot& slot_at(std::uint32_t offset) {
        static_assert(sizeof(Slot) == 16);
        return *reinterpret_cast<Slot*>(reinterpret_cast<char*>(slots.data()) + offset);
    }

    alignas(64) std::array<Slot, lab::go::k_size_classes> slots{};
    std::array<Reserve, lab::go::k_size_classes> reserves{};
    PageCache pages;
    ThreadCache* next = nullptr;  // all caches, whether a thread has them or not
    bool owned = false;

    void open() {
        for (std::size_t c = 1; c < slots.size(); ++c) {
            const std::uint32_t capacity = least_capacity(c);
            slots[c] = {nullptr, capacity, k_reciprocals[c]};
            reserves[c] = {};
            reserves[c].slot_capacity = reserves[c].capacity = capacity;
        }
    }

    /// Takes the slot's chain away; it has the reserve's capacity from now on.
    Chain empty_slot(std::size_t size_class) {
        Slot& slot = slots[size_class];
        Reserve& reserve = reserves[size_class];
        const Chain chain{slot.head, reserve.slot_capacity - slot.room};
        slot.head = nullptr;
        slot.room = reserve.slot_capacity = reserve.capacity;
        return chain;
    }

    /// Gives an empty slot a chain.
    void fill_slot(std::size_t size_class, Chain chain) {
        Reserve& reserve = reserves[size_class];
        reserve.slot_capacity = std::max(reserve.capacity, chain.count);
        slots[size_class].head = chain.head;
        slots[size_class].room = reserve.slot_capacity - chain.count;
    }

    /// An exchange with the depot or the spans is about to happen: learns from its direction.
    void adapt(std::size_t size_class, Exchange direction) {
        Reserve& reserve = reserves[size_class];
        if (reserve.last != direction) {
            reserve.last = direction;
            reserve.repeats = 0;
            reserve.capacity = std::max(reserve.capacity / 2, least_capacity(size_class));
        } else if (++reserve.repeats >= 2) {
            reserve.repeats = 1;
            reserve.capacity = std::min(reserve.capacity * 2, most_capacity(size_class));
        }
    }

    /// Objects in slot and reserve, as the owner or a reader at rest sees them.
    std::uint32_t held(std::size_t size_class) const {
        const Reserve& reserve = reserves[size_class];
        return reserve.slot_capacity - slots[size_class].room + reserve.chain.count;
    }
};

}  // namespace golike
