#include "harness/facts.hpp"

#include <dlfcn.h>
#include <gnu/libc-version.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "harness/batches.hpp"
#include "harness/build_info.hpp"
#include "harness/preload.hpp"

namespace lab {

namespace {

using Json = nlohmann::ordered_json;

// More than one, to see a case that does not allocate alike every time; few, for slow operations.
constexpr std::int64_t k_counted_operations = 2;

void print_line(const Json& line) {
    std::cout << line.dump(-1, ' ', false, Json::error_handler_t::replace) << std::endl;
}

bool finite(const std::vector<double>& numbers) {
    return std::ranges::all_of(numbers, [](double number) { return std::isfinite(number); });
}

void print_fact(const std::string& subject, const std::string& case_name, const std::string& metric,
                const Value& value) {
    Json line{{"subject", subject}, {"case", case_name}, {"metric", metric}};
    std::visit(
        [&line](const auto& held) {
            using Held = std::remove_cvref_t<decltype(held)>;
            if constexpr (std::is_same_v<Held, NotRun>) {
                line["not_run"] = held.why;
            } else {
                line["value"] = held;
            }
            bool has_json_form = true;  // JSON has neither infinity nor NaN
            if constexpr (std::is_same_v<Held, double>) has_json_form = finite({held});
            if constexpr (std::is_same_v<Held, std::vector<double>>) has_json_form = finite(held);
            if (!has_json_form) {
                line.erase("value");
                line["not_run"] = "the measured value is not a finite number";
            }
        },
        value);
    print_line(line);
}

// What it throws names the fact.
Value measure(const FactCase& fact) {
    const std::string where = fact.metric + " of " + fact.name + " for " + fact.subject + ": ";
    try {
        return fact.measure();
    } catch (const std::bad_alloc&) {
        throw std::runtime_error(where + "out of memory");
    } catch (const std::exception& error) {
        throw std::runtime_error(where + error.what());
    }
}

bool asked_for(const Options& options, const std::string& case_name) {
    return options.cases.empty() ||
           std::ranges::find(options.cases, case_name) != options.cases.end();
}

template <class Do>
void for_each_counted(const Registry& registry, const Options& options, Do act) {
    for (const TimedCase& timed : registry.timed) {
        if (timed.subject == options.subject && asked_for(options, timed.name)) act(timed);
    }
}

void print_allocations_not_run(const TimedCase& timed, const NotRun& why) {
    print_fact(timed.subject, timed.name, k_allocs_per_op, why);
    print_fact(timed.subject, timed.name, k_bytes_per_op, why);
}

std::vector<std::string> environment_with(const std::string& preload) {
    std::vector<std::string> variables;
    for (char** at = environ; *at != nullptr; ++at) {
        if (std::strncmp(*at, "LD_PRELOAD=", 11) != 0) variables.emplace_back(*at);
    }
    variables.push_back("LD_PRELOAD=" + preload);
    return variables;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
    std::vector<char*> list;
    for (std::string& string : strings) list.push_back(string.data());
    list.push_back(nullptr);
    return list;
}

// Starts this program under the counter; it prints its lines to the same output.
void count_in_own_process(const Options& options, std::string cases) {
    std::cout.flush();
    const std::string program = own_program();
    std::vector<std::string> arguments{
        program, "--count-allocations", "--subject=" + options.subject,
        "--cases=" + std::move(cases), "--slowdown=" + std::to_string(options.slowdown_percent)};
    std::vector<std::string> variables = environment_with(preload_in_front(LAB_ALLOCATION_COUNTER));
    pid_t child = 0;
    const int error = posix_spawn(&child, program.c_str(), nullptr, nullptr,
                                  pointers(arguments).data(), pointers(variables).data());
    if (error != 0) {
        throw std::runtime_error(std::string("cannot count allocations: ") + std::strerror(error));
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        throw std::runtime_error("the process that counts allocations of " + options.subject +
                                 (WIFSIGNALED(status)
                                      ? " was killed by signal " + std::to_string(WTERMSIG(status))
                                      : " failed"));
    }
}

Value per_operation(std::uint64_t total) {
    if (total % k_counted_operations == 0) return to_value(total / k_counted_operations);
    return static_cast<double>(total) / static_cast<double>(k_counted_operations);
}

// The subjects whose malloc is not there: the lab then asks nothing of them.
void print_absent(const Registry& registry) {
    std::error_code error;
    for (const Preload& preload : registry.preloads) {
        if (!preload.library.empty() && std::filesystem::exists(preload.library, error)) continue;
        const std::string why = preload.library.empty() ? preload.subject + " is not installed"
                                                        : preload.library + " does not exist";
        print_line({{"subject", preload.subject}, {"not_run", why}});
    }
}

// What the conformance program beside this one says of a malloc; null where it cannot.
Json identity_of(const std::string& library) {
    const auto program = std::filesystem::path(own_program()).parent_path() / "allocator_conformance";
    std::error_code error;
    if (!std::filesystem::exists(program, error)) return nullptr;
    const std::string command = "'" + program.string() + "' --identity --timeout-s=5" +
                                (library.empty() ? "" : " '--library=" + library + "'") + " 2>&1";
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
    std::string said;
    for (int c = 0; pipe && (c = std::fgetc(pipe.get())) != EOF;) said += static_cast<char>(c);
    const Json line = Json::parse(said, nullptr, false);
    if (line.is_discarded()) return nullptr;
    return {{"file", line.at("serves")}, {"version", line.at("version")}};
}

// The malloc of each subject that has one of its own, and of glibc where that is a subject.
Json mallocs(const Registry& registry) {
    Json found = Json::object();
    const auto add = [&found](const std::string& subject, const std::string& library) {
        Json identity = identity_of(library);
        if (!identity.is_null()) found[subject] = std::move(identity);
    };
    const auto is_glibc = [](const auto& known) { return known.subject == "glibc"; };
    if (std::ranges::any_of(registry.timed, is_glibc) || std::ranges::any_of(registry.facts, is_glibc)) add("glibc", "");
    std::error_code error;
    for (const Preload& preload : registry.preloads) {
        if (std::filesystem::exists(preload.library, error)) add(preload.subject, preload.library);
    }
    return found;
}

}  // namespace

void print_list(const Registry& registry) {
    for (const TimedCase& timed : registry.timed) {
        Json line{{"subject", timed.subject}, {"case", timed.name}, {"timed", true}};
        if (timed.tails) {
            for (const Tail& tail : k_tails) line["metrics"].push_back(tail.metric);
        }
        print_line(line);
        for (const char* metric : {k_allocs_per_op, k_bytes_per_op}) {
            print_line({{"subject", timed.subject},
                        {"case", timed.name},
                        {"timed", false},
                        {"metric", metric}});
        }
    }
    for (const FactCase& fact : registry.facts) {
        print_line({{"subject", fact.subject},
                    {"case", fact.name},
                    {"timed", false},
                    {"metric", fact.metric}});
    }
    print_absent(registry);
}

void print_build(const Registry& registry) {
    const BuildInfo& build = build_info();
    print_line({{"compiler", build.compiler},
                {"flags", build.flags},
                {"preset", build.preset},
                {"native", build.native},
                {"libraries", {{"benchmark", build.benchmark_version}, {"glibc", gnu_get_libc_version()}}},
                {"mallocs", mallocs(registry)}});
}

void print_facts(const Registry& registry, const Options& options,
                 const std::optional<NotRun>& not_run) {
    for (const FactCase& fact : registry.facts) {
        if (fact.subject != options.subject || !asked_for(options, fact.name)) continue;
        print_fact(fact.subject, fact.name, fact.metric, not_run ? Value(*not_run) : measure(fact));
    }
    std::optional<NotRun> uncounted = not_run;
    if (!sanitizer().empty()) {
        uncounted =
            NotRun{"built with -fsanitize=" + sanitizer() + ", which has a malloc of its own"};
    } else if (!std::filesystem::exists(LAB_ALLOCATION_COUNTER)) {
        uncounted = NotRun{"the allocation counter is gone from the build tree"};
    }
    std::string counted;
    for_each_counted(registry, options, [&](const TimedCase& timed) {
        if (uncounted) {
            print_allocations_not_run(timed, *uncounted);
        } else {
            counted += (counted.empty() ? "" : ",") + timed.name;
        }
    });
    if (!counted.empty()) count_in_own_process(options, std::move(counted));
}

void print_allocations(const Registry& registry, const Options& options) {
    using Totals = void (*)(std::uint64_t*, std::uint64_t*);
    void* symbol = dlsym(RTLD_DEFAULT, "lab_allocation_totals");
    Totals totals = nullptr;
    std::memcpy(&totals, &symbol, sizeof symbol);
    for_each_counted(registry, options, [&](const TimedCase& timed) {
        if (totals == nullptr) {
            print_allocations_not_run(timed, NotRun{"the allocation counter did not load"});
            return;
        }
        const std::unique_ptr<Operation> operation = set_up(timed);
        operation->run(std::int64_t{1}, 0);  // warm: what the first operation sets up for good
        std::uint64_t calls_before = 0, bytes_before = 0, calls = 0, bytes = 0;
        totals(&calls_before, &bytes_before);
        operation->run(k_counted_operations, options.slowdown_percent);
        totals(&calls, &bytes);
        print_fact(timed.subject, timed.name, k_allocs_per_op, per_operation(calls - calls_before));
        print_fact(timed.subject, timed.name, k_bytes_per_op, per_operation(bytes - bytes_before));
    });
}

}  // namespace lab
