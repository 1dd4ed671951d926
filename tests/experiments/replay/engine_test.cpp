// engine_test: replays against an interpreter of one thread, and on many threads against a model that
// notices every edge that is not kept.

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "experiments/replay/engine.hpp"
#include "experiments/replay/memories.hpp"
#include "traces.hpp"

namespace {

using namespace lab::replay;
using invented::random_trace;
using invented::Teller;

/// What is asked of malloc; blocks are numbered in the order of being made, -1 is none.
using Call = std::tuple<std::string, std::uint64_t, int, int>;  // what, bytes, alignment, block ended

/// Gives real blocks and writes down what it was asked for.
struct Listening {
    struct State {
        std::mutex mutex;
        std::vector<Call> calls;
        std::vector<std::thread::id> threads;  // of the calls
        std::map<void*, int> numbers;
        int made = 0;
    };
    State* state;

    void* note(void* made, const char* what, std::uint64_t bytes, int log2, void* ended) {
        const std::lock_guard held(state->mutex);
        int number = -1;
        if (ended != nullptr) {
            number = state->numbers.at(ended);
            state->numbers.erase(ended);
        }
        state->calls.emplace_back(what, bytes, log2, number);
        state->threads.push_back(std::this_thread::get_id());
        if (made != nullptr) state->numbers[made] = state->made++;
        return made;
    }
    void* allocate(std::uint64_t bytes, std::uint32_t) { return note(std::malloc(bytes + 1), "allocate", bytes, 0, nullptr); }
    void* zeroed(std::uint64_t bytes, std::uint32_t) { return note(std::calloc(1, bytes + 1), "zeroed", bytes, 0, nullptr); }
    void* aligned(int log2, std::uint64_t bytes, std::uint32_t place) {
        return note(Malloc().aligned(log2, bytes, place), "aligned", bytes, log2, nullptr);
    }
    void* resize(void* block, std::uint64_t from, std::uint64_t to, std::uint32_t) {
        void* moved = std::malloc(to + 1);  // never in place, or a number would have two blocks
        if (block != nullptr) std::memcpy(moved, block, std::min(from, to));
        note(moved, "reallocate", to, 0, block);
        std::free(block);
        return moved;
    }
    void release(void* block) {
        note(nullptr, "release", 0, 0, block);
        std::free(block);
    }
};

/// The brute force: what the trace says, operation by operation.
std::vector<Call> interpret(const Trace& trace) {
    static const std::map<Kind, std::string> k_names{{Kind::allocate, "allocate"}, {Kind::zeroed, "zeroed"},
        {Kind::aligned, "aligned"}, {Kind::reallocate, "reallocate"}, {Kind::release, "release"}};
    std::vector<Call> calls;
    std::map<std::uint64_t, int> numbers;
    int made = 0;
    for (const auto& operation : trace.threads.at(0)) {
        int ended = -1;
        if (operation.kind == Kind::release) ended = numbers.at(operation.block);
        if (operation.kind == Kind::reallocate) ended = numbers.at(operation.from);
        if (operation.kind != Kind::release) numbers[operation.block] = made++;
        calls.emplace_back(k_names.at(operation.kind), operation.size, operation.alignment_log2, ended);
    }
    return calls;
}

/// How many marks a replay of all of the trace looks at.
std::uint64_t marks(const Trace& trace) {
    std::uint64_t count = 0;
    for (const auto& thread : trace.threads) {
        for (const auto& operation : thread) {
            count += operation.kind != Kind::allocate && operation.kind != Kind::aligned ? 1 : 0;
        }
    }
    return count;
}

TEST(Engine, AsksForWhatTheTraceSaysInItsOrder) {
    for (std::uint32_t seed = 0; seed < 50; ++seed) {
        SCOPED_TRACE(seed);
        const Trace trace = random_trace(seed, 1, 400);
        const Layout layout(compile(trace));
        Listening::State heard;
        Engine<Listening> engine(layout, Listening{&heard}, Touch::first);
        const Outcome outcome = engine.play();
        EXPECT_EQ(heard.calls, interpret(trace));
        EXPECT_EQ(outcome.good, marks(trace));
        EXPECT_EQ(outcome.steps, 400u);
        EXPECT_EQ(outcome.fidelity.waits, 0u);
        engine.release_all();
        EXPECT_TRUE(heard.numbers.empty()) << "everything is released at the end";
    }
}

/// Every block knows whether it lives. A release of what does not, or a resize, is a violation.
struct Model {
    struct State {
        std::atomic<int> violations{0};
        std::atomic<int> live{0};
        std::atomic<int> calls{0};
    };
    static constexpr std::size_t k_header = 64;
    static constexpr std::uint64_t k_lives = 0x1122334455667788;
    State* state;

