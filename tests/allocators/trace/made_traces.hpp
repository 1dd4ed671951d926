// made_traces: traces for tests, drawn at random or written by hand.

#pragma once

#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <unistd.h>
#include <unordered_map>
#include <vector>

#include "allocators/trace/trace.hpp"

namespace lab_test {

namespace trace = claimslab::trace;
using trace::Kind;
using trace::Operation;
using trace::Trace;

/// A folder of its own, removed at the end.
class Folder {
  public:
    Folder() {
        std::string path = (std::filesystem::temp_directory_path() / "lab-trace-XXXXXX").string();
        path_ = mkdtemp(path.data());
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    std::string operator/(const std::string& name) const { return path_ + "/" + name; }
    const std::string& path() const { return path_; }

  private:
    std::string path_;
};

inline Operation make(std::uint64_t block, std::uint64_t size, std::uint64_t time_ns = 0) {
    return {.kind = Kind::allocate, .size = size, .block = block, .time_ns = time_ns};
}
inline Operation end(std::uint64_t block, std::uint64_t time_ns = 0) {
    return {.kind = Kind::release, .block = block, .time_ns = time_ns};
}
inline Operation move(std::uint64_t from, std::uint64_t block, std::uint64_t size, std::uint64_t time_ns = 0) {
    return {.kind = Kind::reallocate, .size = size, .block = block, .from = from, .time_ns = time_ns};
}

inline Trace trace_of(std::vector<std::vector<Operation>> threads) {
    Trace made;
    made.threads = std::move(threads);
    for (std::uint32_t i = 0; i < made.threads.size(); ++i) {
        for (Operation& operation : made.threads[i]) operation.thread = i;
    }
    return made;
}

/// Valid; any thread may end any block; `step_ns` 0 makes all times equal.
inline Trace random_trace(std::uint64_t seed, std::uint32_t threads, std::size_t operations, std::uint64_t step_ns) {
    std::mt19937_64 rng(seed);
    const auto below = [&rng](std::uint64_t n) { return rng() % n; };
    Trace made;
    made.threads.resize(threads);
    made.about.program = "/bin/made";
    made.about.arguments = {"made", "--seed", std::to_string(seed), ""};
    made.about.allocator = "/lib/libc.so.6";
    made.about.pid = 77;
    made.about.parent = 7;
    std::vector<std::uint64_t> live;
    std::uint64_t blocks = 0;
    std::uint64_t time = 0;
    for (std::size_t i = 0; i < operations; ++i) {
        if (step_ns != 0) time += below(2 * step_ns);
        Operation operation;
        operation.thread = static_cast<std::uint32_t>(below(threads));
        operation.time_ns = time;
        const std::uint64_t dice = below(100);
        const bool may_end = !live.empty();
        if (may_end && dice < 45) {
            const std::size_t which = below(3) == 0 ? below(live.size()) : live.size() - 1;
            operation.kind = Kind::release;
            operation.block = live[which];
            live.erase(live.begin() + static_cast<std::ptrdiff_t>(which));
        } else {
            operation.size = below(10) == 0 ? rng() >> (17 + below(47)) : below(2048);
            if (may_end && dice < 55) {
                const std::size_t which = below(live.size());
                operation.kind = Kind::reallocate;
                operation.from = live[which];
                live.erase(live.begin() + static_cast<std::ptrdiff_t>(which));
            } else if (dice < 60) {
                operation.kind = Kind::aligned;
                operation.alignment_log2 = static_cast<std::uint8_t>(below(22));
            } else if (dice < 65) {
                operation.kind = Kind::zeroed;
            }
            operation.block = blocks++;
            live.push_back(operation.block);
        }
        made.threads[operation.thread].push_back(operation);
    }
    return made;
}

/// The same operations, with blocks numbered as they first appear from thread to thread, and no times.
inline std::vector<std::vector<Operation>> canonical(const Trace& read) {
    std::unordered_map<std::uint64_t, std::uint64_t> numbers{{trace::k_none, trace::k_none}};
    const auto number = [&numbers](std::uint64_t block) {
        return numbers.try_emplace(block, numbers.size() - 1).first->second;
    };
    auto threads = read.threads;
    for (auto& operations : threads) {
        for (Operation& operation : operations) {
            operation.from = number(operation.from);
            operation.block = number(operation.block);
            operation.time_ns = 0;
        }
    }
    return threads;
}

}  // namespace lab_test
