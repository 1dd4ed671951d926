// swiss_ops: the Swiss maps that map_ops is run with, small tables that split early among them.
#pragma once

#include <string>

#include "models/map/swiss_map.hpp"
#include "tests/models/map/map_ops.hpp"

namespace lab::test {

template <class Policy>
struct early_splits : Policy {
    static constexpr std::size_t k_max_groups = 2;
};

template <class Policy>
std::string run_swiss_ops_with(std::span<const std::uint8_t> bytes) {
    std::string difference;
    const auto run = [&]<class Map>(const char* types, Map*) {
        if (difference.empty()) difference = MapOps<Map>::run(bytes);
        if (!difference.empty() && difference[0] == 's') difference = types + (", " + difference);
    };
    run("int64", static_cast<go::swiss_map<std::int64_t, std::int64_t, Policy>*>(nullptr));
    run("double", static_cast<go::swiss_map<double, std::int64_t, Policy>*>(nullptr));
    run("string", static_cast<go::swiss_map<std::string, std::string, Policy>*>(nullptr));
    return difference;
}

/// The empty string, or what differs, with which policy and types.
inline std::string run_swiss_ops(std::span<const std::uint8_t> bytes) {
    using namespace go::swiss;
    constexpr auto portable = go::Matching::portable;
    std::string difference;
    const auto run = [&](const char* policy, std::string found) {
        if (difference.empty() && !found.empty()) difference = policy + (", " + found);
    };
    run("go", run_swiss_ops_with<go1_24<8>>(bytes));
    run("go portable", run_swiss_ops_with<early_splits<go1_24<8, portable>>>(bytes));
    run("go of 16", run_swiss_ops_with<early_splits<go1_24<16>>>(bytes));
    run("go early", run_swiss_ops_with<early_splits<go1_24<8>>>(bytes));
    run("tuned", run_swiss_ops_with<tuned<>>(bytes));
    run("tuned portable", run_swiss_ops_with<early_splits<tuned<portable>>>(bytes));
    return difference;
}

}  // namespace lab::test
