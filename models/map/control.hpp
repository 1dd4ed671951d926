// control: compares a group's control bytes, 8 or 16 of them, with one byte at once.
//
//   bytes       0x80 0x17 0x17 0xfe 0x80 0x80 0x05 0x17
//   equal(0x17)   0    1    1    0    0    0    0    1     SlotSet: one bit a slot, slot 0 lowest
//
// Matching    simd: SSE2 or NEON; portable: eight bytes in a word. Both give the same sets, so that
//             counted probes and comparisons do not depend on the machine.
// Costs       simd: load, compare, move mask. portable: some ten operations for eight bytes.
// Rejected    A mask of a byte a slot where there is no SIMD, as Go has it: it spares a
//             multiplication but may name slots that do not match.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__ARM_NEON) && defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace lab::go {

static_assert(std::endian::native == std::endian::little, "slot 0 is a word's lowest byte");

/// A set of a group's slots, visited from slot 0 on.
class SlotSet {
   public:
    constexpr explicit SlotSet(std::uint32_t bits) : bits_(bits) {}
    constexpr explicit operator bool() const { return bits_ != 0; }
    /// The first slot; the set must not be empty.
    constexpr std::size_t first() const { return static_cast<std::size_t>(__builtin_ctz(bits_)); }
    constexpr void drop_first() { bits_ &= bits_ - 1; }
    constexpr std::size_t count() const { return static_cast<std::size_t>(std::popcount(bits_)); }
    constexpr SlotSet from(std::size_t slot) const { return SlotSet(bits_ >> slot << slot); }
    constexpr std::uint32_t bits() const { return bits_; }

   private:
    std::uint32_t bits_;
};

enum class Matching { portable, simd };

namespace detail {

inline constexpr std::uint64_t k_every_byte = 0x0101010101010101;
inline constexpr std::uint64_t k_every_top = 0x8080808080808080;

/// One bit a byte from the top bits of eight bytes.
constexpr std::uint32_t gather_tops(std::uint64_t word) {
    return static_cast<std::uint32_t>(((word & k_every_top) >> 7) * 0x0102040810204080 >> 56);
}

/// The top bit of each byte that equals `byte`, and no other bit.
constexpr std::uint64_t tops_of_equal(std::uint64_t word, std::uint8_t byte) {
    const std::uint64_t differs = word ^ (k_every_byte * byte);
    return ~(((differs & ~k_every_top) + ~k_every_top) | differs) & k_every_top;
}

template <std::size_t Width, Matching How>
struct Bytes;

template <std::size_t Width>
struct Bytes<Width, Matching::portable> {
    std::uint64_t words[Width / 8];

    static Bytes load(const std::uint8_t* from) {
        Bytes bytes;
        std::memcpy(bytes.words, from, Width);
        return bytes;
    }
    SlotSet equal(std::uint8_t byte) const {
        std::uint32_t bits = 0;
        for (std::size_t i = 0; i < Width / 8; ++i)
            bits |= gather_tops(tops_of_equal(words[i], byte)) << (8 * i);
        return SlotSet(bits);
    }
    SlotSet tops() const {
        std::uint32_t bits = 0;
        for (std::size_t i = 0; i < Width / 8; ++i) bits |= gather_tops(words[i]) << (8 * i);
        return SlotSet(bits);
    }
};

#if defined(__SSE2__)

inline constexpr Matching k_best_matching = Matching::simd;

template <std::size_t Width>
struct Bytes<Width, Matching::simd> {
    __m128i lanes;

    static Bytes load(const std::uint8_t* from) {
        if constexpr (Width == 8) return {_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from))};
        return {_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))};
    }
    SlotSet equal(std::uint8_t byte) const {
        // A multiplication and one shuffle: three shuffles without it, as SSE2 has no byte broadcast.
        const auto four = static_cast<int>(byte * std::uint32_t{0x01010101});
        return packed(_mm_cmpeq_epi8(lanes, _mm_set1_epi32(four)));
    }
    SlotSet tops() const { return packed(lanes); }

   private:
    static SlotSet packed(__m128i tops) {
        const auto bits = static_cast<std::uint32_t>(_mm_movemask_epi8(tops));
        return SlotSet(Width == 8 ? bits & 0xff : bits);
    }
};

#elif defined(__ARM_NEON) && defined(__aarch64__)

inline constexpr Matching k_best_matching = Matching::simd;

template <std::size_t Width>
struct Bytes<Width, Matching::simd> {
    uint8x16_t lanes;

    static Bytes load(const std::uint8_t* from) {
        if constexpr (Width == 8) return {vcombine_u8(vld1_u8(from), vdup_n_u8(0))};
        return {vld1q_u8(from)};
    }
    SlotSet equal(std::uint8_t byte) const { return packed(vceqq_u8(lanes, vdupq_n_u8(byte))); }
    SlotSet tops() const { return packed(lanes); }

   private:
    static SlotSet packed(uint8x16_t tops) {
        const uint64x2_t words = vreinterpretq_u64_u8(tops);
        const std::uint32_t low = gather_tops(vgetq_lane_u64(words, 0));
        if constexpr (Width == 8) return SlotSet(low);
        return SlotSet(low | gather_tops(vgetq_lane_u64(words, 1)) << 8);
    }
};

#else

inline constexpr Matching k_best_matching = Matching::portable;

#endif

}  // namespace detail

/// The fastest that this machine has.
inline constexpr Matching k_best_matching = detail::k_best_matching;

/// Width control bytes, read once: load(), equal(byte), tops() (the slots whose top bit is set).
template <std::size_t Width, Matching How = k_best_matching>
using ControlBytes = detail::Bytes<Width, How>;

}  // namespace lab::go
