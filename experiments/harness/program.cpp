#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "harness/batches.hpp"
#include "harness/facts.hpp"
#include "harness/harness.hpp"
#include "harness/options.hpp"
#include "harness/preload.hpp"
#include "harness/stand_alone.hpp"

namespace lab {

namespace {

constexpr const char* k_empty = "Empty";

template <class Cases>
auto find_case(Cases& cases, const std::string& subject, const std::string& name) {
    return std::ranges::find_if(
        cases, [&](const auto& known) { return known.subject == subject && known.name == name; });
}

// An operation that does nothing: the floor of the harness, once for every subject that is timed.
void add_empty(Registry& registry) {
    std::vector<std::string> subjects;
    for (const TimedCase& timed : registry.timed) {
        if (std::ranges::find(subjects, timed.subject) == subjects.end()) {
            subjects.push_back(timed.subject);
        }
    }
    if (subjects.empty()) subjects.push_back("harness");
    for (const std::string& subject : subjects) {
        if (find_case(registry.timed, subject, k_empty) != registry.timed.end()) continue;
        auto nothing = [] { return [] { return std::uint64_t{0}; }; };
        registry.timed.push_back({subject, k_empty, [nothing]() mutable {
                                      return std::make_unique<OperationOf<decltype(nothing)>>(
                                          nothing);
                                  }});
    }
}

bool is_tail(const std::string& metric) {
    return std::ranges::any_of(k_tails, [&](const Tail& tail) { return metric == tail.metric; });
}

void run_case(const Registry& registry, const Options& options, const std::string& name) {
    const auto timed = find_case(registry.timed, options.subject, name);
    const std::unique_ptr<Operation> operation = set_up(*timed);
    print_batches(name, *operation, {.batches = options.batches,
                                     .batch_ms = options.batch_ms,
                                     .slowdown_percent = options.slowdown_percent,
                                     .tails = timed->tails});
}

// Every case runs in a child of its own. In one process, what earlier cases left behind in malloc
// (glibc moves its mmap threshold with every large free) changed the time of a later one tenfold.
// The child returns from here too; the parent ends as the first child that did not end well.
int run_lab(const Registry& registry, const Options& options) {
    std::cout << "subject: " << options.subject << std::endl;
    const pid_t parent = getpid();
    for (const std::string& name : options.cases) {
        const pid_t child = fork();
        if (child < 0) throw std::system_error(errno, std::generic_category(), "fork");
        if (child == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (getppid() == parent) run_case(registry, options, name);
            return 0;
        }
        int status = 0;
        while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
        }
        if (WIFSIGNALED(status)) {
            std::signal(WTERMSIG(status), SIG_DFL);
            raise(WTERMSIG(status));
        }
        if (status != 0) return WEXITSTATUS(status);
    }
    return 0;
}

void run_count(const Registry& registry, const Options& options) {
    const auto timed = find_case(registry.timed, options.subject, options.cases.front());
    const std::unique_ptr<Operation> operation = set_up(*timed);
    const std::uint64_t checksum = operation->run(options.count, options.slowdown_percent);
    std::cout << (checksum & 0xffffffffU) << std::endl;
}

// Restarts under the subject's malloc if it has one; the reason if that cannot be.
std::optional<NotRun> prepare_malloc(const Registry& registry, const Options& options,
                                     char** argv) {
    for (const Preload& preload : registry.preloads) {
        if (preload.subject != options.subject) continue;
        // The proof was given by the parent; here the counter stands in front of the library.
        if (options.mode == Mode::count_allocations && restarted_for(preload.library)) return {};
        return serve_malloc_with(preload.subject, preload.library, argv);
    }
    return {};
}

// Returns the exit status.
int run(const Registry& registry, const Options& options, char** argv) {
    const bool runs_nothing =
        options.mode == Mode::help || options.mode == Mode::list || options.mode == Mode::build;
    std::optional<NotRun> not_run;
    if (!runs_nothing) not_run = prepare_malloc(registry, options, argv);
    if (not_run && options.mode != Mode::facts) {
        throw std::runtime_error(options.subject + ": not run: " + not_run->why);
    }
    switch (options.mode) {
        case Mode::help:
            std::cout << help(registry);
            break;
        case Mode::list:
            print_list(registry);
            break;
        case Mode::build:
            print_build(registry);
            break;
        case Mode::facts:
            print_facts(registry, options, not_run);
            break;
        case Mode::lab:
            return run_lab(registry, options);
        case Mode::count:
            run_count(registry, options);
            break;
        case Mode::count_allocations:
            print_allocations(registry, options);
            break;
        case Mode::alone:
            return run_stand_alone(registry, options, argv[0]);
    }
    return 0;
}

// One write, so that the lines of two processes never mix.
int fail(const Registry& registry, const std::string& message, int status) {
    std::string line = registry.topic + ": " + message;
    std::ranges::replace(line, '\n', ' ');
    std::cout.exceptions(std::ios::goodbit);  // the flush at exit must not throw
    std::cerr << line + "\n" << std::flush;
    return status;
}

}  // namespace

