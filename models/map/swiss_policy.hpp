// swiss_policy: the choices in which Swiss maps differ, one struct a kind of map.
//
//   go1_24       groups of 8 with tombstones, beside their slots; tables of up to 1024 slots
//   go1_24<16>   the same with groups of 16
//   tuned        groups of 15 with overflow bits, control bytes apart; tables of up to 960 slots
#pragma once

#include <cstddef>

#include "models/map/memory.hpp"
#include "models/map/swiss_group.hpp"
#include "models/map/swiss_table.hpp"
#include "models/map/writing.hpp"

namespace lab::go::swiss {

template <std::size_t Width = 8, Matching How = k_best_matching>
struct go1_24 {
    using Group = TombstoneGroup<Width, How>;
    using Memory = memory::plain;
    static constexpr Layout k_layout = Layout::interleaved;
    static constexpr std::size_t k_max_groups = 1024 / Width;  // then a table is split
    static constexpr std::size_t k_rebuild_32nds = 0;  // emptier than this: rebuilt, not grown
    static constexpr bool k_eager_growth = true;  // a full single group grows before any look-up
    static constexpr bool k_prefetch = false;     // a group's slots, with its control bytes
    static constexpr Watch k_watch = Watch::on;
};

template <Matching How = k_best_matching>
struct tuned {
    using Group = OverflowGroup<How>;
    using Memory = memory::plain;
    static constexpr Layout k_layout = Layout::apart;
    static constexpr std::size_t k_max_groups = 64;
    static constexpr std::size_t k_rebuild_32nds = 25;
    static constexpr bool k_eager_growth = false;
    static constexpr bool k_prefetch = false;
    static constexpr Watch k_watch = Watch::off;
};

}  // namespace lab::go::swiss