    void* make(std::uint64_t bytes) {
        ++state->calls;
        ++state->live;
        auto* block = static_cast<char*>(std::aligned_alloc(64, k_header + (bytes + 63) / 64 * 64));
        std::memset(block, 0, k_header + bytes);
        std::memcpy(block, &k_lives, sizeof k_lives);
        return block + k_header;
    }
    bool end(void* block) {
        if (block == nullptr || std::memcmp(static_cast<char*>(block) - k_header, &k_lives, sizeof k_lives) != 0) {
            ++state->violations;
            return false;
        }
        --state->live;
        std::memset(static_cast<char*>(block) - k_header, 0, sizeof k_lives);
        std::free(static_cast<char*>(block) - k_header);
        return true;
    }
    void* allocate(std::uint64_t bytes, std::uint32_t) { return make(bytes); }
    void* zeroed(std::uint64_t bytes, std::uint32_t) { return make(bytes); }
    void* aligned(int, std::uint64_t bytes, std::uint32_t) { return make(bytes); }
    void* resize(void* block, std::uint64_t from, std::uint64_t to, std::uint32_t) {
        void* moved = make(to);
        if (block != nullptr) std::memcpy(moved, block, std::min(from, to));
        if (block != nullptr) end(block);
        return moved;
    }
    void release(void* block) {
        ++state->calls;
        end(block);
    }
};

TEST(Engine, KeepsEveryEdgeBetweenThreads) {
    for (std::uint32_t seed = 0; seed < 40; ++seed) {
        SCOPED_TRACE(seed);
        const Trace trace = random_trace(seed, 1 + seed % 9, 2000);
        const Layout layout(compile(trace));
        Model::State state;
        Engine<Model> engine(layout, Model{&state}, Touch::all);
        const Outcome outcome = engine.play();
        EXPECT_EQ(outcome.good, marks(trace));
        EXPECT_EQ(state.violations, 0);
        EXPECT_EQ(state.calls, 2000);
        engine.release_all();
        EXPECT_EQ(state.live, 0);
    }
}

TEST(Engine, PlaysOnMallocAndOnNothingWithTheSameResult) {
    for (std::uint32_t seed = 0; seed < 20; ++seed) {
        SCOPED_TRACE(seed);
        const Trace trace = random_trace(seed, 1 + seed % 4, 3000);
        const Layout layout(compile(trace));
        for (const Touch touch : {Touch::none, Touch::first, Touch::all}) {
            Engine<Malloc> real(layout, Malloc(), touch);
            Engine<Null> null(layout, Null(layout.places(), layout.longest_bytes()), touch);
            EXPECT_EQ(real.play().good, marks(trace));
            EXPECT_EQ(null.play().good, marks(trace));
            real.release_all();
        }
    }
}

Trace handed_over(std::size_t blocks) {
    Teller teller;
    std::vector<std::uint64_t> made;
    const std::uint64_t early = teller.allocate(1, 8);
    for (std::size_t i = 0; i < blocks; ++i) made.push_back(teller.allocate(0, 32));
    for (const std::uint64_t block : made) teller.release(1, block);
    teller.release(1, early);
    return teller.trace;
}

struct Slow : Model {
    void* allocate(std::uint64_t bytes, std::uint32_t place) {
        if (bytes == 32) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        return Model::allocate(bytes, place);
    }
};

TEST(Engine, WaitsForWhatIsNotMadeYetAndTellsHowLong) {
    const Layout layout(compile(handed_over(20)));
    Model::State state;
    Engine<Slow> engine(layout, Slow{{&state}}, Touch::first);
    const Outcome outcome = engine.play();
    EXPECT_EQ(outcome.good, 21u);
    EXPECT_EQ(state.violations, 0);
    EXPECT_GT(outcome.fidelity.waits, 0u);
    EXPECT_GT(outcome.fidelity.waited_ns, 1'000'000u);
}

TEST(Engine, NoticesAnEdgeThatIsNotKept) {
    Script script = compile(handed_over(20));
    for (ThreadScript& thread : script.threads) {
        for (Step& step : thread.steps) {
            if (step.kind == Kind::release && step.crosses) step.crosses = false;  // takes what is there
        }
        thread.slots = std::max(thread.slots, script.crossings);
    }
    const Layout layout(script);
    Model::State state;
    Engine<Slow> engine(layout, Slow{{&state}}, Touch::first);
    EXPECT_LT(engine.play().good, 21u);
    EXPECT_GT(state.violations, 0);
    engine.release_all();
}

/// Faults that a malloc could have.
struct Overlapping : Malloc {
    void* allocate(std::uint64_t, std::uint32_t) {
        static char block[4096];
        return block;
    }
    void release(void*) {}
};
struct Forgetting : Malloc {
    void* resize(void* block, std::uint64_t, std::uint64_t to, std::uint32_t) {
        std::free(block);
        return std::calloc(1, to);
    }
};
struct Dirty : Malloc {
    void* zeroed(std::uint64_t bytes, std::uint32_t) { return std::memset(std::malloc(bytes + 1), 7, bytes + 1); }
};

template <class Memory>
std::uint64_t good_on(const Trace& trace, Touch touch) {
    const Layout layout(compile(trace));
    Engine<Memory> engine(layout, Memory(), touch);
    const std::uint64_t good = engine.play().good;
    engine.release_all();
    return good;
}

TEST(Engine, NoticesAMallocThatIsBroken) {
    Teller teller;
    const std::uint64_t one = teller.allocate(0, 40);
    const std::uint64_t two = teller.allocate(0, 40);
    teller.release(0, one);
    teller.release(0, two);
    EXPECT_EQ(good_on<Malloc>(teller.trace, Touch::first), 2u);
    EXPECT_EQ(good_on<Overlapping>(teller.trace, Touch::first), 1u);
    EXPECT_EQ(good_on<Overlapping>(teller.trace, Touch::none), 2u) << "who touches nothing, sees nothing";

    Teller growing;
    growing.release(0, growing.reallocate(0, growing.allocate(0, 40), 80));
    EXPECT_EQ(good_on<Malloc>(growing.trace, Touch::all), 2u);
    EXPECT_EQ(good_on<Forgetting>(growing.trace, Touch::all), 1u);

    Teller zeros;
    zeros.allocate(0, 100, Kind::zeroed);
    EXPECT_EQ(good_on<Malloc>(zeros.trace, Touch::first), 1u);
    EXPECT_EQ(good_on<Dirty>(zeros.trace, Touch::first), 0u);
}

/// Counts the threads that have called and have not ended.
struct Counting : Malloc {
    static inline std::atomic<int> alive{0};
    static inline std::atomic<int> most{0};
    struct Presence {
        Presence() {
            const int now = ++alive;
            for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
            }
        }
        ~Presence() { --alive; }
    };
    void* allocate(std::uint64_t bytes, std::uint32_t place) {
        thread_local const Presence here;
        return Malloc::allocate(bytes, place);
    }
};

