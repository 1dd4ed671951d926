// What a program may declare, and what becomes of the values it returns.

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <list>
#include <memory>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "harness/harness.hpp"

namespace {

auto nothing() {
    return [] { return std::uint64_t{0}; };
}

TEST(Declaration, APairIsTimedOnce) {
    lab::Program program("topic");
    program.timed("a", "Case", nothing);
    EXPECT_NO_THROW(program.timed("b", "Case", nothing));
    EXPECT_THROW(program.timed("a", "Case", nothing), std::invalid_argument);
}

TEST(Declaration, TheHarnessOwnsEmptyAndTheAllocationCounts) {
    lab::Program program("topic");
    program.timed("a", "Case", nothing);
    EXPECT_THROW(program.timed("a", "Empty", nothing), std::invalid_argument);
    EXPECT_THROW(program.fact("a", "Case", "allocs/op", [] { return 1; }), std::invalid_argument);
    EXPECT_THROW(program.fact("a", "Case", "p99-ns", [] { return 1; }), std::invalid_argument);
    EXPECT_NO_THROW(program.fact("a", "Untimed", "allocs/op", [] { return 1; }));
}

TEST(Declaration, AFactIsDeclaredOnce) {
    lab::Program program("topic");
    program.fact("a", "Case", "one", [] { return 1; });
    EXPECT_NO_THROW(program.fact("a", "Case", "two", [] { return 2; }));
    EXPECT_THROW(program.fact("a", "Case", "one", [] { return 1; }), std::invalid_argument);
}

TEST(Declaration, BadNamesAreRefused) {
    lab::Program program("topic");
    EXPECT_THROW(program.timed("two words", "Case", nothing), std::invalid_argument);
    EXPECT_THROW(program.timed("a", "Case/n", nothing), std::invalid_argument);
    EXPECT_THROW(program.fact("a", "Case", "a unit", [] { return 1; }), std::invalid_argument);
    EXPECT_THROW(program.preload("two words", "lib.so"), std::invalid_argument);
}

TEST(Declaration, WhatIsTimedNeedNotBeCopied) {
    lab::Program program("topic");
    EXPECT_NO_THROW(program.timed("a", "Case", [] {
        return [number = std::make_unique<std::uint64_t>(3)] { return *number; };
    }));
}

TEST(Values, KeepTheirKind) {
    EXPECT_EQ(std::get<bool>(lab::to_value(true)), true);
    EXPECT_EQ(std::get<std::int64_t>(lab::to_value(std::uint8_t{7})), 7);
    EXPECT_EQ(std::get<double>(lab::to_value(0.5F)), 0.5);
    EXPECT_EQ(std::get<std::string>(lab::to_value("text")), "text");
    EXPECT_EQ(std::get<std::vector<std::int64_t>>(lab::to_value(std::list<unsigned>{1, 2})),
              (std::vector<std::int64_t>{1, 2}));
    EXPECT_EQ(std::get<std::vector<double>>(lab::to_value(std::vector<float>{0.5F})),
              std::vector<double>{0.5});
    EXPECT_EQ(std::get<lab::NotRun>(lab::to_value(lab::NotRun{"why"})).why, "why");
}

TEST(Values, ANumberTooBigIsAnError) {
    EXPECT_THROW(lab::to_value(std::numeric_limits<std::uint64_t>::max()), std::out_of_range);
}

TEST(Slowdown, RepeatsExactly) {
    for (int percent = 0; percent <= 100; ++percent) {
        lab::Slowdown slowdown(percent);
        int repeated = 0;
        for (int i = 0; i < 1000; ++i) repeated += slowdown.repeats() ? 1 : 0;
        EXPECT_EQ(repeated, percent * 10) << percent;
    }
}

}  // namespace
