#include "harness/stand_alone.hpp"

#include <algorithm>
#include <iostream>
#include <set>
#include <sstream>

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

// Collects what Google Benchmark says on stderr, to put it into the one line of an error.
class CaptureStderr {
   public:
    CaptureStderr() : before_(std::cerr.rdbuf(text_.rdbuf())) {}
    ~CaptureStderr() { std::cerr.rdbuf(before_); }
    CaptureStderr(const CaptureStderr&) = delete;
    CaptureStderr& operator=(const CaptureStderr&) = delete;

    std::string text() const { return text_.str(); }

   private:
    std::ostringstream text_;
    std::streambuf* before_;
};

// Google Benchmark keeps the pointer argv0; it must live as long as the process.
void initialize(std::vector<std::string> flags, char* argv0) {
    check_formats(flags);
    std::vector<char*> pointers{argv0};
    for (std::string& flag : flags) pointers.push_back(flag.data());
    int count = static_cast<int>(pointers.size());
    pointers.push_back(nullptr);
    const CaptureStderr said;
    benchmark::Initialize(&count, pointers.data());
    if (count > 1) {
        const std::string why =
            said.text().empty() ? "Google Benchmark knows no such flag" : said.text();
        throw UsageError(std::string(pointers[1]) + ": " + why);
    }
}

// What to run; subjects that need a malloc of their own only if one is named.
std::vector<const TimedCase*> chosen(const Registry& registry, const Options& options,
                                     std::set<std::string>& left_out) {
    std::vector<const TimedCase*> cases;
    for (const TimedCase& timed : registry.timed) {
        if (!options.subject.empty() && timed.subject != options.subject) continue;
        if (options.subject.empty() && is_preloaded(registry, timed.subject)) {
            left_out.insert(timed.subject);
        } else {
            cases.push_back(&timed);
        }
    }
    return cases;
}

}  // namespace

int run_stand_alone(const Registry& registry, const Options& options, char* argv0) {
    initialize(options.benchmark_flags, argv0);
    Current current;
    std::set<std::string> left_out;
    for (const TimedCase* timed : chosen(registry, options, left_out)) {
        const std::string name = timed->subject + "/" + timed->name;
        benchmark::RegisterBenchmark(name.c_str(), [&current, &options, timed](auto& state) {
            if (current.timed != timed) {
                current.operation.reset();
                current.operation = set_up(*timed);
                current.timed = timed;
            }
            current.operation->run(state, options.slowdown_percent);
        });
    }
    const std::size_t ran = benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    if (ran == 0) return 2;  // Google Benchmark has said why
    for (const std::string& subject : left_out) {
        std::cerr << registry.topic << ": " << subject
                  << " was left out; it runs with --subject=" << subject << '\n';
    }
    return 0;
}

}  // namespace lab
