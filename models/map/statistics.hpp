// statistics: what a map counts of its own work, one type a choice; `none` is empty and costs nothing.
//
//   probe      a place looked at: a slot, a bucket or a group
//   compare    two keys compared
//   move       an entry moved by growth
#pragma once

#include <cstdint>

namespace lab::go::statistics {

struct none {
    static constexpr void probe(std::uint64_t = 1) {}
    static constexpr void compare() {}
    static constexpr void move() {}
};

struct counting {
    std::uint64_t probes = 0;
    std::uint64_t comparisons = 0;
    std::uint64_t moves = 0;

    constexpr void probe(std::uint64_t places = 1) { probes += places; }
    constexpr void compare() { ++comparisons; }
    constexpr void move() { ++moves; }
};

}  // namespace lab::go::statistics
