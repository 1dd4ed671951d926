// allocation_trace: looks into a recorded trace, checks it, makes it small.
//
//   allocation_trace show FILE [--json]
//   allocation_trace validate FILE [--json]       exit status 1: it has faults
//   allocation_trace compact FILE OUT             the same operations in fewer bytes
//   allocation_trace reduce FILE OUT -- COMMAND   the least for which COMMAND, with a file's name added
//                                                 at its end, still exits with 0; OUT is always the least so far
// Exit status: 0 done, 1 faults found, 2 usage, a file that cannot be read, or nothing to reduce.

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "allocators/trace/trace.hpp"

namespace {

using namespace claimslab::trace;
using Json = nlohmann::ordered_json;
using Words = std::vector<std::string>;

struct UsageError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

constexpr const char* k_usage = "show FILE [--json] | validate FILE [--json] | compact FILE OUT | reduce FILE OUT -- COMMAND";

Json as_json(const Metadata& about) {
    return {{"program", about.program},
            {"arguments", about.arguments},
            {"allocator", about.allocator},
            {"pid", about.pid},
            {"parent", about.parent},
            {"forked", about.forked},
            {"end", name_of(about.end)},
            {"stored_bytes", about.stored_bytes},
            {"file_bytes", about.file_bytes},
            {"unsealed_chunks", about.unsealed_chunks},
            {"dropped", about.dropped}};
}

Json as_json(const Point& point) {
    return {{"operation", point.operation},
            {"time_ns", point.time_ns},
            {"bytes", point.bytes},
            {"blocks", point.blocks}};
}

/// Pairs of the least value of a class and its count, without empty classes.
Json as_json(const Log2& classes) {
    Json list = Json::array();
    for (std::size_t k = 0; k < classes.size(); ++k) {
        if (classes[k] != 0) list.push_back({k == 0 ? 0 : std::uint64_t{1} << (k - 1), classes[k]});
    }
    return list;
}

Json as_json(const Statistics& sum) {
    Json kinds;
    for (std::size_t k = 0; k < k_kinds; ++k) kinds[name_of(static_cast<Kind>(k))] = sum.by_kind[k];
    Json live = Json::array();
    for (const Point& point : sum.live) live.push_back(as_json(point));
    return {{"operations", sum.operations},
            {"by_kind", kinds},
            {"by_size", as_json(sum.by_size)},
            {"by_lifetime", as_json(sum.by_lifetime)},
            {"bytes", sum.bytes},
            {"peak", as_json(sum.peak)},
            {"last", as_json(sum.last)},
            {"threads", sum.threads},
            {"cross_thread", sum.cross_thread},
            {"inherited", sum.inherited},
            {"moved_bytes", sum.moved_bytes},
            {"duration_ns", sum.duration_ns},
            {"bytes_per_operation", sum.bytes_per_operation},
            {"live", live}};
}

void print(const Json& json) {
    std::cout << json.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n';
}

void row(const char* label, const std::string& value) { std::printf("%-20s %s\n", label, value.c_str()); }
void row(const char* label, std::uint64_t value) { row(label, std::to_string(value)); }

void histogram(const char* title, const Log2& classes) {
    std::uint64_t all = 0;
    for (const std::uint64_t count : classes) all += count;
    if (all == 0) return;
    std::printf("\n%s\n", title);
    for (std::size_t k = 0; k < classes.size(); ++k) {
        if (classes[k] == 0) continue;
        const double share = static_cast<double>(classes[k]) / static_cast<double>(all);
        std::printf("  from %-14llu %12llu  %5.1f %%\n",
                    static_cast<unsigned long long>(k == 0 ? 0 : std::uint64_t{1} << (k - 1)),
                    static_cast<unsigned long long>(classes[k]), 100 * share);
    }
}

/// Control characters of a command line must not reach the terminal.
std::string printable(std::string text) {
    for (char& c : text) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
    }
    return text;
}

int show(const Trace& trace, bool json) {
    const Statistics sum = summarise(trace);
    if (json) {
        print({{"about", as_json(trace.about)}, {"statistics", as_json(sum)}});
        return 0;
    }
    const Metadata& about = trace.about;
    std::string command;
    for (const std::string& word : about.arguments) command += (command.empty() ? "" : " ") + word;
    row("program", printable(about.program));
    row("command", printable(command));
    row("allocator", printable(about.allocator));
    row("process", std::to_string(about.pid) + ", child of " + std::to_string(about.parent) +
                       (about.forked ? ", forked without exec" : ""));
    row("ended", name_of(about.end));
    if (about.unsealed_chunks != 0) row("not checksummed", std::to_string(about.unsealed_chunks) + " chunks");
    if (about.dropped != 0) row("dropped", about.dropped);
    row("threads", sum.threads);
    row("operations", sum.operations);
    for (std::size_t k = 0; k < k_kinds; ++k) {
        row((std::string("  ") + name_of(static_cast<Kind>(k))).c_str(), sum.by_kind[k]);
    }
    row("across threads", sum.cross_thread);
    if (sum.inherited != 0) row("of inherited blocks", sum.inherited);
    row("bytes asked for", sum.bytes);
    row("peak live", std::to_string(sum.peak.bytes) + " bytes in " + std::to_string(sum.peak.blocks) + " blocks");
    row("live at the end", std::to_string(sum.last.bytes) + " bytes in " + std::to_string(sum.last.blocks) + " blocks");
    std::printf("%-20s %.3f s\n%-20s %.2f\n", "time", static_cast<double>(sum.duration_ns) / 1e9, "bytes an operation",
                sum.bytes_per_operation);
    histogram("sizes asked for, in bytes", sum.by_size);
    histogram("lifetimes, in operations", sum.by_lifetime);
    return 0;
}

