// traces: which traces can be replayed, by looking where they are kept.
//
//   experiments/replay/traces/python.trace     the lab's own, made by record_traces
//   build/<preset>/traces/mine.trace           the user's, a link put there by `lab replay mine.trace`
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "layout.hpp"

namespace lab::replay {

struct NamedTrace {
    std::string name;  // as a case can have it
    std::filesystem::path path;
};

/// By name; of two with one name the user's. `program` is the file that this process runs from.
std::vector<NamedTrace> find_traces(const std::filesystem::path& program);

/// Reads and compiles apart from this process; throws std::runtime_error with one line.
Layout load(const std::filesystem::path& trace);

}  // namespace lab::replay
