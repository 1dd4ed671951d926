// threads: blocks that cross threads, threads that come and go, and fork while others allocate.

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "allocators/conformance/check.hpp"

namespace {

using namespace lab::conformance;

struct Rng {
    std::uint64_t state;
    std::uint64_t next() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return state;
    }
};

// A block that knows its size and carries a tag at both ends.
struct Tagged {
    std::uint64_t bytes;
    std::uint64_t tag;
};

void* make_tagged(Rng& rng) {
    const std::uint64_t large = rng.next() % 64 == 0 ? 65536 : 512;
    const std::size_t bytes = 2 * sizeof(Tagged) + rng.next() % large;
    auto* block = static_cast<unsigned char*>(std::malloc(bytes));
    require(block != nullptr, "malloc(%zu) is null", bytes);
    const Tagged tagged{bytes, rng.next()};
    std::memcpy(block, &tagged, sizeof tagged);
    std::memcpy(block + bytes - sizeof tagged.tag, &tagged.tag, sizeof tagged.tag);
    return block;
}

void free_tagged(void* block) {
    if (block == nullptr) return;
    Tagged tagged{};
    std::uint64_t tail = 0;
    std::memcpy(&tagged, block, sizeof tagged);
    require(tagged.bytes >= 2 * sizeof(Tagged) && tagged.bytes < 70'000, "a block's head was overwritten");
    std::memcpy(&tail, static_cast<unsigned char*>(block) + tagged.bytes - sizeof tail, sizeof tail);
    require(tail == tagged.tag, "a block's tail was overwritten");
    std::free(block);
}

const Check k_stress("four-thread-stress", Kind::required, [] {
    constexpr std::size_t k_slots = 4096;
    static std::atomic<void*> slots[k_slots];
    std::thread threads[4];
    std::uint64_t seed = 1;
    for (std::thread& thread : threads) {
        thread = std::thread([seed] {
            Rng rng{seed * 0x9e3779b97f4a7c15U};
            for (int i = 0; i < 150'000; ++i) {
                free_tagged(slots[rng.next() % k_slots].exchange(make_tagged(rng)));
            }
        });
        ++seed;
    }
    for (std::thread& thread : threads) thread.join();
    for (auto& slot : slots) free_tagged(slot.exchange(nullptr));
});

const Check k_free_only("free-only-thread", Kind::required, [] {
    constexpr std::size_t k_blocks = 20'000;
    static void* blocks[k_blocks];
    Rng rng{7};
    for (int round = 0; round < 5; ++round) {
        for (void*& block : blocks) block = make_tagged(rng);
        std::thread([] {
            for (void* block : blocks) free_tagged(block);
        }).join();
    }
});

// A thread that has churned away must leave nothing behind; 3000 of them once held under 20 MiB.
const Check k_churn("thread-churn", Kind::required, [] {
    const auto run = [](int threads) {
        for (int i = 0; i < threads; ++i) {
            std::thread([i] {
                Rng rng{static_cast<std::uint64_t>(i) + 1};
                void* blocks[50];
                for (void*& block : blocks) block = make_tagged(rng);
                for (void* block : blocks) free_tagged(block);
            }).join();
        }
    };
    run(100);
    const std::size_t before = resident_bytes();
    run(2900);
    const std::size_t after = resident_bytes();
    const std::size_t grown = after > before ? (after - before) >> 20 : 0;
    note("%zu MiB more after 2900 threads", grown);
    require(grown <= 32, "threads that came and went hold memory");
});

const Check k_abandoned("abandoned-blocks", Kind::required, [] {
    constexpr std::size_t k_blocks = 10'000;  // of 100 bytes: a megabyte a thread
    static void* blocks[k_blocks];
    const auto round = [] {
        std::thread([] {
            for (void*& block : blocks) {
                block = std::malloc(100);
                require(block != nullptr, "malloc(100) is null");
                fill(block, 100, 9);
            }
        }).join();
        for (void* block : blocks) {
            require(is_filled(block, 100, 9), "a block changed when its thread ended");
            std::free(block);
        }
    };
    for (int i = 0; i < 10; ++i) round();
    const std::size_t before = resident_bytes();
    for (int i = 0; i < 200; ++i) round();
    const std::size_t after = resident_bytes();
    const std::size_t grown = after > before ? (after - before) >> 20 : 0;
    note("%zu MiB more after 200 threads", grown);
    require(grown <= 50, "the memory of dead threads is not used again");
});

struct AllocatesAtEnd {
    void* kept = std::malloc(200);
    ~AllocatesAtEnd() {
        std::free(kept);
        std::free(std::malloc(3000));
    }
};
pthread_key_t late_key;

// A key's destructor that sets the key again runs after the allocator's own, too.
void run_late(void* round) {
    const auto number = reinterpret_cast<std::uintptr_t>(round);
    void* block = std::malloc(500 * number);
    require(block != nullptr, "malloc in a key's destructor is null");
    fill(block, 500 * number, 1);
    std::free(block);
    if (number < 4) pthread_setspecific(late_key, reinterpret_cast<void*>(number + 1));
}

const Check k_destructors("tls-destructors", Kind::required, [] {
    require(pthread_key_create(&late_key, run_late) == 0, "pthread_key_create failed");
    for (int i = 0; i < 100; ++i) {
        std::thread([] {
            thread_local AllocatesAtEnd object;
            fill(object.kept, 200, 1);
            pthread_setspecific(late_key, reinterpret_cast<void*>(std::uintptr_t{1}));
        }).join();
    }
});

const Check k_fork("fork-with-threads", Kind::required, [] {
    static std::atomic<bool> stop{false};
    std::thread threads[3];
    std::uint64_t seed = 1;
    for (std::thread& thread : threads) {
        thread = std::thread([seed] {
            Rng rng{seed};
            void* blocks[64] = {};
            while (!stop) {
                void*& block = blocks[rng.next() % 64];
                free_tagged(block);
                block = make_tagged(rng);
            }
            for (void* block : blocks) free_tagged(block);
        });
        ++seed;
    }
    for (int i = 0; i < 150; ++i) {
        const pid_t child = fork();
        require(child >= 0, "fork failed");
        if (child == 0) {
            Rng rng{static_cast<std::uint64_t>(i) + 1};
            for (int k = 0; k < 300; ++k) free_tagged(make_tagged(rng));
            _exit(0);
        }
        int status = 0;
        require(waitpid(child, &status, 0) == child, "waitpid failed");
        require(status == 0, "child %d of a process with threads failed, status %d", i, status);
    }
    stop = true;
    for (std::thread& thread : threads) thread.join();
});

}  // namespace
