#include "harness/batches.hpp"

#include <sched.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <span>
#include <stdexcept>

namespace lab {

namespace {

// Aim a little over the length asked for, so that a batch is rarely shorter.
constexpr double k_aim = 1.05;
// A run of at least this part of a batch tells how many operations a batch needs.
constexpr double k_long_enough = 0.3;
constexpr double k_growth_at_most = 10.0;
// A first batch shorter than this part, because the pace has risen since, counts as warm-up.
constexpr double k_too_short = 0.9;
constexpr int k_corrections_at_most = 2;
// Operations timed one by one after each batch: a hundred of them lie beyond p99.9.
constexpr std::size_t k_tail_operations = 100'000;

struct Run {
    std::int64_t iterations = 0;
    double seconds = 0;
    std::uint64_t checksum = 0;

    double seconds_per_op() const { return seconds / static_cast<double>(iterations); }
};

// Takes the one run out of Google Benchmark instead of printing it.
class Collector final : public benchmark::BenchmarkReporter {
   public:
    bool ReportContext(const Context&) override { return true; }
    void ReportRuns(const std::vector<BenchmarkReporter::Run>& runs) override {
        for (const auto& run : runs) {
            collected.iterations = run.iterations;
            collected.seconds = run.real_accumulated_time;
        }
    }
    lab::Run collected;
};

lab::Run run_once(Operation& operation, std::int64_t iterations, int slowdown_percent) {
    Collector collector;
    benchmark::RegisterBenchmark("batch",
                                 [&](benchmark::State& state) {
                                     collector.collected.checksum =
                                         operation.run(state, slowdown_percent);
                                 })
        ->Iterations(iterations)
        ->Repetitions(1)
        ->UseRealTime();
    benchmark::RunSpecifiedBenchmarks(&collector, ".");
    benchmark::ClearRegisteredBenchmarks();
    if (collector.collected.iterations != iterations) {
        throw std::runtime_error("Google Benchmark did not run the batch it was asked for");
    }
    return collector.collected;
}

// Operations that fill a batch at the pace of `run`.
std::int64_t iterations_for(double batch_s, const Run& run) {
    const double wanted = std::ceil(k_aim * batch_s / std::max(run.seconds_per_op(), 1e-12));
    return std::max<std::int64_t>(1, static_cast<std::int64_t>(wanted));
}

// Runs ever longer until the pace is known: this is the warm-up too. An operation that takes longer
// than a batch runs once.
std::int64_t calibrate(Operation& operation, double batch_s, int slowdown_percent) {
    std::int64_t iterations = 1;
    for (;;) {
        const Run run = run_once(operation, iterations, slowdown_percent);
        if (run.seconds >= k_long_enough * batch_s) return iterations_for(batch_s, run);
        const double grown = static_cast<double>(iterations) * k_growth_at_most;
        const double half_a_batch = static_cast<double>(iterations_for(batch_s, run)) / 2;
        const auto next = static_cast<std::int64_t>(std::min(grown, half_a_batch));
        iterations = std::max(iterations + 1, next);
    }
}

// Go prints GOMAXPROCS after the name: the processors this process may use.
int processors() {
    cpu_set_t set;
    CPU_ZERO(&set);
    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

// The operations go on where the batch stopped. The times stand in static memory, touched before,
// since memory of their own would change the malloc that may be under test.
std::string tails_of(Operation& operation, int slowdown_percent) {
    static std::array<double, k_tail_operations> each_ns;
    each_ns.fill(0);
    operation.run(std::span<double>(each_ns), slowdown_percent);
    std::ranges::sort(each_ns);
    std::string text;
    for (const Tail& tail : k_tails) {
        const auto rank = static_cast<std::size_t>(std::ceil(tail.share * k_tail_operations - 1e-6));
        char number[64];
        std::snprintf(number, sizeof number, "%.1f ", each_ns[rank - 1]);
        text += number + std::string(tail.metric) + '\t';
    }
    return text;
}

void print(const std::string& case_name, const Run& run, const std::string& tails) {
    const double ns = run.seconds_per_op() * 1e9;
    const int decimals = ns < 10 ? 4 : ns < 100 ? 3 : ns < 1000 ? 2 : 1;
    char time[64];
    std::snprintf(time, sizeof time, "%.*f", decimals, ns);
    std::cout << "Benchmark" << case_name << '-' << processors() << '\t' << run.iterations << '\t'
              << time << " ns/op\t" << tails << (run.checksum & 0xffffffffU) << " checksum" << std::endl;
}

}  // namespace

void print_batches(const std::string& case_name, Operation& operation, const BatchPlan& plan) {
    const double batch_s = plan.batch_ms / 1000.0;
    std::int64_t iterations = calibrate(operation, batch_s, plan.slowdown_percent);
    Run run = run_once(operation, iterations, plan.slowdown_percent);
    for (int i = 0; i < k_corrections_at_most && run.seconds < k_too_short * batch_s; ++i) {
        iterations = iterations_for(batch_s, run);
        run = run_once(operation, iterations, plan.slowdown_percent);
    }
    for (int batch = 0; batch < plan.batches; ++batch) {
        if (batch > 0) run = run_once(operation, iterations, plan.slowdown_percent);
        print(case_name, run, plan.tails ? tails_of(operation, plan.slowdown_percent) : "");
    }
}

}  // namespace lab
