// validate: whether a trace could have been recorded from a program that uses malloc rightly.

#include <algorithm>

#include "allocators/trace/lives.hpp"
#include "allocators/trace/trace.hpp"

namespace claimslab::trace {

namespace {

constexpr std::size_t k_shown = 100;

class Check {
  public:
    explicit Check(const Trace& trace) : trace_(trace), lives_(trace), seen_(lives_.count()) {}

    Findings run() {
        for (std::uint32_t thread = 0; thread < trace_.threads.size(); ++thread) {
            thread_ = thread;
            std::uint64_t time = 0;
            const auto& operations = trace_.threads[thread];
            for (index_ = 0; index_ < operations.size(); ++index_) {
                const Operation& operation = operations[index_];
                if (operation.time_ns < time) find(Fault::time, "is earlier than the operation before it");
                time = operation.time_ns;
                shape(operation);
                blocks(operation);
            }
        }
        const std::uint64_t against = walk(trace_, [](const Operation&) {});
        if (against != 0) {
            found_.count[static_cast<std::size_t>(Fault::order)] += against;
            found_.first.push_back({Fault::order, 0, 0,
                                    std::to_string(against) +
                                        " operations would have to end a block before it is made, in whatever order the "
                                        "threads run"});
        }
        return std::move(found_);
    }

  private:
    struct Seen {
        bool made = false;
        bool ended = false;
    };

    void shape(const Operation& operation) {
        const bool is_release = operation.kind == Kind::release;
        if (operation.kind > Kind::release) find(Fault::shape, "is of no known kind");
        if (operation.thread != thread_) find(Fault::shape, "names another thread");
        if (operation.block == k_none) find(Fault::shape, "names no block");
        if ((operation.from != k_none) != (operation.kind == Kind::reallocate)) {
            find(Fault::shape, operation.from == k_none ? "moves no block" : "moves a block, and is no reallocate");
        }
        if (is_release && operation.size != 0) find(Fault::shape, "is a release with a size");
        if (operation.size > k_max_size) {
            find(Fault::size, "asks for " + std::to_string(operation.size) + " bytes");
        }
        if (operation.alignment_log2 > (operation.kind == Kind::aligned ? 47 : 0)) {
            find(Fault::alignment, "is aligned to 2^" + std::to_string(operation.alignment_log2));
        }
    }

    void blocks(const Operation& operation) {
        if (const std::uint64_t block = operation.ends(); block != k_none) {
            Seen& seen = seen_[block];
            if (seen.ended) {
                find(Fault::double_release, "ends block " + std::to_string(block) + " again");
            } else if (lives_.of(block).makes == 0) {
                if (trace_.about.forked) {
                    ++found_.inherited;
                } else {
                    find(Fault::unknown_block, "ends block " + std::to_string(block) + ", which nobody made");
                }
            }
            seen.ended = true;
        }
        if (operation.makes() && operation.block != k_none) {
            Seen& seen = seen_[operation.block];
            if (seen.made) find(Fault::two_owners, "makes block " + std::to_string(operation.block) + " again");
            seen.made = true;
        }
    }

    void find(Fault fault, const std::string& what) {
        ++found_.count[static_cast<std::size_t>(fault)];
        if (found_.first.size() >= k_shown) return;
        found_.first.push_back({fault, thread_, index_,
                                "operation " + std::to_string(index_) + " of thread " + std::to_string(thread_) + " " +
                                    what});
    }

    const Trace& trace_;
    Lives lives_;
    std::vector<Seen> seen_;
    Findings found_;
    std::uint32_t thread_ = 0;
    std::uint64_t index_ = 0;
};

}  // namespace

bool Findings::valid() const {
    return std::ranges::all_of(count, [](std::uint64_t number) { return number == 0; });
}

Findings validate(const Trace& trace) { return Check(trace).run(); }

}  // namespace claimslab::trace
