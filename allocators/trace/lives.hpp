// lives: how often each block of a trace is made and ended; once and at most once, if it is valid.

#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "allocators/trace/trace.hpp"

namespace claimslab::trace {

struct Life {
    std::uint32_t maker = 0;  // the first thread to make it
    std::uint8_t makes = 0;   // up to 255
    std::uint8_t ends = 0;

    bool ordinary() const { return makes == 1 && ends <= 1; }
};

class Lives {
  public:
    /// Throws Error where blocks are not numbered densely: nothing here could then be an array.
    explicit Lives(const Trace& trace) {
        const std::uint64_t blocks = trace.blocks();
        const std::uint64_t operations = trace.operations();
        if (blocks > 2 * operations) {
            throw Error("block " + std::to_string(blocks - 1) + " in a trace of " + std::to_string(operations) +
                        " operations: number the blocks from 0 on");
        }
        lives_.resize(blocks);
        for (std::uint32_t thread = 0; thread < trace.threads.size(); ++thread) {
            for (const Operation& operation : trace.threads[thread]) {
                if (operation.ends() != k_none) count_up(lives_[operation.ends()].ends);
                if (!operation.makes() || operation.block == k_none) continue;
                Life& life = lives_[operation.block];
                if (life.makes == 0) life.maker = thread;
                count_up(life.makes);
            }
        }
    }

    std::size_t count() const { return lives_.size(); }
    const Life& of(std::uint64_t block) const { return lives_[block]; }

  private:
    static void count_up(std::uint8_t& number) {
        number = static_cast<std::uint8_t>(number + (number < std::numeric_limits<std::uint8_t>::max()));
    }

    std::vector<Life> lives_;
};

}  // namespace claimslab::trace
