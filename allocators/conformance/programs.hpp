// programs: real programs that must not notice which malloc they run on.
//
// programs/<name>.sh makes <name> work and prints what came of it: the same at every run. It runs
// twice, in a folder of its own: as it is, and with the library preloaded. A witness preloaded both
// times (allocators/preload) notes who serves malloc in every process.

#pragma once

#include <string>
#include <vector>

namespace lab::conformance {

/// How a program took the library.
struct Work {
    std::string not_run;  // why it cannot be told here; else empty
    bool unchanged = false;
    std::string detail;
};

/// One for each script of programs/, in rising order.
std::vector<std::string> program_names();

/// Throws std::runtime_error when no process can be started.
Work run_program(const std::string& name, const std::string& library, int timeout_s);

}  // namespace lab::conformance
