#include "harness/options.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <limits>
#include <optional>
#include <set>

namespace lab {

namespace {

constexpr std::size_t k_names_shown = 8;

// "a, b, c": enough of a list to see a spelling mistake.
std::string some_of(const std::vector<std::string>& names) {
    std::string text;
    for (std::size_t i = 0; i < names.size() && i < k_names_shown; ++i) {
        text += (i == 0 ? "" : ", ") + names[i];
    }
    if (names.empty()) text = "none";
    if (names.size() > k_names_shown) text += " and more";
    return text + " (see --list)";
}

std::int64_t read_number(const std::string& flag, const std::string& text, std::int64_t low,
                         std::int64_t high) {
    std::int64_t number = 0;
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, number);
    if (read.ec != std::errc() || read.ptr != end || number < low || number > high) {
        throw UsageError(flag + "=" + text + ": give a whole number from " + std::to_string(low) +
                         " to " + std::to_string(high));
    }
    return number;
}

std::vector<std::string> split_cases(const std::string& flag, const std::string& text) {
    std::vector<std::string> cases;
    std::size_t begin = 0;
    while (begin <= text.size()) {
        const std::size_t end = std::min(text.find(',', begin), text.size());
        cases.push_back(text.substr(begin, end - begin));
        if (cases.back().empty()) {
            throw UsageError(flag + "=" + text + ": give case names with one comma between them");
        }
        begin = end + 1;
    }
    return cases;
}

struct Flag {
    std::string name;
    std::optional<std::string> value;
};

Flag split_flag(const std::string& argument) {
    const std::size_t equals = argument.find('=');
    if (equals == std::string::npos) return {argument, std::nullopt};
    return {argument.substr(0, equals), argument.substr(equals + 1)};
}

void choose(Options& options, Mode mode, const std::string& flag) {
    if (options.mode != Mode::alone) {
        throw UsageError(flag + ": give only one of --list, --build, --facts, --lab and --count");
    }
    options.mode = mode;
}

// Applies one flag; false if it is none of the lab's.
bool apply(Options& options, const Flag& flag) {
    const std::string& name = flag.name;
    const auto plain = [&](Mode mode) {
        if (flag.value) throw UsageError(name + "=" + *flag.value + ": this flag takes no value");
        choose(options, mode, name);
        return true;
    };
    const auto value = [&] {
        if (!flag.value || flag.value->empty())
            throw UsageError(name + ": write it as " + name + "=…");
        return *flag.value;
    };
    constexpr std::int64_t k_many = 1'000'000;
    if (name == "--help") return plain(Mode::help);
    if (name == "--list") return plain(Mode::list);
    if (name == "--build") return plain(Mode::build);
    if (name == "--facts") return plain(Mode::facts);
    if (name == "--lab") return plain(Mode::lab);
    if (name == "--count-allocations") return plain(Mode::count_allocations);
    if (name == "--subject") {
        options.subject = value();
    } else if (name == "--case" || name == "--cases") {
        options.cases = split_cases(name, value());
    } else if (name == "--count") {
        options.count = read_number(name, value(), 0, std::numeric_limits<std::int64_t>::max());
        choose(options, Mode::count, name);
    } else if (name == "--batches") {
        options.batches = static_cast<int>(read_number(name, value(), 1, k_many));
    } else if (name == "--batch-ms") {
        options.batch_ms = static_cast<int>(read_number(name, value(), 1, k_many));
    } else if (name == "--slowdown") {
        options.slowdown_percent = static_cast<int>(read_number(name, value(), 0, 100));
    } else {
        return false;
    }
    return true;
}

// The cases a mode can run of a subject, in the order of declaration.
std::vector<std::string> cases_of(const Registry& registry, const Options& options) {
    std::vector<std::string> names;
    for (const TimedCase& timed : registry.timed) {
        if (timed.subject == options.subject) names.push_back(timed.name);
    }
    if (options.mode == Mode::facts) {
        for (const FactCase& fact : registry.facts) {
            if (fact.subject == options.subject) names.push_back(fact.name);
        }
    }
    return names;
}

std::vector<std::string> subjects_of(const Registry& registry) {
    std::vector<std::string> names;
    std::set<std::string> seen;
    const auto add = [&](const std::string& name) {
        if (seen.insert(name).second) names.push_back(name);
    };
    for (const TimedCase& timed : registry.timed) add(timed.subject);
    for (const FactCase& fact : registry.facts) add(fact.subject);
    return names;
}

void check_against(const Registry& registry, const Options& options) {
    const Mode mode = options.mode;
    const bool one_subject =
        mode != Mode::alone && mode != Mode::help && mode != Mode::list && mode != Mode::build;
    const std::vector<std::string> subjects = subjects_of(registry);
    if (one_subject && options.subject.empty()) {
        throw UsageError("--subject is missing; known: " + some_of(subjects));
    }
    if (!options.subject.empty() &&
        std::ranges::find(subjects, options.subject) == subjects.end()) {
        throw UsageError("--subject=" + options.subject +
                         " is unknown; known: " + some_of(subjects));
    }
    if (mode == Mode::lab && options.cases.empty()) {
        throw UsageError("--lab needs --cases=…; see --list");
    }
    if (mode == Mode::count && options.cases.size() != 1) {
        throw UsageError("--count needs exactly one --case=…; see --list");
    }
    if (!one_subject && !options.cases.empty()) {
        throw UsageError(
            "--cases belongs to --lab, --facts or --count; alone, use --benchmark_filter=<regex>");
    }
    const std::vector<std::string> known = cases_of(registry, options);
    for (const std::string& name : options.cases) {
        if (std::ranges::find(known, name) == known.end()) {
            throw UsageError("case '" + name + "' is unknown for subject " + options.subject +
                             (mode == Mode::facts ? "; known: " : "; timed are: ") +
                             some_of(known));
        }
    }
    if (mode != Mode::alone && !options.benchmark_flags.empty()) {
        throw UsageError(options.benchmark_flags.front() +
                         ": Google Benchmark's flags are for running alone");
    }
}

}  // namespace

Options read_options(const std::vector<std::string>& arguments, const Registry& registry) {
    Options options;
    for (const std::string& argument : arguments) {
        if (apply(options, split_flag(argument))) continue;
        if (!argument.starts_with("--benchmark_") && !argument.starts_with("--v=")) {
            throw UsageError("unknown argument '" + argument + "'; see --help");
        }
        options.benchmark_flags.push_back(argument);
    }
    check_against(registry, options);
    return options;
}

std::string help(const Registry& registry) {
    constexpr const char* k_usage = R"(Usage, the protocol of docs/formats.md:
  P --list                                the cases and facts there are
  P --build                               how this program was built
  P --subject=S --facts [--cases=C,C]     exact and counted values
  P --subject=S --lab --cases=C,C [--batches=3] [--batch-ms=20]
  P --subject=S --case=C --count=N        exactly N operations, for callgrind
  P [--subject=S] [--benchmark_filter=…]  alone, with Google Benchmark's own flags
--slowdown=PCT repeats an extra PCT percent of all operations: for calibration only.
)";
    return k_usage + ("P is this program, of the topic " + registry.topic + ".\n");
}

}  // namespace lab
