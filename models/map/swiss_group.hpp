// swiss_group: what the control bytes of a group mean, one type a choice.
//
//   TombstoneGroup<8>    [0x80 empty | 0xfe deleted | 0hhhhhhh full] x 8           Go 1.24, Abseil
//   OverflowGroup        [0 empty | 1..255 full] x 15, [a bit an eighth of hashes]  Boost, F14
//
// A probe must know when it may stop. With tombstones it stops at a group that has an empty slot,
// so a slot freed in a full group must not look empty. With overflow bits it stops at a group that
// no key with this eighth of the hashes ever had to pass by; a freed slot is simply empty.
//
// Invariants  A group with a deleted slot has no empty one. A key lies in the first group of its
//             probe sequence that had a free slot, and all groups before it say so.
// Costs       A miss in a table that is 7/8 full visits 2.7 groups of 8 slots with tombstones, 2.2
//             groups of 16, and 1.1 groups of 15 with overflow bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "models/map/control.hpp"

namespace lab::go {

template <std::size_t Width, Matching How = k_best_matching>
class TombstoneGroup {
   public:
    static constexpr std::size_t k_width = Width;
    static constexpr std::size_t k_slots = Width;
    static constexpr unsigned k_tag_bits = 7;
    static constexpr bool k_tombstones = true;

    static std::uint8_t tag(std::uint64_t hash) { return hash & 0x7f; }
    static bool is_full(std::uint8_t byte) { return byte < k_empty; }
    static bool is_deleted(std::uint8_t byte) { return byte == k_deleted; }
    static void reset(std::uint8_t* control) { std::memset(control, k_empty, Width); }

    explicit TombstoneGroup(const std::uint8_t* control)
        : bytes_(ControlBytes<Width, How>::load(control)) {}

    SlotSet matching(std::uint8_t tag) const { return bytes_.equal(tag); }
    SlotSet free() const { return bytes_.tops(); }
    SlotSet full() const { return SlotSet(bytes_.tops().bits() ^ ((1U << Width) - 1)); }
    bool ends_probe(std::uint64_t) const { return static_cast<bool>(bytes_.equal(k_empty)); }

    /// A new key goes past this full group.
    static void pass_by(std::uint8_t*, std::uint64_t) {}
    /// Frees a slot; the group may be alone in its table. Returns whether it counts as never used.
    static bool vacate(std::uint8_t* control, std::size_t slot, std::uint64_t hash, bool alone) {
        const bool clean = alone || TombstoneGroup(control).ends_probe(hash);
        control[slot] = clean ? k_empty : k_deleted;
        return clean;
    }

    static constexpr std::uint8_t k_empty = 0x80;
    static constexpr std::uint8_t k_deleted = 0xfe;

   private:
    ControlBytes<Width, How> bytes_;
};

template <Matching How = k_best_matching>
class OverflowGroup {
   public:
    static constexpr std::size_t k_width = 16;
    static constexpr std::size_t k_slots = 15;
    static constexpr unsigned k_tag_bits = 8;
    static constexpr bool k_tombstones = false;

    static std::uint8_t tag(std::uint64_t hash) {
        const auto byte = static_cast<std::uint8_t>(hash);
        return static_cast<std::uint8_t>(byte + (byte == k_empty));
    }
    static bool is_full(std::uint8_t byte) { return byte != k_empty; }
    static bool is_deleted(std::uint8_t) { return false; }
    static void reset(std::uint8_t* control) { std::memset(control, k_empty, k_width); }

    explicit OverflowGroup(const std::uint8_t* control)
        : bytes_(ControlBytes<16, How>::load(control)), overflow_(control[k_slots]) {}

    SlotSet matching(std::uint8_t tag) const {
        return SlotSet(bytes_.equal(tag).bits() & k_all_slots);
    }
    SlotSet free() const { return SlotSet(bytes_.equal(k_empty).bits() & k_all_slots); }
    SlotSet full() const { return SlotSet(~bytes_.equal(k_empty).bits() & k_all_slots); }
    bool ends_probe(std::uint64_t hash) const { return (overflow_ >> eighth(hash) & 1) == 0; }

    static void pass_by(std::uint8_t* control, std::uint64_t hash) {
        control[k_slots] = static_cast<std::uint8_t>(control[k_slots] | 1U << eighth(hash));
    }
    static bool vacate(std::uint8_t* control, std::size_t slot, std::uint64_t hash, bool) {
        control[slot] = k_empty;
        return OverflowGroup(control).ends_probe(hash);
    }

   private:
    static constexpr std::uint32_t k_all_slots = 0x7fff;
    static constexpr std::uint8_t k_empty = 0;

    static unsigned eighth(std::uint64_t hash) { return static_cast<unsigned>(hash & 7); }

    ControlBytes<16, How> bytes_;
    std::uint32_t overflow_;
};

}  // namespace lab::go
