// measure: a trace's replay as an operation that is timed, and as facts.
//
// A program starts with an empty heap, so every replay has a process of its own, forked from one that
// has hardly allocated. Its time has the fork and the end of the process in it, as a program's has.
//
// Rejected    Replaying again and again in one process: libraries that keep memory then pay for no
//             page, while those that give it back pay each time; the programs themselves pay once.
#pragma once

#include <malloc.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "allocation/footprint.hpp"
#include "engine.hpp"
#include "memories.hpp"
#include "observers.hpp"

namespace lab::replay {

using allocation::in_child;

/// A memory for this layout.
template <class Memory>
Memory memory_for(const Layout& layout) {
    if constexpr (std::is_constructible_v<Memory, std::size_t, std::uint64_t>) {
        return Memory(layout.places(), layout.longest_bytes());
    } else {
        return Memory();
    }
}

/// What every subject of a case must return alike.
inline std::uint64_t checksum(const Outcome& outcome) { return outcome.steps * 31 + outcome.good; }

/// Once, in this process, everything released at the end: for counting.
template <class Memory>
std::uint64_t replay_here(const Layout& layout, Touch touch) {
    Engine<Memory> engine(layout, memory_for<Memory>(layout), touch);
    const Outcome outcome = engine.play();
    if (outcome.out_of_memory) throw std::bad_alloc();
    engine.release_all();
    return checksum(outcome);
}

/// Once, in a child process that ends as a program does, with its blocks still there.
template <class Memory>
std::uint64_t replay_apart(const Layout& layout, Touch touch, Outcome& shared) {
    const pid_t child = fork();
    if (child < 0) throw std::runtime_error("cannot fork");
    if (child == 0) {
        try {
            Engine<Memory> engine(layout, memory_for<Memory>(layout), touch);
            shared = engine.play();
        } catch (const std::bad_alloc&) {
            shared.out_of_memory = true;
        }
        _exit(0);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFSIGNALED(status)) {
        throw std::runtime_error("a replay was killed by signal " + std::to_string(WTERMSIG(status)));
    }
    if (shared.out_of_memory) throw std::bad_alloc();
    return checksum(shared);
}

/// The time of single steps, in a child process too: as many as there are elements, evenly spread.
template <class Memory>
void time_steps(const Layout& layout, Touch touch, std::span<double> ns) {
    Pages<double> shared(ns.size(), MAP_SHARED);
    in_child([&] {
        Clocked clocked(layout);
        Engine<Memory, Clocked::Observer> engine(layout, memory_for<Memory>(layout), touch,
                                                 Clocked::Observer(clocked));
        engine.prefault();
        if (engine.play().out_of_memory) throw std::bad_alloc();
        for (std::size_t i = 0; i < ns.size(); ++i) shared[i] = clocked.ns(i * layout.steps() / ns.size());
        return std::vector<double>{1};
    });
    std::copy_n(shared.data(), ns.size(), ns.data());
}

/// What is timed: one replay; and for its tails its steps, of as many replays as that takes.
template <class Memory>
class Replay {
   public:
    Replay(std::shared_ptr<const Layout> layout, Touch touch, bool apart)
        : layout_(std::move(layout)), touch_(touch), apart_(apart),
          outcome_(std::make_shared<Pages<Outcome>>(1, MAP_SHARED)) {}

    std::uint64_t operator()() const {
        return apart_ ? replay_apart<Memory>(*layout_, touch_, (*outcome_)[0]) : replay_here<Memory>(*layout_, touch_);
    }
    std::uint64_t times(std::span<double> ns) const {
        while (!ns.empty()) {
            const std::size_t count = std::min<std::size_t>(ns.size(), layout_->steps());
            time_steps<Memory>(*layout_, touch_, ns.first(count));
            ns = ns.subspan(count);
        }
        return 0;
    }

   private:
    std::shared_ptr<const Layout> layout_;
    Touch touch_;
    bool apart_;
    std::shared_ptr<Pages<Outcome>> outcome_;
};

/// The time of a process that does nothing, with this process's environment and so its malloc: a
/// library is loaded, linked and made ready before a program's first call, and no replay sees that.
inline auto set_up_start() {
    return [] {
        std::string program = "/bin/true";
        char* arguments[] = {program.data(), nullptr};
        pid_t child = 0;
        if (posix_spawn(&child, program.c_str(), nullptr, nullptr, arguments, environ) != 0) {
            throw std::runtime_error("cannot start " + program);
        }
        int status = 0;
        while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
        }
        if (status != 0) throw std::runtime_error(program + " failed under this malloc");
        return std::uint64_t{0};
    };
}

struct Usage {
    double peak_bytes;  // held at most, over what was resident before
    double left_bytes;  // held when all is released and trimmed
    double faults;
    double waits;       // steps that waited for another thread
    double wait_share;  // of the time of as many threads as are alive at once
};

template <class Memory>
Usage usage(const Layout& layout, Touch touch) {
    const std::vector<double> found = in_child([&] {
        Engine<Memory> engine(layout, memory_for<Memory>(layout), touch);
        engine.prefault();
        const Resident resident;
        const double start = static_cast<double>(resident.bytes());
        const double faults = allocation::page_faults();
        const auto from = std::chrono::steady_clock::now();
        const Outcome outcome = engine.play();
        const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - from;
        const double faulted = allocation::page_faults() - faults;
        // The high-water mark comes from the kernel's cheap counters, which lag behind a little.
        const double peak = std::max(allocation::peak_bytes(), static_cast<double>(resident.bytes()));
        engine.release_all();
        malloc_trim(0);  // libc's own where the library has none; then it finds nothing
        const double left = static_cast<double>(resident.bytes()) - start;
        if (outcome.out_of_memory) throw std::bad_alloc();
        return std::vector<double>{std::max(0.0, peak - start), std::max(0.0, left), faulted,
                                   static_cast<double>(outcome.fidelity.waits),
                                   static_cast<double>(outcome.fidelity.waited_ns) / took.count() /
                                       static_cast<double>(layout.alive_at_once())};
    });
    if (found.size() != 5) throw std::runtime_error("a replay said too little of its memory");
    return {found[0], found[1], found[2], found[3], found[4]};
}

/// Memory over the course of a replay.
struct Course {
    std::vector<double> steps;
    std::vector<double> live_bytes;
    std::vector<double> held_bytes;
};

template <class Memory>
Course course(const Layout& layout, Touch touch) {
    const std::vector<double> found = in_child([&] {
        Footprints footprints(layout);
        Engine<Memory, Footprints::Observer> engine(layout, memory_for<Memory>(layout), touch,
                                                    Footprints::Observer(footprints));
        engine.prefault();
        footprints.start();
        if (engine.play().out_of_memory) throw std::bad_alloc();
        std::vector<double> list;
        for (const Sample& sample : footprints.samples()) {
            list.push_back(static_cast<double>(sample.steps));
            list.push_back(static_cast<double>(sample.live_bytes));
            list.push_back(static_cast<double>(std::max<std::int64_t>(0, sample.held_bytes)));
        }
        return list;
    });
    Course course;
    for (std::size_t i = 0; i + 2 < found.size(); i += 3) {
        course.steps.push_back(found[i]);
        course.live_bytes.push_back(found[i + 1]);
        course.held_bytes.push_back(found[i + 2]);
    }
    return course;
}

}  // namespace lab::replay
