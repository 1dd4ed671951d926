// batches: the lab's own way through Google Benchmark: one warm-up, then batches of equal length.

#pragma once

#include <functional>
#include <string>
#include <vector>

#include "harness/operation.hpp"

namespace lab {

struct BatchPlan {
    int batches;
    int batch_ms;
    int slowdown_percent;
};

/// Prints the batches of one case in the Go benchmark format.
void print_batches(const std::string& case_name, Operation& operation, const BatchPlan& plan);

}  // namespace lab
