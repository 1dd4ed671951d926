// build_info: how this program was made; the values come from CMake.

#pragma once

#include <string>

namespace lab {

struct BuildInfo {
    std::string compiler;
    std::string flags;
    std::string preset;
    bool native;
    std::string benchmark_version;
};

const BuildInfo& build_info();

/// Empty, or the sanitizer that is built in and brings a malloc of its own.
std::string sanitizer();

}  // namespace lab
