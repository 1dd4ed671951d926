// lifetimes: blocks that live for a while: random replacement, growth, alignment, ageing, large ones.
//
// State goes on from one operation to the next, so that an operation meets a heap that has aged; the
// checksum counts blocks that came back as they were left, and so does not depend on that state.

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include "memory.hpp"
#include "mixes.hpp"

namespace lab::allocation {

/// `live` blocks, of which random ones are replaced by others of the mix.
template <class Memory>
class WorkingSet {
   public:
    WorkingSet(std::size_t live, const Mix& mix)
        : memory_(live, k_touched_bytes), sizes_(sizes_of(mix)), blocks_(live) {
        for (std::size_t slot = 0; slot < live; ++slot) fill(slot);
    }
    ~WorkingSet() {
        for (void* block : blocks_) memory_.release(block);
    }
    WorkingSet(const WorkingSet&) = delete;
    WorkingSet& operator=(const WorkingSet&) = delete;

    std::uint64_t replace_one() {
        const std::size_t slot = rng_.below(blocks_.size());
        const std::uint64_t good = is_marked(blocks_[slot], slot);
        memory_.release(blocks_[slot]);
        fill(slot);
        return good;
    }

   private:
    void fill(std::size_t slot) {
        blocks_[slot] = memory_.allocate(sizes_[next_size_++ % sizes_.size()], slot);
        mark(blocks_[slot], slot);
    }

    Memory memory_;
    std::vector<std::uint32_t> sizes_;
    std::vector<void*> blocks_;
    std::size_t next_size_ = 0;
    Rng rng_{7};
};

template <class Memory>
auto set_up_working_set(std::size_t live, const Mix& mix, std::size_t steps) {
    return [steps, set = std::make_shared<WorkingSet<Memory>>(live, mix)] {
        std::uint64_t good = 0;
        for (std::size_t i = 0; i < steps; ++i) good += set->replace_one();
        return good;
    };
}

/// One replacement an operation, for its tails.
template <class Memory>
auto set_up_replacement(std::size_t live, const Mix& mix) {
    return [set = std::make_shared<WorkingSet<Memory>>(live, mix)] { return set->replace_one(); };
}

enum class Growth { half, page };

/// One block from 16 bytes to `to` by realloc; each step marks its last byte, all marks are read at the end.
template <class Memory>
auto set_up_realloc_growth(std::size_t to, Growth growth) {
    return [=, memory = Memory(1, to)]() mutable {
        std::size_t bytes = 16;
        auto* block = static_cast<unsigned char*>(memory.allocate(bytes, 0));
        const auto next = [&](std::size_t now) {
            return std::min(to, growth == Growth::half ? now + now / 2 : now + 4096);
        };
        block[bytes - 1] = 1;
        while (bytes < to) {
            bytes = next(bytes);
            block = static_cast<unsigned char*>(memory.resize(block, bytes, 0));
            block[bytes - 1] = 1;
        }
        std::uint64_t good = 0;
        for (std::size_t at = 16; at < to; at = next(at)) good += block[at - 1];
        good += block[to - 1];
        memory.release(block);
        return good;
    };
}

/// Blocks of the lean mix at alignments from 16 to 4096, most of them small; freed in order.
template <class Memory>
auto set_up_alignment_mix(std::size_t n) {
    return [=, memory = Memory(n, k_touched_bytes), sizes = sizes_of(k_lean),
            blocks = std::vector<void*>(n)]() mutable {
        constexpr std::size_t k_alignments[] = {16, 16, 16, 32, 32, 64, 64, 64, 256, 4096};
        for (std::size_t i = 0; i < n; ++i) {
            const std::size_t alignment = k_alignments[i % std::size(k_alignments)];
            const std::size_t bytes = (sizes[i] + alignment - 1) / alignment * alignment;
            blocks[i] = memory.aligned(alignment, bytes, i);
            mark(blocks[i], i);
        }
        std::uint64_t good = 0;
        for (std::size_t i = 0; i < n; ++i) {
            good += is_marked(blocks[i], i);
            memory.release(blocks[i]);
        }
        return good;
    };
}

/// Eight phases, each of sizes of its own: fill up to `live` bytes, then free four of five at random.
template <class Memory>
class Ageing {
   public:
    explicit Ageing(std::size_t live) : live_(live), memory_(slots(), k_touched_bytes) {
        blocks_.reserve(2 * slots());
    }

