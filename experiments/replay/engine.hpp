// engine: plays a script with real threads on any memory, and reports how faithfully it could.
//
// A thread does its steps one after the other, as fast as it can. It waits in two places only: for a
// crossing block that is not made yet, and, before it begins another thread, for that one's turn
// (threads begin in the recorded order) and for room (no more are alive at once than were recorded).
//
// Invariants  Whoever waits waits for what was recorded earlier, so no schedule gets stuck (the
//             script was rehearsed); the first thread is the caller, as malloc may treat it apart.
//             Nothing here asks malloc for memory, except pthread_create on its own.
// Costs       A step reads 16 bytes and its slot; one compare more where it crosses or starts.
// Gives up    pthread_create's own allocations come twice: once recorded, once its own.
// Threads     One a recorded thread, joined by whoever begins the next, so dead ones do not pile up.
#pragma once

#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "layout.hpp"
#include "pages.hpp"
#include "touch.hpp"

namespace lab::replay {

/// What was waited for: the price of enforcing the edges, so small that threads ran freely, or not.
struct Fidelity {
    std::uint64_t waits = 0;  // steps that found a crossing block not made yet, or a thread no room
    std::uint64_t waited_ns = 0;
};

struct Outcome {
    std::uint64_t steps = 0;
    std::uint64_t good = 0;  // marks found as they were left; the same for all correct allocators
    Fidelity fidelity;
    bool out_of_memory = false;
};

/// Sees nothing, costs nothing; others see each step of a thread, from when it need not wait.
struct Unobserved {
    void begin(std::size_t /*thread*/) {}
    void before() {}
    void after(std::uint64_t /*steps done*/, std::int64_t /*change of live bytes*/) {}
};

/// Plays a layout once; a new Engine for each time.
template <class Memory, class Observer = Unobserved>
class Engine {
   public:
    /// `observer` is copied for each thread; all must live as long as play().
    Engine(const Layout& layout, Memory memory, Touch touch, Observer observer = {})
        : layout_(layout), memory_(memory), touch_(touch), observer_(observer),
          slots_(layout.slots()), crossings_(layout.crossings()),
          players_(layout.threads()), alive_(layout.alive_at_once()) {}

    /// Touches the engine's own pages, so that they are not taken for the allocator's.
    void prefault() {
        layout_.prefault();
        slots_.prefault();
        crossings_.prefault();
        players_.prefault();
        alive_.prefault();
    }

    Outcome play() {
        for (std::size_t t = 0; t < players_.size(); ++t) new (&players_[t]) Player{this, t};
        perform(0);
        for (std::size_t i = 0; i < alive_count_; ++i) join(alive_[i]);
        Outcome all;
        for (std::size_t t = 0; t < players_.size(); ++t) {
            const Outcome& one = players_[t].outcome;
            all.steps += one.steps;
            all.good += one.good;
            all.fidelity.waits += one.fidelity.waits;
            all.fidelity.waited_ns += one.fidelity.waited_ns;
        }
        all.out_of_memory = failed_.load();
        return all;
    }

    /// Ends what still lives, on the caller's thread.
    void release_all() {
        for (std::size_t i = 0; i < slots_.size(); ++i) give_back(slots_[i]);
        for (std::size_t i = 0; i < crossings_.size(); ++i) give_back(crossings_[i].load(std::memory_order_relaxed));
    }

   private:
    using Clock = std::chrono::steady_clock;

    struct alignas(64) Player {
        Engine* engine;
        std::size_t number;
        pthread_t handle{};
        std::atomic<bool> finished{false};
        Outcome outcome{};
    };

    void give_back(void* block) {
        if (block != nullptr && block != nothing()) memory_.release(block);
    }

    void perform(std::size_t t) {
        switch (touch_) {
            case Touch::none: return perform_as<Touch::none>(t);
            case Touch::first: return perform_as<Touch::first>(t);
            case Touch::all: return perform_as<Touch::all>(t);
        }
    }

