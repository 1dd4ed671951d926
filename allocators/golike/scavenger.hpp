// Scavenger: how much free memory the heap keeps; the rest goes back to the kernel.
//
//   retained = 8 MiB + a tenth of what is in use + regret
//
// Keeping memory costs memory; giving it back costs a fault a page if it is wanted again (about two
// microseconds on a virtual machine). That is the ski-rental problem: pay for the faults once, and
// let them teach. Pages that were given back and then wanted again are the regret; it is kept from
// then on, and halves every second.
//
// Go keeps the tenth too (retainExtraPercent), but has a goroutine that gives back in the background,
// one percent of the processor's time, by the goal of the next collection. A malloc has neither
// collections nor, before main and after fork, threads of its own; so it works while it frees.
//
// Gives up    A program that never frees again keeps its regret until malloc_trim.
// Threads     None: the page heap's lock is held.
#pragma once

#include <algorithm>
#include <cstdint>
#include <ctime>

namespace golike {

class Scavenger {
public:
    static constexpr std::uint32_t k_floor_pages = 1024;
    /// The overshoot that makes a call worth while.
    static constexpr std::uint32_t k_slack_pages = 256;

    /// Free pages that may stay resident.
    std::uint32_t retained(std::uint32_t in_use_pages) const {
        return k_floor_pages + in_use_pages / 10 + regret_;
    }

    void wanted_again(std::uint32_t pages) {
        regret_ = std::min(regret_ + pages, std::uint32_t{1} << 27);
    }

    /// To be called before retained() decides something: time passes only here.
    void let_time_pass() {
        if (++calls_ % k_calls_a_look != 0) return;
        timespec now{};
        clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
        const std::int64_t seconds = now.tv_sec - since_s_;
        if (seconds <= 0) return;
        regret_ = seconds < 32 ? regret_ >> seconds : 0;
        since_s_ = now.tv_sec;
    }

    void forget() { regret_ = 0; }

private:
    static constexpr std::uint32_t k_calls_a_look = 16;  // a look at the clock costs as much as a free

    std::uint32_t regret_ = 0;
    std::uint32_t calls_ = 0;
    std::int64_t since_s_ = 0;
};

}  // namespace golike
