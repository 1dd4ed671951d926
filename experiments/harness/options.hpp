// options: the command line of docs/formats.md, read and checked against what a program declares.

#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "harness/harness.hpp"

namespace lab {

/// Bad arguments; what() is one line that says what, where and how to mend it. Exit status 2.
struct UsageError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

enum class Mode { alone, help, list, build, facts, lab, count, count_allocations };

struct Options {
    Mode mode = Mode::alone;
    std::string subject;             // empty: all, in Mode::alone only
    std::vector<std::string> cases;  // facts: empty means all of the subject
    std::int64_t count = 0;
    int batches = 3;
    int batch_ms = 20;
    int slowdown_percent = 0;
    std::vector<std::string> benchmark_flags;  // handed to Google Benchmark in Mode::alone
};

/// Throws UsageError.
Options read_options(const std::vector<std::string>& arguments, const Registry& registry);

/// The text of --help.
std::string help(const Registry& registry);

}  // namespace lab
