// script: a trace made ready to be played: flat arrays of steps with slots, without names or times.
//
//   trace      thread 0: allocate b1, allocate b2, release b1      thread 1: release b2
//   script     thread 0: 48 bytes into its slot 0, 64 into crossing slot 0, free its slot 0
//              thread 1: wait for crossing slot 0, free it
//
// Invariants  A block that its own thread ends has a slot of that thread, used again when it is free;
//             one that another thread ends has a crossing slot, used once, which that thread waits on.
//             Thread 0 begins; every other starts after the operation that came before its first.
// Costs       16 bytes an operation, 24 more for a realloc, 8 a crossing block.
// Gives up    The pace: threads run freely between the edges, as fast as they can. Releases of blocks
//             whose beginning was not recorded (they are counted as left out).
// Rejected    Edges back from an end to the next use of its address: they belong to the recorded
//             allocator, not to the program.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include "allocators/trace/trace.hpp"

namespace lab::replay {

using Kind = claimslab::trace::Kind;
using Trace = claimslab::trace::Trace;

/// What one operation does. `reallocate` takes its old slot from the thread's next Move.
struct Step {
    std::uint64_t size;  // asked for; of a release: what the block had
    std::uint32_t slot;
    Kind kind;
    std::uint8_t alignment_log2;
    bool crosses;  // `slot` is a crossing slot: a release waits for it
    bool starts;   // a thread begins after this step, or several
};
static_assert(sizeof(Step) == 16);

/// The block that a reallocate ends.
struct Move {
    std::uint64_t size;
    std::uint32_t slot;
    bool crosses;
    bool exists;  // false: the reallocate began a block
};

/// When its thread has done `after` steps, `thread` begins.
struct Start {
    std::uint64_t after;
    std::uint64_t thread;
};

struct ThreadScript {
    std::vector<Step> steps;
    std::vector<Move> moves;
    std::vector<Start> starts;  // in order
    std::uint32_t slots = 0;
};

struct Script {
    std::vector<ThreadScript> threads;  // in the order in which they begin
    std::uint32_t crossings = 0;
    std::uint32_t alive_at_once = 1;  // threads, at most, as recorded
    std::uint64_t peak_live_bytes = 0;  // as recorded; compile() leaves it to its caller
    std::uint64_t longest_bytes = 0;
    std::uint64_t left_out = 0;  // operations on blocks whose beginning was not recorded
};

namespace detail {

constexpr std::uint64_t k_unknown = ~std::uint64_t{0};
constexpr std::uint32_t k_no_slot = ~std::uint32_t{0};

/// Where a block begins and ends; threads are those of the script.
struct Life {
    std::uint32_t began = k_no_slot;
    std::uint32_t ended = k_no_slot;  // k_no_slot: never
    std::uint32_t slot = k_no_slot;
    std::uint64_t size = 0;
    bool exists() const { return began != k_no_slot; }
    bool crosses() const { return ended != k_no_slot && ended != began; }
};
using Lives = std::vector<Life>;  // by block

[[noreturn]] inline void refuse(const std::string& what) {
    throw std::runtime_error("the trace cannot be played: " + what + "; `lab trace validate` says more");
}

/// The threads that did something, in the order of their first operations.
inline std::vector<std::size_t> by_beginning(const Trace& trace) {
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < trace.threads.size(); ++i) {
        if (!trace.threads[i].empty()) order.push_back(i);
    }
    std::ranges::stable_sort(order, {}, [&](std::size_t i) { return trace.threads[i].front().time_ns; });
    return order;
}

inline Lives lives_of(const Trace& trace, const std::vector<std::size_t>& order) {
    if (trace.blocks() / 2 > trace.operations()) refuse("its blocks are not numbered densely");
    Lives lives(trace.blocks());
    for (std::uint32_t t = 0; t < order.size(); ++t) {
        for (const auto& operation : trace.threads[order[t]]) {
            if (!operation.makes()) continue;
            Life& life = lives[operation.block];
            if (life.exists()) refuse("block " + std::to_string(operation.block) + " begins twice");
            life.began = t;
            life.size = operation.size;
        }
    }
    for (std::uint32_t t = 0; t < order.size(); ++t) {
        for (const auto& operation : trace.threads[order[t]]) {
            if (operation.ends() == claimslab::trace::k_none) continue;
            Life& life = lives[operation.ends()];
            if (life.ended != k_no_slot) refuse("block " + std::to_string(operation.ends()) + " ends twice");
            life.ended = t;
        }
    }
    return lives;
}

/// The block that an operation ends; nullptr if there is none, or its beginning was not recorded.
inline const Life* ended_life(const Lives& lives, const claimslab::trace::Operation& operation) {
    if (operation.ends() == claimslab::trace::k_none) return nullptr;
    const Life& life = lives[operation.ends()];
    return life.exists() ? &life : nullptr;
}

/// Slots of one thread; the one freed last is the next, for its cache line is at hand.
class Slots {
   public:
    std::uint32_t take() {
        if (free_.empty()) return count_++;
        const std::uint32_t slot = free_.back();
        free_.pop_back();
        return slot;
    }
    void give(std::uint32_t slot) { free_.push_back(slot); }
    std::uint32_t count() const { return count_; }