    /// `observe(operations so far, live bytes)` is called ten times in each filling and freeing.
    template <class Observe>
    std::uint64_t run(Observe observe) {
        Rng rng{99};
        std::uint64_t good = 0;
        std::size_t held = 0;
        for (const std::size_t centre : k_bytes) {
            const std::size_t start = held;
            for (std::size_t tenth = 1; tenth <= 10; ++tenth) {
                const std::size_t until = start + (live_ - start) * tenth / 10;
                while (held < until) held += add(centre / 2 + rng.below(centre));
                observe(operations(), held);
            }
            const std::size_t full = blocks_.size();
            for (std::size_t tenth = 1; tenth <= 10; ++tenth) {
                const std::size_t until = full - full * 4 / 5 * tenth / 10;
                while (blocks_.size() > until) good += drop(rng.below(blocks_.size()), held);
                observe(operations(), held);
            }
        }
        while (!blocks_.empty()) good += drop(blocks_.size() - 1, held);
        return good;
    }

   private:
    struct Block {  // a tenth of the smallest centre at most, for it counts as memory held
        void* at;
        std::uint32_t bytes;
        std::uint32_t slot;
    };
    static constexpr std::size_t k_bytes[] = {160, 1024, 224, 4096, 288, 16384, 192, 700};

    std::size_t operations() const { return 2 * next_slot_ - blocks_.size(); }

    // Two live blocks may share a slot of the null allocator: they carry the same mark.
    std::size_t slots() const { return live_ / k_bytes[0] + 1; }

    std::size_t add(std::size_t bytes) {
        const std::size_t slot = next_slot_++ % slots();
        void* at = memory_.allocate(bytes, slot);
        mark(at, slot);
        blocks_.push_back({at, static_cast<std::uint32_t>(bytes), static_cast<std::uint32_t>(slot)});
        return bytes;
    }
    std::uint64_t drop(std::size_t place, std::size_t& held) {
        const Block block = blocks_[place];
        blocks_[place] = blocks_.back();
        blocks_.pop_back();
        held -= block.bytes;
        const std::uint64_t good = is_marked(block.at, block.slot);
        memory_.release(block.at);
        return good;
    }

    std::size_t live_;
    Memory memory_;
    std::vector<Block> blocks_;
    std::size_t next_slot_ = 0;
};

template <class Memory>
auto set_up_ageing(std::size_t live) {
    return [ageing = std::make_shared<Ageing<Memory>>(live)] { return ageing->run([](std::size_t, std::size_t) {}); };
}

enum class Touch { none, first, all };

/// One large block at a time; a byte in every page is touched, or the first, or none.
template <class Memory>
auto set_up_large(std::size_t bytes, Touch touch) {
    return [=, memory = Memory(1, bytes)]() mutable {
        constexpr std::size_t k_page_bytes = 4096;
        auto* block = static_cast<volatile char*>(memory.allocate(bytes, 0));
        const std::size_t until = touch == Touch::none ? 0 : touch == Touch::first ? 1 : bytes;
        std::uint64_t touched = 0;
        for (std::size_t at = 0; at < until; at += k_page_bytes, ++touched) block[at] = 1;
        memory.release(const_cast<char*>(block));
        return touched;
    };
}

/// As many blocks as that, all at once, wholly written; then all freed.
template <class Memory>
auto set_up_hold(std::size_t bytes, std::size_t count) {
    return [=, memory = Memory(count, bytes), blocks = std::vector<unsigned char*>(count)]() mutable {
        for (std::size_t i = 0; i < count; ++i) {
            blocks[i] = static_cast<unsigned char*>(memory.allocate(bytes, i));
            std::fill_n(blocks[i], bytes, static_cast<unsigned char>(i));
        }
        std::uint64_t good = 0;
        for (std::size_t i = 0; i < count; ++i) {
            good += blocks[i][bytes - 1] == static_cast<unsigned char>(i) ? 1 : 0;
            memory.release(blocks[i]);
        }
        return good;
    };
}

}  // namespace lab::allocation
