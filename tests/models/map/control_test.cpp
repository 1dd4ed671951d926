// control_test: every matching gives the sets that a loop over the bytes gives.

#include "models/map/control.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <random>
#include <vector>

namespace {

using namespace lab::go;

template <std::size_t Width, Matching How>
void agrees(const std::array<std::uint8_t, 16>& bytes, std::uint8_t sought) {
    std::uint32_t equal = 0;
    std::uint32_t tops = 0;
    for (std::size_t i = 0; i < Width; ++i) {
        equal |= std::uint32_t{bytes[i] == sought} << i;
        tops |= std::uint32_t{bytes[i] >= 0x80} << i;
    }
    const auto control = ControlBytes<Width, How>::load(bytes.data());
    ASSERT_EQ(control.equal(sought).bits(), equal);
    ASSERT_EQ(control.tops().bits(), tops);
}

TEST(Control, MatchingsAgreeWithALoop) {
    constexpr std::uint32_t seed = 1;
    std::mt19937 random(seed);
    for (int round = 0; round < 20'000; ++round) {
        std::array<std::uint8_t, 16> bytes;
        // Few values, next to each other: where a borrow or carry would cross to the next byte.
        const auto base = static_cast<std::uint8_t>(random());
        for (auto& byte : bytes) byte = static_cast<std::uint8_t>(base + random() % 3);
        for (int offset = -1; offset < 4; ++offset) {
            const auto sought = static_cast<std::uint8_t>(base + offset);
            agrees<8, Matching::portable>(bytes, sought);
            agrees<16, Matching::portable>(bytes, sought);
            agrees<8, k_best_matching>(bytes, sought);
            agrees<16, k_best_matching>(bytes, sought);
        }
    }
    if (k_best_matching == Matching::portable)
        std::puts("not run: this machine has no SIMD matching");
}

TEST(Control, ASetIsVisitedFromItsFirstSlotOn) {
    SlotSet set(0b1010'0110);
    EXPECT_EQ(set.count(), 4u);
    EXPECT_EQ(set.from(2).bits(), 0b1010'0100u);
    EXPECT_EQ(set.from(8).bits(), 0u);
    std::vector<std::size_t> slots;
    for (; set; set.drop_first()) slots.push_back(set.first());
    EXPECT_EQ(slots, (std::vector<std::size_t>{1, 2, 5, 7}));
}

}  // namespace