   private:
    std::vector<std::uint32_t> free_;
    std::uint32_t count_ = 0;
};

/// How many steps its thread has done after each operation of a trace's thread.
using Places = std::vector<std::uint64_t>;

inline Places write_steps(const std::vector<claimslab::trace::Operation>& operations, Script& script,
                          ThreadScript& thread, Lives& lives) {
    Slots slots;
    Places places;
    places.reserve(operations.size());
    const auto take = [&](Life& life) {
        life.slot = life.crosses() ? life.slot : slots.take();
        return life.slot;
    };
    for (const auto& operation : operations) {
        const Life* old = ended_life(lives, operation);
        if (old != nullptr && old->slot == k_no_slot) {
            refuse("block " + std::to_string(operation.ends()) + " ends before it begins");
        }
        if (operation.kind == Kind::release) {
            if (old == nullptr) {
                ++script.left_out;
                places.push_back(thread.steps.size());
                continue;
            }
            thread.steps.push_back({old->size, old->slot, Kind::release, 0, old->crosses(), false});
            if (!old->crosses()) slots.give(old->slot);
            places.push_back(thread.steps.size());
            continue;
        }
        if (operation.kind == Kind::reallocate) {
            thread.moves.push_back(old == nullptr ? Move{0, 0, false, false}
                                                  : Move{old->size, old->slot, old->crosses(), true});
            if (old == nullptr && operation.from != claimslab::trace::k_none) ++script.left_out;
            if (old != nullptr && !old->crosses()) slots.give(old->slot);  // so that it keeps its slot
        }
        Life& life = lives[operation.block];
        const std::uint32_t slot = take(life);
        thread.steps.push_back({operation.size, slot, operation.kind, operation.alignment_log2,
                                life.crosses(), false});
        script.longest_bytes = std::max(script.longest_bytes, operation.size);
        places.push_back(thread.steps.size());
    }
    thread.slots = slots.count();
    return places;
}

/// Each thread but the first starts after the last operation of another before its own first.
inline void write_starts(const Trace& trace, const std::vector<std::size_t>& order,
                         const std::vector<Places>& places, Script& script) {
    for (std::size_t t = 1; t < order.size(); ++t) {
        const std::uint64_t begins = trace.threads[order[t]].front().time_ns;
        std::size_t by = 0;
        std::uint64_t latest = 0;
        std::uint64_t after = 0;
        for (std::size_t other = 0; other < t; ++other) {
            const auto& operations = trace.threads[order[other]];
            const auto later = std::ranges::upper_bound(operations, begins, {}, [](const auto& o) { return o.time_ns; });
            if (later == operations.begin() || std::prev(later)->time_ns < latest) continue;
            latest = std::prev(later)->time_ns;
            by = other;
            after = places[other][static_cast<std::size_t>(later - operations.begin()) - 1];
        }
        script.threads[by].starts.push_back({after, t});
        if (after > 0) script.threads[by].steps[after - 1].starts = true;
    }
    for (ThreadScript& thread : script.threads) std::ranges::stable_sort(thread.starts, {}, &Start::after);
}

/// Who begins another thread counts as alive until then.
inline std::uint32_t most_alive(const Trace& trace, const std::vector<std::size_t>& order, const Script& script) {
    std::vector<std::uint64_t> ends;
    for (std::size_t t = 0; t < order.size(); ++t) {
        std::uint64_t end = trace.threads[order[t]].back().time_ns;
        for (const Start& start : script.threads[t].starts) {
            end = std::max(end, trace.threads[order[start.thread]].front().time_ns);
        }
        ends.push_back(end);
    }
    std::vector<std::uint64_t> alive;  // the ends of those alive
    std::size_t most = 1;
    for (std::size_t t = 0; t < order.size(); ++t) {
        const std::uint64_t begins = trace.threads[order[t]].front().time_ns;
        std::erase_if(alive, [&](std::uint64_t end) { return end < begins; });
        alive.push_back(ends[t]);
        most = std::max(most, alive.size());
    }
    return static_cast<std::uint32_t>(most);
}

/// Plays a script without memory, to see whether something in it would wait for ever.
class Rehearsal {
   public:
    explicit Rehearsal(const Script& script) : script_(script), made_(script.crossings), at_(script.threads.size()) {}

