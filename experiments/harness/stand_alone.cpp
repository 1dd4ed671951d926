#include "harness/stand_alone.hpp"

#include <algorithm>
#include <iostream>
#include <set>

namespace lab {

namespace {

// What one case has set up; the next case frees it, so that only one is in memory.
struct Current {
    const TimedCase* timed = nullptr;
    std::unique_ptr<Operation> operation;
};

bool is_preloaded(const Registry& registry, const std::string& subject) {
    return std::ranges::any_of(registry.preloads,
                               [&](const Preload& preload) { return preload.subject == subject; });
}

// Google Benchmark answers a wrong format with its help text and status 0.
void check_formats(const std::vector<std::string>& flags) {
    const std::set<std::string> formats{"console", "json", "csv"};
    for (const std::string& flag : flags) {
        const std::size_t equals = flag.find('=');
        const std::string name = flag.substr(0, equals);
        if (name != "--benchmark_format" && name != "--benchmark_out_format") continue;
        if (equals == std::string::npos || !formats.contains(flag.substr(equals + 1))) {
            throw UsageError(flag + ": give console, json or csv");
        }
    }
}

// Google Benchmark keeps the pointer argv0; it must live as long as the process.
void initialize(std::vector<std::string> flags, char* argv0) {
    check_formats(flags);
    std::vector<char*> pointers{argv0};
    for (std::string& flag : flags) pointers.push_back(flag.data());
    int count = static_cast<int>(pointers.size());
    pointers.push_back(nullptr);
    benchmark::Initialize(&count, pointers.data());
    if (count > 1) {
        throw UsageError(std::string(pointers[1]) + ": Google Benchmark knows no such flag or value");
    }
}

}  // namespace

int run_stand_alone(const Registry& registry, const Options& options, char* argv0) {
    initialize(options.benchmark_flags, argv0);
    Current current;
    std::set<std::string> left_out;
    for (const TimedCase& timed : registry.timed) {
        if (!options.subject.empty() && timed.subject != options.subject) continue;
        if (options.subject.empty() && is_preloaded(registry, timed.subject)) {
            if (left_out.insert(timed.subject).second) {
                std::cerr << registry.topic << ": " << timed.subject
                          << " is left out; it runs with --subject=" << timed.subject << '\n';
            }
            continue;
        }
        benchmark::RegisterBenchmark(
            (timed.subject + "/" + timed.name).c_str(), [&](benchmark::State& state) {
                if (current.timed != &timed) {
                    current.operation.reset();
                    current.operation = timed.set_up();
                    current.timed = &timed;
                }
                current.operation->run(state, options.slowdown_percent);
            });
    }
    const std::size_t ran = benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return ran == 0 ? 2 : 0;  // Google Benchmark has said why
}

}  // namespace lab
