// summarise: what a trace asks of an allocator, in one walk.

#include <algorithm>
#include <bit>

#include "allocators/trace/lives.hpp"
#include "allocators/trace/trace.hpp"

namespace claimslab::trace {

namespace {

constexpr std::uint64_t k_points = 512;

class Summary {
  public:
    explicit Summary(const Trace& trace) : lives_(trace), blocks_(lives_.count()) {
        sum_.threads = trace.threads.size();
        const std::uint64_t operations = trace.operations();
        step_ = std::max<std::uint64_t>(1, (operations + k_points - 1) / k_points);
        walk(trace, [this](const Operation& operation) { take(operation); });
        sum_.last = now_;
        if (operations != 0 && trace.about.stored_bytes != 0) {
            sum_.bytes_per_operation =
                static_cast<double>(trace.about.stored_bytes) / static_cast<double>(operations);
        }
    }

    Statistics take() { return std::move(sum_); }

  private:
    struct Block {
        std::uint64_t size = 0;
        std::uint64_t made_at = 0;
        bool live = false;
    };

    void take(const Operation& operation) {
        now_.operation = sum_.operations;
        now_.time_ns = std::max(now_.time_ns, operation.time_ns);
        sum_.duration_ns = now_.time_ns;
        ++sum_.by_kind[static_cast<std::size_t>(operation.kind) % k_kinds];
        std::uint64_t kept = 0;
        if (operation.ends() != k_none) kept = end(operation);
        if (operation.kind == Kind::reallocate) sum_.moved_bytes += std::min(kept, operation.size);
        if (operation.makes() && operation.block != k_none) make(operation);
        if (now_.bytes > sum_.peak.bytes) sum_.peak = now_;
        if (++sum_.operations % step_ == 0) sum_.live.push_back(now_);
    }

    std::uint64_t end(const Operation& operation) {
        Block& block = blocks_[operation.ends()];
        const Life& life = lives_.of(operation.ends());
        if (life.makes == 0) {
            ++sum_.inherited;
            return 0;
        }
        if (life.maker != operation.thread) ++sum_.cross_thread;
        if (!block.live) return 0;
        block.live = false;
        now_.bytes -= block.size;
        --now_.blocks;
        ++sum_.by_lifetime[static_cast<std::size_t>(std::bit_width(sum_.operations - block.made_at))];
        return block.size;
    }

    void make(const Operation& operation) {
        Block& block = blocks_[operation.block];
        sum_.bytes += operation.size;
        ++sum_.by_size[static_cast<std::size_t>(std::bit_width(operation.size))];
        if (block.live) now_.bytes -= block.size;
        now_.blocks += !block.live;
        block = {operation.size, sum_.operations, true};
        now_.bytes += block.size;
    }

    Lives lives_;
    std::vector<Block> blocks_;
    Statistics sum_;
    Point now_;
    std::uint64_t step_ = 1;
};

}  // namespace

Statistics summarise(const Trace& trace) { return Summary(trace).take(); }

}  // namespace claimslab::trace