std::unique_ptr<Operation> set_up(const TimedCase& timed) {
    const std::string where = "set-up of " + timed.name + " for " + timed.subject + ": ";
    try {
        return timed.set_up();
    } catch (const std::bad_alloc&) {
        throw std::runtime_error(where + "out of memory");
    } catch (const std::exception& error) {
        throw std::runtime_error(where + error.what());
    }
}

Program::Program(std::string topic) { registry_.topic = std::move(topic); }

void Program::add(TimedCase timed) {
    check_subject(timed.subject);
    check_case(timed.name);
    if (timed.name == k_empty) {
        throw std::invalid_argument(
            "case 'Empty': the harness adds it to every timed subject itself");
    }
    if (find_case(registry_.timed, timed.subject, timed.name) != registry_.timed.end()) {
        throw std::invalid_argument("case '" + timed.name + "' of subject '" + timed.subject +
                                    "': timed twice; one pair has one operation");
    }
    registry_.timed.push_back(std::move(timed));
}

void Program::add(FactCase fact) {
    check_subject(fact.subject);
    check_case(fact.name);
    check_metric(fact.metric);
    const auto timed = find_case(registry_.timed, fact.subject, fact.name);
    if (timed != registry_.timed.end()) {
        const std::string what = "fact '" + fact.metric + "' of case '" + fact.name + "': ";
        if (fact.metric == k_allocs_per_op || fact.metric == k_bytes_per_op) {
            throw std::invalid_argument(what + "the harness counts it for every timed case");
        }
        if (is_tail(fact.metric)) {
            throw std::invalid_argument(what + "time the case with its tails instead");
        }
    }
    const auto same = std::ranges::find_if(registry_.facts, [&](const FactCase& known) {
        return known.subject == fact.subject && known.name == fact.name &&
               known.metric == fact.metric;
    });
    if (same != registry_.facts.end()) {
        throw std::invalid_argument("fact '" + fact.metric + "' of case '" + fact.name +
                                    "' of subject '" + fact.subject + "': declared twice");
    }
    registry_.facts.push_back(std::move(fact));
}

void Program::preload(std::string subject, std::string library_path) {
    check_subject(subject);
    registry_.preloads.push_back({std::move(subject), std::move(library_path)});
}

int Program::main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);  // a reader that went away is an error to report, not a death
    int status = 0;
    try {
        add_empty(registry_);
        const std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
        const Options options = read_options(arguments, registry_);
        // Stop at the first line that cannot be written; Google Benchmark expects no throw.
        if (options.mode != Mode::alone) std::cout.exceptions(std::ios::badbit);
        status = run(registry_, options, argv);
        if (!std::cout.flush()) throw std::ios::failure("flush");
    } catch (const UsageError& error) {
        return fail(registry_, error.what(), 2);
    } catch (const std::ios::failure&) {
        return fail(registry_, std::string("cannot write standard output: ") + std::strerror(errno),
                    1);
    } catch (const std::bad_alloc&) {
        return fail(registry_, "out of memory", 1);
    } catch (const std::exception& error) {
        return fail(registry_, error.what(), 1);
    }
    return status;
}

}  // namespace lab