    template <Touch How>
    void perform_as(std::size_t t) {
        const ThreadLayout thread = layout_.thread(t);
        Outcome out;  // on this stack, where no other thread's line is near
        Observer observer = observer_;
        Memory memory = memory_;
        observer.begin(t);
        void** const slots = slots_.data() + thread.first_slot;
        const std::size_t all_slots = slots_.size();
        const auto place_of = [&](bool crosses, std::uint32_t slot) {
            return Layout::place(crosses, slot, thread.first_slot, all_slots);
        };
        const Move* move = thread.moves.data();
        const Start* start = thread.starts.data();
        const Start* const last_start = start + thread.starts.size();
        for (; start != last_start && start->after == 0; ++start) begin(start->thread, out.fidelity);
        std::uint64_t done = 0;
        for (const Step& step : thread.steps) {
            const std::uint32_t place = place_of(step.crosses, step.slot);
            auto change = static_cast<std::int64_t>(step.size);
            if (step.kind == Kind::release) {
                void* block = step.crosses ? await(step.slot, out.fidelity) : std::exchange(slots[step.slot], nullptr);
                observer.before();
                out.good += check<How>(block, step.size, place);
                memory.release(block);
                change = -change;
            } else {
                void* block = nullptr;
                if (step.kind == Kind::reallocate) {
                    void* old = !move->exists   ? nullptr
                                : move->crosses ? await(move->slot, out.fidelity)
                                                : std::exchange(slots[move->slot], nullptr);
                    observer.before();
                    block = memory.resize(old, move->size, step.size, place);
                    out.good += check<How>(block, std::min(move->size, step.size), place_of(move->crosses, move->slot));
                    change -= static_cast<std::int64_t>(move->size);
                    ++move;
                } else if (step.kind == Kind::zeroed) {
                    observer.before();
                    block = memory.zeroed(step.size, place);
                    out.good += check_zero<How>(block, step.size);
                } else {
                    observer.before();
                    block = step.kind == Kind::aligned ? memory.aligned(step.alignment_log2, step.size, place)
                                                       : memory.allocate(step.size, place);
                }
                if (block != nullptr) [[likely]] {
                    touch<How>(block, step.size, place);
                } else if (step.size != 0) {
                    failed_.store(true, std::memory_order_relaxed);
                }
                if (step.crosses) {
                    // Who waits must find something, even of a malloc(0) that gave nothing.
                    crossings_[step.slot].store(block == nullptr ? nothing() : block, std::memory_order_release);
                } else {
                    slots[step.slot] = block;
                }
            }
            ++done;
            observer.after(done, change);
            if (step.starts) [[unlikely]] {
                for (; start != last_start && start->after <= done; ++start) begin(start->thread, out.fidelity);
            }
            if (failed_.load(std::memory_order_relaxed)) [[unlikely]] break;
        }
        out.steps = done;
        players_[t].outcome = out;
        players_[t].finished.store(true, std::memory_order_release);
    }

    static void* nothing() {
        static char nothing;
        return &nothing;
    }

    /// The crossing block of a slot, which is empty again then; waits until it is made.
    void* await(std::uint32_t slot, Fidelity& fidelity) {
        std::atomic<void*>& place = crossings_[slot];
        void* block = place.load(std::memory_order_acquire);
        if (block == nullptr) [[unlikely]] {
            wait_until([&] { return (block = place.load(std::memory_order_acquire)) != nullptr; }, fidelity);
        }
        place.store(nullptr, std::memory_order_relaxed);
        return block == nothing() ? nullptr : block;
    }

    /// Spins briefly, then lets others run, then sleeps: the maker may not have a processor just now.
    template <class Condition>
    void wait_until(Condition holds, Fidelity& fidelity) {
        constexpr int k_spins = 200;
        constexpr int k_yields = 200;
        const auto from = Clock::now();
        for (int tries = 0; !holds() && !failed_.load(std::memory_order_relaxed); ++tries) {
            if (tries < k_spins) continue;
            if (tries < k_spins + k_yields) {
                sched_yield();
            } else {
                const timespec pause{0, 50'000};
                nanosleep(&pause, nullptr);
            }
        }
        ++fidelity.waits;
        fidelity.waited_ns += static_cast<std::uint64_t>((Clock::now() - from).count());
    }

    /// Begins a thread in its turn; only who has the turn touches what is alive.
    void begin(std::size_t t, Fidelity& fidelity) {
        const auto my_turn = [&] { return turn_.load(std::memory_order_acquire) == t; };
        if (!my_turn()) wait_until(my_turn, fidelity);
        if (!make_room()) wait_until([&] { return make_room(); }, fidelity);
        if (failed_.load()) return;
        pthread_attr_t attributes;
        pthread_attr_init(&attributes);
        pthread_attr_setstacksize(&attributes, std::size_t{256} << 10);
        const auto run = [](void* player) -> void* {
            auto* self = static_cast<Player*>(player);
            self->engine->perform(self->number);
            return nullptr;
        };
        if (pthread_create(&players_[t].handle, &attributes, run, &players_[t]) == 0) {
            alive_[alive_count_++] = static_cast<std::uint32_t>(t);
        } else {
            failed_.store(true);
        }
        pthread_attr_destroy(&attributes);
        turn_.store(t + 1, std::memory_order_release);
    }

    /// The caller of play() is alive too, until it has ended.
    bool make_room() {
        for (std::size_t i = 0; i < alive_count_;) {
            if (players_[alive_[i]].finished.load(std::memory_order_acquire)) {
                join(alive_[i]);
                alive_[i] = alive_[--alive_count_];
            } else {
                ++i;
            }
        }
        const std::size_t first = players_[0].finished.load(std::memory_order_acquire) ? 0 : 1;
        return alive_count_ + first < layout_.alive_at_once();
    }

    void join(std::size_t t) { pthread_join(players_[t].handle, nullptr); }

    const Layout& layout_;
    Memory memory_;
    Touch touch_;
    Observer observer_;
    Pages<void*> slots_;
    Pages<std::atomic<void*>> crossings_;
    Pages<Player> players_;
    Pages<std::uint32_t> alive_;
    std::size_t alive_count_ = 0;
    std::atomic<std::size_t> turn_{1};
    std::atomic<bool> failed_{false};
};

}  // namespace lab::replay