TEST(Engine, HoldsNoMoreThreadsThanWereAliveAtOnce) {
    Teller teller;
    std::uint64_t left = teller.allocate(0, 100);
    for (std::size_t thread = 1; thread <= 2000; ++thread) {
        teller.allocate(0, 16);  // as pthread_create would
        const std::uint64_t mine = teller.allocate(thread, 64);
        teller.release(thread, left);
        left = mine;
    }
    const Layout layout(compile(teller.trace));
    EXPECT_EQ(layout.threads(), 2001u);
    EXPECT_EQ(layout.alive_at_once(), 2u);
    Engine<Counting> engine(layout, Counting(), Touch::first);
    EXPECT_EQ(engine.play().good, 2000u);
    EXPECT_LE(Counting::most, 2);
    EXPECT_EQ(Counting::alive, 1) << "only the caller is left";
    engine.release_all();
}

TEST(Engine, BeginsAThreadOnlyAfterWhatCameBeforeIt) {
    Teller teller;
    for (int i = 0; i < 100; ++i) teller.allocate(0, 1);
    teller.allocate(1, 2);
    teller.allocate(0, 3);
    teller.allocate(1, 2);
    const Layout layout(compile(teller.trace));
    Listening::State heard;
    Engine<Listening> engine(layout, Listening{&heard}, Touch::none);
    engine.play();
    ASSERT_EQ(heard.calls.size(), 103u);
    for (std::size_t i = 0; i < 100; ++i) EXPECT_EQ(std::get<1>(heard.calls[i]), 1u);
    std::set<std::thread::id> threads(heard.threads.begin(), heard.threads.end());
    EXPECT_EQ(threads.size(), 2u);
    EXPECT_EQ(heard.threads.front(), std::this_thread::get_id()) << "the first thread is the caller";
    engine.release_all();
}

TEST(Engine, StopsAllThreadsWhenMemoryIsOut) {
    struct Exhausted : Malloc {
        void* allocate(std::uint64_t bytes, std::uint32_t place) {
            return bytes == 32 ? nullptr : Malloc::allocate(bytes, place);
        }
    };
    const Layout layout(compile(handed_over(20)));
    Engine<Exhausted> engine(layout, Exhausted(), Touch::first);
    EXPECT_TRUE(engine.play().out_of_memory);  // and the thread that waits for those blocks ends too
    engine.release_all();
}

}  // namespace
