// facts: prints what is exact or counted, as JSON lines.
//
// Allocations are counted in a process of their own, so that counting costs no other fact anything.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/harness.hpp"
#include "harness/options.hpp"

namespace lab {

/// The facts that every timed case has besides its time.
inline constexpr const char* k_allocs_per_op = "allocs/op";
inline constexpr const char* k_bytes_per_op = "B/op";

void print_list(const Registry& registry);
void print_build(const Registry& registry);

/// Facts of the subject; with `not_run` each of them says why it is not there.
void print_facts(const Registry& registry, const Options& options,
                 const std::optional<NotRun>& not_run);

/// Runs in the process that print_facts starts under the allocation counter.
void print_allocations(const Registry& registry, const Options& options);

}  // namespace lab
