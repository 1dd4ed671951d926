// stand_alone: runs as any Google Benchmark program, with that library's own flags and output.

#pragma once

#include "harness/harness.hpp"
#include "harness/options.hpp"

namespace lab {

/// Names are <subject>/<case>. Without --subject, subjects that need a preload are left out and
/// named on stderr, since one process has one malloc. Returns the exit status; throws when a set-up
/// or an operation does.
int run_stand_alone(const Registry& registry, const Options& options, char* argv0);

}  // namespace lab
