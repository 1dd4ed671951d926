// observers: what is seen of a replay beside its time: memory held against live bytes, slow steps.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "layout.hpp"
#include "pages.hpp"

namespace lab::replay {

/// Resident bytes, exactly: the kernel's cheap counters may be some hundred KiB behind.
class Resident {
   public:
    Resident() : file_(open("/proc/self/smaps_rollup", O_RDONLY | O_CLOEXEC)) {
        if (file_ < 0) throw std::runtime_error("cannot read /proc/self/smaps_rollup");
    }
    ~Resident() { close(file_); }
    Resident(const Resident&) = delete;
    Resident& operator=(const Resident&) = delete;

    std::uint64_t bytes() const {
        char text[1024];
        const ssize_t got = pread(file_, text, sizeof text - 1, 0);
        text[std::max<ssize_t>(got, 0)] = '\0';
        const char* at = std::strstr(text, "Rss:");
        return at == nullptr ? 0 : std::strtoull(at + 4, nullptr, 10) * 1024;
    }

   private:
    int file_;
};

struct Sample {
    std::uint64_t steps;
    std::int64_t live_bytes;
    std::int64_t held_bytes;  // over what was resident at the start
};

/// Samples of all threads, at every so many steps of each.
class Footprints {
    struct alignas(64) Counter {
        std::atomic<std::uint64_t> steps;
        std::atomic<std::int64_t> live;
    };

   public:
    static constexpr std::uint64_t k_samples = 200;

    explicit Footprints(const Layout& layout)
        : counters_(layout.threads()), samples_(k_samples + 1),
          every_(std::max<std::uint64_t>(1, (layout.steps() + k_samples - 1) / k_samples)) {
        counters_.prefault();
        samples_.prefault();
    }
    void start() { start_ = resident_.bytes(); }

    /// By steps done; call when all threads have ended.
    std::vector<Sample> samples() const {
        std::vector<Sample> list(samples_.data(), samples_.data() + std::min<std::uint64_t>(count_, samples_.size()));
        std::ranges::sort(list, {}, &Sample::steps);
        return list;
    }

    class Observer {
       public:
        explicit Observer(Footprints& all) : all_(&all) {}
        void begin(std::size_t thread) { mine_ = &all_->counters_[thread]; }
        void before() {}
        void after(std::uint64_t done, std::int64_t change) {
            mine_->live.store(live_ += change, std::memory_order_relaxed);
            mine_->steps.store(done, std::memory_order_relaxed);
            if (done % all_->every_ == 0) all_->take();
        }

       private:
        Footprints* all_;
        Counter* mine_ = nullptr;
        std::int64_t live_ = 0;
    };

   private:
    friend class Observer;
    void take() {
        const std::uint64_t at = count_.fetch_add(1);
        if (at >= samples_.size()) return;
        Sample sample{0, 0, static_cast<std::int64_t>(resident_.bytes() - start_)};
        for (std::size_t t = 0; t < counters_.size(); ++t) {
            sample.steps += counters_[t].steps.load(std::memory_order_relaxed);
            sample.live_bytes += counters_[t].live.load(std::memory_order_relaxed);
        }
        samples_[at] = sample;
    }

    Pages<Counter> counters_;
    Pages<Sample> samples_;
    std::uint64_t every_;
    std::atomic<std::uint64_t> count_{0};
    std::uint64_t start_ = 0;
    Resident resident_;
};

/// The time of every step, clock and touching included, waiting for other threads not.
class Clocked {
   public:
    explicit Clocked(const Layout& layout) : ns_(layout.steps()), first_(layout.threads()) {
        ns_.prefault();
        for (std::size_t t = 0, first = 0; t < layout.threads(); ++t) {
            first_[t] = first;
            first += layout.thread(t).steps.size();
        }
    }

    double ns(std::size_t step) const { return ns_[step]; }

    class Observer {
       public:
        explicit Observer(Clocked& all) : all_(&all) {}
        void begin(std::size_t thread) { mine_ = all_->ns_.data() + all_->first_[thread]; }
        void before() { from_ = Clock::now(); }
        void after(std::uint64_t done, std::int64_t) {
            const auto took = std::chrono::nanoseconds(Clock::now() - from_).count();
            constexpr std::int64_t k_most = std::numeric_limits<std::uint32_t>::max();
            mine_[done - 1] = static_cast<std::uint32_t>(std::min<std::int64_t>(took, k_most));
        }

       private:
        using Clock = std::chrono::steady_clock;
        Clocked* all_;
        std::uint32_t* mine_ = nullptr;
        Clock::time_point from_{};
    };

   private:
    friend class Observer;
    Pages<std::uint32_t> ns_;
    Pages<std::size_t> first_;
};

}  // namespace lab::replay
