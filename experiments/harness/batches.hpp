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
    bool tails = false;
};

/// Of the operations of a case with tails, each timed by itself: a quantile, or the slowest.
struct Tail {
    const char* metric;
    double share;
};
inline constexpr Tail k_tails[] = {
    {"p50-ns", 0.5}, {"p90-ns", 0.9}, {"p99-ns", 0.99}, {"p99.9-ns", 0.999}, {"max-ns", 1.0}};

/// Prints the batches of one case in the Go benchmark format, each with its tails if they are asked
/// for.
void print_batches(const std::string& case_name, Operation& operation, const BatchPlan& plan);

}  // namespace lab
