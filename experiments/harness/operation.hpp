// operation: the loop around one timed callable, compiled anew for each callable's type.
//
// Invariants  The callable is called directly, never through a function pointer; only entering a
//             whole batch costs a virtual call. With no slowdown the loop has nothing but the call.
// Costs       One opaque use of the checksum per operation (the case Empty shows its time).

#pragma once

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <type_traits>

namespace lab {

/// Calibration only: a planted effect. Repeats `percent` of all operations, evenly spread. Its own
/// arithmetic takes about a nanosecond, so plant effects in operations of 100 ns and more.
class Slowdown {
   public:
    explicit Slowdown(int percent) : percent_(percent) {}
    bool repeats() {
        owed_ += percent_;
        if (owed_ < 100) return false;
        owed_ -= 100;
        return true;
    }

   private:
    int percent_;
    int owed_ = 0;
};

/// What set-up made: it can be run by Google Benchmark's loop or an exact number of times.
class Operation {
   public:
    Operation() = default;
    Operation(const Operation&) = delete;
    Operation& operator=(const Operation&) = delete;
    virtual ~Operation() = default;

    /// All return the checksum of the last operation.
    virtual std::uint64_t run(benchmark::State& state, int slowdown_percent) = 0;
    virtual std::uint64_t run(std::int64_t count, int slowdown_percent) = 0;

    /// Runs once for each element and puts there how long that took, two readings of the clock
    /// included. A callable that has a `times(each_ns)` does that itself, with its own parts.
    virtual std::uint64_t run(std::span<double> each_ns, int slowdown_percent) = 0;
};

template <class Setup>
class OperationOf final : public Operation {
   public:
    explicit OperationOf(Setup& setup) : call_(setup()) {}

    std::uint64_t run(benchmark::State& state, int slowdown_percent) override {
        std::uint64_t checksum = 0;
        if (slowdown_percent == 0) {
            for (auto _ : state) checksum = once();
        } else {
            Slowdown slowdown(slowdown_percent);
            for (auto _ : state) {
                checksum = once();
                if (slowdown.repeats()) checksum = once();
            }
        }
        return checksum;
    }

    std::uint64_t run(std::int64_t count, int slowdown_percent) override {
        std::uint64_t checksum = 0;
        Slowdown slowdown(slowdown_percent);
        for (std::int64_t i = 0; i < count; ++i) {
            checksum = once();
            if (slowdown_percent != 0 && slowdown.repeats()) checksum = once();
        }
        return checksum;
    }

    std::uint64_t run(std::span<double> each_ns, int slowdown_percent) override {
        if constexpr (requires(Callable call) { call.times(each_ns); }) return call_.times(each_ns);
        using Clock = std::chrono::steady_clock;
        std::uint64_t checksum = 0;
        Slowdown slowdown(slowdown_percent);
        for (double& ns : each_ns) {
            const auto from = Clock::now();
            checksum = once();
            if (slowdown_percent != 0 && slowdown.repeats()) checksum = once();
            ns = std::chrono::duration<double, std::nano>(Clock::now() - from).count();
        }
        return checksum;
    }

   private:
    using Callable = std::invoke_result_t<Setup&>;
    static_assert(std::is_convertible_v<std::invoke_result_t<Callable&>, std::uint64_t>,
                  "set-up must return a callable that returns its checksum as std::uint64_t");

    std::uint64_t once() {
        std::uint64_t checksum = call_();
        use(checksum);
        return checksum;
    }

    // Not benchmark::DoNotOptimize: its "+m,r" makes g++ 12 with UBSan lose the value (the sum 45
    // became 0), and without UBSan it goes through memory in every operation.
    static void use(std::uint64_t& checksum) { asm volatile("" : "+r"(checksum) : : "memory"); }

    Callable call_;
};

}  // namespace lab
