// Team: threads that stay, so that starting one is not what is timed.
//
//   Team team(2);                        // this thread is 0, one more waits
//   team.run([](std::size_t thread) {});  // returns when all have done it
//
// Invariants  run() is called by one thread at a time; between runs the others sleep or spin briefly.
// Costs       A wake-up of some 5 to 50 µs a run: keep a run well above that.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

namespace lab::allocation {

class Team {
   public:
    explicit Team(std::size_t threads) {
        for (std::size_t i = 1; i < threads; ++i) helpers_.emplace_back([this, i] { help(i); });
    }
    ~Team() {
        work_ = nullptr;
        start();
        for (std::thread& helper : helpers_) helper.join();
    }
    Team(const Team&) = delete;
    Team& operator=(const Team&) = delete;

    void run(std::function<void(std::size_t)> work) {
        work_ = std::move(work);
        busy_.store(helpers_.size(), std::memory_order_relaxed);
        start();
        work_(0);
        for (std::size_t left = busy_.load(); left != 0; left = busy_.load()) busy_.wait(left);
    }

   private:
    void start() {
        round_.fetch_add(1);
        round_.notify_all();
    }
    void help(std::size_t thread) {
        for (std::uint32_t seen = 0;;) {
            round_.wait(seen);
            seen = round_.load();
            if (!work_) return;
            work_(thread);
            if (busy_.fetch_sub(1) == 1) busy_.notify_one();
        }
    }

    std::function<void(std::size_t)> work_;
    std::atomic<std::uint32_t> round_{0};
    std::atomic<std::size_t> busy_{0};
    std::vector<std::thread> helpers_;
};

}  // namespace lab::allocation
