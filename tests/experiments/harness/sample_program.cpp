// sample: a small program with every kind of case; the harness's tests run it and read it back.

#include <dlfcn.h>
#include <sys/personality.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "harness/harness.hpp"

namespace {

using lab::case_name;

// The checksum is the number of calls so far: it shows exactly how often the operation ran.
auto counting() {
    return [calls = std::uint64_t{0}]() mutable { return ++calls; };
}

void allocating(lab::Program& program, const std::string& subject) {
    program.timed(subject, case_name("Allocate", {{"bytes", 100}}), [] {
        return [] {
            int* volatile one = static_cast<int*>(std::malloc(60));
            char* volatile two = new char[40];
            std::free(one);
            delete[] two;
            return std::uint64_t{100};
        };
    });
    program.timed(subject, "AllocateAllWays", [] {
        return [] {
            void* volatile a = std::calloc(3, 10);
            void* volatile b = std::realloc(a, 50);
            void* volatile c = std::aligned_alloc(64, 128);
            void* d = nullptr;
            const int failed = posix_memalign(&d, 64, 200);
            std::free(b);
            std::free(c);
            std::free(d);
            return static_cast<std::uint64_t>(failed);
        };
    });
    program.timed(subject, "AllocateEverySecondTime", [] {
        return [odd = false]() mutable {
            odd = !odd;
            if (odd) {
                const auto number = std::make_unique<std::uint64_t>(7);
                std::uint64_t* volatile kept = number.get();
                return *kept;
            }
            return std::uint64_t{7};
        };
    });
}

// What a case leaves behind in its process; the checksum of the second tells whether it was seen.
int left_behind = 0;

void traces(lab::Program& program) {
    for (const char* name : {"Leaves", "LeavesToo"}) {
        program.timed("traces", name, [] {
            return [found = ++left_behind] { return static_cast<std::uint64_t>(found); };
        });
    }
    program.timed("traces", "Crashes", []() -> std::uint64_t (*)() { std::abort(); });
}

void failing(lab::Program& program) {
    program.timed("failing", "SetUpThrows", []() -> std::uint64_t (*)() {
        throw std::runtime_error("there is no such data");
    });
    program.timed("failing", "OutOfMemory",
                  []() -> std::uint64_t (*)() { throw std::bad_alloc(); });
    program.timed("failing", "OperationThrows", [] {
        return [calls = std::uint64_t{0}]() mutable {
            if (++calls == 3) throw std::runtime_error("the third operation failed");
            return calls;
        };
    });
    program.fact("failing", "FactThrows", "value",
                 []() -> int { throw std::runtime_error("nothing to measure"); });
}

void facts(lab::Program& program) {
    program.fact("facts", "Kinds", "yes", [] { return true; });
    program.fact("facts", "Kinds", "whole", [] { return 42U; });
    program.fact("facts", "Kinds", "real", [] { return 0.25; });
    program.fact("facts", "Kinds", "text", [] { return "a \"quoted\" text"; });
    program.fact("facts", "Kinds", "wholes", [] { return std::vector<int>{1, 2, 4}; });
    program.fact("facts", "Kinds", "reals", [] { return std::vector<double>{0.5, 1.5}; });
    program.fact("facts", "Kinds", "absent", [] { return lab::NotRun{"needs 12 GB of memory"}; });
    program.fact("facts", "Kinds", "infinite", [] { return HUGE_VAL; });
    program.fact("facts", "Kinds", "too-big",
                 [] { return lab::Value{std::numeric_limits<std::int64_t>::max()}; });
    program.fact("facts", case_name("Randomised", {{"layout", true}}), "holds",
                 [] { return (personality(0xffffffffUL) & ADDR_NO_RANDOMIZE) == 0; });
}

// The library that holds `cos`, which is no malloc.
std::string mathematics_library() {
    Dl_info info{};
    double (*function)(double) = std::cos;
    void* symbol = reinterpret_cast<void*>(function);
    const bool found = dladdr(symbol, &info) != 0;
    return found && info.dli_fname != nullptr ? info.dli_fname : "";
}

std::string malloc_library() {
    Dl_info info{};
    const bool found = dladdr(dlsym(RTLD_DEFAULT, "malloc"), &info) != 0;
    return found && info.dli_fname != nullptr ? info.dli_fname : "";
}

void preloaded(lab::Program& program) {
    for (const lab::Allocator& allocator : lab::installed_allocators()) {
        program.fact(allocator.name, "Malloc", "library", malloc_library);
        allocating(program, allocator.name);
        if (allocator.name != "glibc") program.preload(allocator.name, allocator.library);
    }
    program.fact("absent", "Malloc", "library", malloc_library);
    program.timed("absent", "Count", counting);
    program.preload("absent", "/nowhere/libnothing.so");
    program.fact("no-malloc", "Malloc", "library", malloc_library);
    program.preload("no-malloc", mathematics_library());
}

}  // namespace

int main(int argc, char** argv) {
    lab::Program program("sample");
    program.timed("counter", "Count", counting);
    program.timed("counter", "WideChecksum",
                  [] { return [] { return std::uint64_t{0x1'0000'0005}; }; });
    program.timed("counter", case_name("Sleep", {{"ms", 5}}), [] {
        return [calls = std::uint64_t{0}]() mutable {
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
            return ++calls;
        };
    });
    program.timed("counter", case_name("AllocateInThreads", {{"threads", 2}}), [] {
        return [] {
            std::vector<std::jthread> threads;
            for (int i = 0; i < 2; ++i) {
                threads.emplace_back([] {
                    for (int j = 0; j < 1000; ++j) {
                        void* volatile block = std::malloc(24);
                        std::free(block);
                    }
                });
            }
            return std::uint64_t{2};
        };
    });
    program.timed_with_tails("tails", case_name("Hiccup", {{"each", 500}, {"us", 50}}), [] {
        return [calls = 0]() mutable {
            if (++calls % 500 == 0) std::this_thread::sleep_for(std::chrono::microseconds(50));
            return std::uint64_t{1};
        };
    });
    program.timed("right", case_name("Sum", {{"n", 10}}),
                  [] { return [] { return std::uint64_t{45}; }; });
    program.timed("wrong", case_name("Sum", {{"n", 10}}),
                  [] { return [] { return std::uint64_t{44}; }; });
    program.timed("std::vector", case_name("Fill", {{"elem", 8}, {"n", 1000}}), [] {
        return [numbers = std::vector<std::uint64_t>()]() mutable {
            numbers.assign(1000, 3);
            return numbers.back();
        };
    });
    traces(program);
    failing(program);
    facts(program);
    preloaded(program);
    return program.main(argc, argv);
}
