// swiss: Go's map since 1.24 in C++, as Go has it, with groups of 16, and tuned.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "models/map/statistics.hpp"
#include "models/map/swiss_map.hpp"
#include "offer_model.hpp"

namespace lab::maps {

namespace {

using go::statistics::counting;

template <class Policy>
struct Swiss {
    template <class K>
    using Map = go::swiss_map<K, std::int64_t, Policy>;
    template <class K>
    using Counting = go::swiss_map<K, std::int64_t, Policy, go::seeded_hash<K>, std::equal_to<K>, counting>;
};

template <class Policy>
void offer_swiss(Program& program, const std::string& subject) {
    offer_model<Swiss<Policy>>(program, subject, "groups", [](auto& map) {
        std::size_t groups = 0;
        map.directory().for_each([&](const auto* table) { groups += table->mask + 1; });
        return std::max<std::size_t>(groups, 1);
    });
}

/// Tables that never split: all entries move at once.
struct OneTable : go::swiss::tuned<> {
    static constexpr std::size_t k_max_groups = std::size_t{1} << 40;
};

}  // namespace

void offer_swiss_models(Program& program) {
    offer_swiss<go::swiss::go1_24<>>(program, "model/go1.24");
    offer_swiss<go::swiss::go1_24<16>>(program, "model/go1.24-wide");
    offer_swiss<go::swiss::tuned<>>(program, "model/swiss");
    using Tuned = Swiss<go::swiss::tuned<>>::Map<std::int64_t>;
    for (std::size_t n = 10; n <= 10'000'000; n *= 10) {
        program.timed("model/swiss/ahead", name_of<RandomInts>("Hit", n),
                      [n] { return set_up_hit_ahead<Tuned, RandomInts>(n); });
    }
    offer_latency<Swiss<OneTable>::Map<std::int64_t>>(program, "model/swiss-one-table");
}

}  // namespace lab::maps
