// threads: blocks and threads that meet: side by side, handed over, in slots that wander, and churn.

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "lifetimes.hpp"
#include "pairs.hpp"
#include "team.hpp"

namespace lab::allocation {

/// Each thread allocates and frees on its own, `n` times, in batches of a hundred.
template <class Memory>
auto set_up_parallel(std::size_t threads, std::size_t bytes, std::size_t n) {
    constexpr std::size_t k_batch = 100;
    struct State {
        explicit State(std::size_t count) : memory(count * k_batch, k_touched_bytes), team(count) {}
        Memory memory;
        Team team;
        std::atomic<std::uint64_t> good{0};
    };
    return [=, state = std::make_shared<State>(threads)] {
        state->good = 0;
        state->team.run([&](std::size_t thread) {
            void* blocks[k_batch];
            std::uint64_t good = 0;
            for (std::size_t done = 0; done < n; done += k_batch) {
                for (std::size_t i = 0; i < k_batch; ++i) {
                    blocks[i] = state->memory.allocate(bytes, thread * k_batch + i);
                    mark(blocks[i], i);
                }
                for (std::size_t i = 0; i < k_batch; ++i) {
                    good += is_marked(blocks[i], i);
                    state->memory.release(blocks[i]);
                }
            }
            state->good += good;
        });
        return state->good.load();
    };
}

/// A ring for one thread that puts and one that takes; both see the other's place once a few blocks.
class Ring {
   public:
    static constexpr std::size_t k_places = 4096;

    void put(std::size_t at, void* block) {
        wait_until([&] { return at - taken_.load(std::memory_order_acquire) < k_places; });
        places_[at % k_places] = block;
        if (at % k_step == k_step - 1) publish(at + 1);
    }
    void publish(std::size_t count) { put_.store(count, std::memory_order_release); }

    void* take(std::size_t at) {
        if (at >= seen_) {
            wait_until([&] { return (seen_ = put_.load(std::memory_order_acquire)) > at; });
        }
        void* block = places_[at % k_places];
        if (at % k_step == k_step - 1) taken_.store(at + 1, std::memory_order_release);
        return block;
    }
    void reset() {
        put_ = 0;
        taken_ = 0;
        seen_ = 0;
    }

   private:
    static constexpr std::size_t k_step = 32;

    // The other thread may not have a processor just now.
    template <class Condition>
    static void wait_until(Condition holds) {
        for (int spins = 0; !holds();) {
            if (++spins > 1000) std::this_thread::yield();
        }
    }

    alignas(64) std::atomic<std::size_t> put_{0};
    alignas(64) std::atomic<std::size_t> taken_{0};
    alignas(64) std::size_t seen_ = 0;  // the taker's
    void* places_[k_places];
};

/// One thread allocates `n` blocks, another frees them.
template <class Memory>
auto set_up_producer_consumer(std::size_t bytes, std::size_t n) {
    struct State {
        explicit State(std::size_t count) : memory(count, k_touched_bytes), team(2) {}
        Memory memory;
        Ring ring;
        Team team;
        std::uint64_t good = 0;
    };
    return [=, state = std::make_shared<State>(n)] {
        State& s = *state;
        s.ring.reset();
        s.team.run([&](std::size_t thread) {
            if (thread == 0) {
                for (std::size_t i = 0; i < n; ++i) {
                    void* block = s.memory.allocate(bytes, i);
                    mark(block, i);
                    s.ring.put(i, block);
                }
                s.ring.publish(n);
            } else {
                std::uint64_t good = 0;
                for (std::size_t i = 0; i < n; ++i) {
                    void* block = s.ring.take(i);
                    good += is_marked(block, i);
                    s.memory.release(block);
                }
                s.good = good;
            }
        });
        return s.good;
    };
}

/// Each thread replaces random blocks of 8 to 511 bytes in its own slots; then the slots wander on,
/// so that a block is freed by another thread than the one that allocated it.
template <class Memory>
auto set_up_server(std::size_t threads, std::size_t slots, std::size_t steps) {
    struct State {
        State(std::size_t count, std::size_t width)
            : memory(count * width, k_touched_bytes), team(count), blocks(count * width), slots(width) {
            for (std::size_t i = 0; i < blocks.size(); ++i) fill(i, 8 + i % 504);
            for (std::size_t i = 0; i < count; ++i) rngs.push_back({i + 1});
        }
        ~State() {
            for (void* block : blocks) memory.release(block);
        }
        void fill(std::size_t place, std::size_t bytes) {
            blocks[place] = memory.allocate(bytes, place);
            mark(blocks[place], place);
        }
        Memory memory;
        Team team;
        std::vector<void*> blocks;
        std::size_t slots;
        std::vector<Rng> rngs;
        std::size_t round = 0;
        std::atomic<std::uint64_t> good{0};
    };
    return [=, state = std::make_shared<State>(threads, slots)] {
        State& s = *state;
        s.good = 0;
        ++s.round;
        s.team.run([&](std::size_t thread) {
            Rng rng = s.rngs[thread];
            const std::size_t first = (thread + s.round) % threads * s.slots;
            std::uint64_t good = 0;
            for (std::size_t i = 0; i < steps; ++i) {
                const std::size_t place = first + rng.below(s.slots);
                good += is_marked(s.blocks[place], place);
                s.memory.release(s.blocks[place]);
                s.fill(place, 8 + rng.below(504));
            }
            s.rngs[thread] = rng;
            s.good += good;
        });
        return s.good.load();
    };
}

/// A thread comes, frees what the one before it left, allocates `n` blocks, frees half, and goes.
template <class Memory>
auto set_up_thread_churn(std::size_t n) {
    struct State {
        explicit State(std::size_t count)
            : memory(2 * count, k_touched_bytes), sizes(sizes_of(k_lean)), left(count), mine(count) {
            generation();  // so that there is something to inherit
        }
        ~State() {
            for (std::size_t i = 0; i < left.size(); i += 2) memory.release(left[i]);
        }
        std::uint64_t generation() {
            const bool inherits = round > 0;
            const std::size_t base = round++ % 2 * left.size();  // not where the heir's blocks are
            std::uint64_t good = 0;
            for (std::size_t i = 0; inherits && i < left.size(); i += 2) {
                good += is_marked(left[i], i);
                memory.release(left[i]);
            }
            for (std::size_t i = 0; i < mine.size(); ++i) {
                mine[i] = memory.allocate(sizes[(next_size += 1) % sizes.size()], base + i);
                mark(mine[i], i);
            }
            for (std::size_t i = 1; i < mine.size(); i += 2) {
                good += is_marked(mine[i], i);
                memory.release(mine[i]);
            }
            std::swap(left, mine);
            return good;
        }
        Memory memory;
        std::vector<std::uint32_t> sizes;
        std::vector<void*> left;
        std::vector<void*> mine;
        std::size_t round = 0;
        std::size_t next_size = 0;
    };
    return [state = std::make_shared<State>(n)] {
        std::uint64_t good = 0;
        std::thread([&] { good = state->generation(); }).join();
        return good;
    };
}

}  // namespace lab::allocation