    bool reaches_the_end() {
        for (bool moved = true; moved;) {
            moved = false;
            for (std::size_t i = 0; i < alive_.size(); ++i) moved |= advance(alive_[i]);
            std::erase_if(alive_, [&](std::size_t t) { return at_[t].ended; });
        }
        return next_ == script_.threads.size() && alive_.empty();
    }

   private:
    struct Place {
        std::size_t step = 0;
        std::size_t move = 0;
        std::size_t start = 0;
        bool ended = false;
    };

    bool advance(std::size_t t) {
        const ThreadScript& thread = script_.threads[t];
        Place& at = at_[t];
        for (bool moved = false;; moved = true) {
            if (at.start < thread.starts.size() && thread.starts[at.start].after <= at.step) {
                if (thread.starts[at.start].thread != next_ || alive_count() >= script_.alive_at_once) return moved;
                ++at.start;
                alive_.push_back(next_++);
            } else if (at.step == thread.steps.size()) {
                at.ended = true;
                ++ended_;
                return true;
            } else if (!play(thread.steps[at.step], thread, at)) {
                return moved;
            }
        }
    }

    bool play(const Step& step, const ThreadScript& thread, Place& at) {
        if (step.kind == Kind::release) {
            if (step.crosses && !made_[step.slot]) return false;
        } else {
            if (step.kind == Kind::reallocate) {
                const Move& move = thread.moves[at.move];
                if (move.crosses && !made_[move.slot]) return false;
                ++at.move;
            }
            if (step.crosses) made_[step.slot] = true;
        }
        ++at.step;
        return true;
    }

    std::size_t alive_count() const { return next_ - ended_; }

    const Script& script_;
    std::vector<bool> made_;
    std::vector<Place> at_;
    std::vector<std::size_t> alive_{0};
    std::size_t next_ = 1;  // the thread that begins next
    std::size_t ended_ = 0;
};

}  // namespace detail

/// Throws std::runtime_error with one line for a trace that cannot be played.
inline Script compile(const Trace& trace) {
    const std::vector<std::size_t> order = detail::by_beginning(trace);
    if (order.empty()) throw std::runtime_error("the trace has no operations; record a program that allocates");
    detail::Lives lives = detail::lives_of(trace, order);
    Script script;
    script.threads.resize(order.size());
    for (const std::size_t t : order) {  // in the order of a thread's own operations, so always the same
        for (const auto& operation : trace.threads[t]) {
            if (!operation.makes()) continue;
            detail::Life& life = lives[operation.block];
            if (life.crosses()) life.slot = script.crossings++;
        }
    }
    std::vector<detail::Places> places;
    for (std::size_t t = 0; t < order.size(); ++t) {
        places.push_back(detail::write_steps(trace.threads[order[t]], script, script.threads[t], lives));
    }
    detail::write_starts(trace, order, places, script);
    script.alive_at_once = detail::most_alive(trace, order, script);
    if (!detail::Rehearsal(script).reaches_the_end()) detail::refuse("its threads wait for each other");
    return script;
}

}  // namespace lab::replay