int say_findings(const Trace& trace, bool json) {
    const Findings found = validate(trace);
    if (json) {
        Json counts;
        for (std::size_t k = 0; k < k_faults; ++k) counts[name_of(static_cast<Fault>(k))] = found.count[k];
        Json first = Json::array();
        for (const Finding& finding : found.first) {
            first.push_back({{"fault", name_of(finding.fault)},
                             {"thread", finding.thread},
                             {"index", finding.index},
                             {"text", finding.text}});
        }
        print({{"valid", found.valid()}, {"inherited", found.inherited}, {"counts", counts}, {"first", first}});
        return found.valid() ? 0 : 1;
    }
    for (const Finding& finding : found.first) {
        std::printf("%s: %s\n", name_of(finding.fault), finding.text.c_str());
    }
    std::uint64_t all = 0;
    for (const std::uint64_t count : found.count) all += count;
    std::printf("%llu operations, %llu faults\n", static_cast<unsigned long long>(trace.operations()),
                static_cast<unsigned long long>(all));
    return found.valid() ? 0 : 1;
}

int compact(const Trace& trace, const std::string& out) {
    write(trace, out);
    const Trace after = read(out);
    std::printf("%llu operations: %llu bytes, now %llu\n", static_cast<unsigned long long>(after.operations()),
                static_cast<unsigned long long>(trace.about.file_bytes),
                static_cast<unsigned long long>(after.about.file_bytes));
    return 0;
}

bool succeeds(Words command, std::string file) {
    std::vector<char*> arguments;
    for (std::string& word : command) arguments.push_back(word.data());
    arguments.push_back(file.data());
    arguments.push_back(nullptr);
    pid_t child = 0;
    const int error = posix_spawnp(&child, arguments[0], nullptr, nullptr, arguments.data(), environ);
    if (error != 0) throw UsageError(command[0] + ": cannot be started: " + std::strerror(error));
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127) throw UsageError(command[0] + ": cannot be started");
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int reduce_to(const Trace& trace, const std::string& out, const Words& command) {
    const std::string candidate = out + ".candidate";
    std::uint64_t tries = 0;
    try {
        reduce(trace, [&](const Trace& part) {
            write(part, candidate);
            ++tries;
            if (!succeeds(command, candidate)) return false;
            if (std::rename(candidate.c_str(), out.c_str()) != 0) throw Error(out + ": cannot replace it");
            std::fprintf(stderr, "%llu operations in %zu threads\n",
                         static_cast<unsigned long long>(part.operations()), part.threads.size());
            return true;
        });
    } catch (...) {
        unlink(candidate.c_str());
        throw;
    }
    unlink(candidate.c_str());
    std::printf("%llu operations, now %llu, after %llu runs of %s\n",
                static_cast<unsigned long long>(trace.operations()),
                static_cast<unsigned long long>(read(out).operations()), static_cast<unsigned long long>(tries),
                command[0].c_str());
    return 0;
}

int run(Words words) {
    Words command;
    if (const auto dashes = std::ranges::find(words, "--"); dashes != words.end()) {
        command.assign(dashes + 1, words.end());
        words.erase(dashes, words.end());
    }
    const bool json = std::erase(words, "--json") != 0;
    for (const std::string& word : words) {
        if (word.starts_with("-")) throw UsageError("unknown option " + word + "; usage: " + k_usage);
    }
    const std::string verb = words.empty() ? "" : words[0];
    const auto is = [&](const char* name, std::size_t count, bool takes_json, bool takes_command) {
        return verb == name && words.size() == count && (takes_json || !json) && takes_command != command.empty();
    };
    if (is("show", 2, true, false)) return show(read(words[1]), json);
    if (is("validate", 2, true, false)) return say_findings(read(words[1]), json);
    if (is("compact", 3, false, false)) return compact(read(words[1]), words[2]);
    if (is("reduce", 3, false, true)) {
        const Trace trace = read(words[1]);
        return reduce_to(trace, words[2], command);
    }
    throw UsageError(std::string("usage: ") + k_usage);
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run({argv + 1, argv + argc});
    } catch (const std::exception& error) {
        std::cerr << "allocation_trace: " << error.what() << '\n';
        return 2;
    }
}
