// harness: what a topic's program says: who is measured, what is timed, what is counted or read.
//
//   lab::Program program("slices");
//   program.timed("std::vector", lab::case_name("Append", {{"n", n}}), [n] {   // set-up: untimed
//       return [n] { return append(n); };                                   // timed; the checksum
//   });
//   program.fact("std::vector", "Capacities", "capacities", [] { return capacities(); });
//   return program.main(argc, argv);
//
// Invariants  Set-up runs only when its case is asked for, once per process, outside the clock.
//             A pair of subject and case is timed once; every timed subject also has `Empty`.
//             Address-space randomisation stays as the process found it.
// Threads     One; a timed callable may start its own.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "allocators/installed.hpp"
#include "harness/names.hpp"
#include "harness/operation.hpp"
#include "harness/value.hpp"

namespace lab {

struct TimedCase {
    std::string subject;
    std::string name;
    std::function<std::unique_ptr<Operation>()> set_up;
    bool tails = false;  // the time of each single operation is of interest too
};

/// Runs the set-up; what it throws names the case.
std::unique_ptr<Operation> set_up(const TimedCase& timed);

struct FactCase {
    std::string subject;
    std::string name;
    std::string metric;
    std::function<Value()> measure;
};

/// Every operation and fact of the subject runs with this library as its malloc.
struct Preload {
    std::string subject;
    std::string library;
};

/// What a program declares; in the order of declaration.
struct Registry {
    std::string topic;
    std::vector<TimedCase> timed;
    std::vector<FactCase> facts;
    std::vector<Preload> preloads;
};

class Program {
   public:
    explicit Program(std::string topic);

    /// `setup()` is untimed and returns the callable that is timed; that returns its checksum.
    /// Throws std::invalid_argument for a bad name or a pair declared twice.
    template <class Setup>
    void timed(std::string subject, std::string case_name, Setup setup) {
        add({std::move(subject), std::move(case_name), [setup = std::move(setup)]() mutable {
                 return std::unique_ptr<Operation>(std::make_unique<OperationOf<Setup>>(setup));
             }});
    }

    /// The same for an operation whose slow cases matter: each trial also times 100,000 operations
    /// one by one, for the metrics p50-ns to max-ns.
    template <class Setup>
    void timed_with_tails(std::string subject, std::string case_name, Setup setup) {
        timed(std::move(subject), std::move(case_name), std::move(setup));
        registry_.timed.back().tails = true;
    }

    /// `measure()` returns anything that to_value() takes, and is called only when asked for.
    template <class Measure>
    void fact(std::string subject, std::string case_name, std::string metric, Measure measure) {
        add({std::move(subject), std::move(case_name), std::move(metric),
             [measure = std::move(measure)]() mutable { return to_value(measure()); }});
    }

    /// The program restarts itself with LD_PRELOAD for this subject and proves that the library
    /// serves malloc; where it does not, the subject's facts are not_run with the reason.
    void preload(std::string subject, std::string library_path);

    /// The protocol of docs/formats.md; returns the exit status.
    int main(int argc, char** argv);

   private:
    void add(TimedCase timed);
    void add(FactCase fact);

    Registry registry_;
};

}  // namespace lab
