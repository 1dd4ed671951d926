// walk: one order of all operations that real threads could have followed.

#include <map>
#include <queue>
#include <unordered_map>

#include "allocators/trace/lives.hpp"
#include "allocators/trace/trace.hpp"

namespace claimslab::trace {

namespace {

class Walk {
  public:
    Walk(const Trace& trace, const std::function<void(const Operation&)>& visit)
        : trace_(trace), visit_(visit), lives_(trace), made_(lives_.count()), next_(trace.threads.size()) {}

    std::uint64_t run() {
        for (std::uint32_t thread = 0; thread < next_.size(); ++thread) queue(thread);
        std::uint64_t against = 0;
        while (!ready_.empty() || !parked_.empty()) {
            if (ready_.empty()) {  // threads wait for each other in a ring
                ++against;
                step(parked_.begin()->first.second);
            } else {
                const Entry entry = ready_.top();
                ready_.pop();
                const std::uint64_t block = head(entry.second).ends();
                if (must_wait(block)) {
                    waiting_.emplace(block, parked_.emplace(entry, block).first);
                } else {
                    step(entry.second);
                }
            }
        }
        return against;
    }

  private:
    using Entry = std::pair<std::uint64_t, std::uint32_t>;  // time, thread
    using Parked = std::map<Entry, std::uint64_t>;          // the block it waits for

    const Operation& head(std::uint32_t thread) const { return trace_.threads[thread][next_[thread]]; }

    void queue(std::uint32_t thread) {
        if (next_[thread] < trace_.threads[thread].size()) ready_.push({head(thread).time_ns, thread});
    }

    bool must_wait(std::uint64_t block) const {
        return block != k_none && lives_.of(block).makes != 0 && !made_[block];
    }

    void step(std::uint32_t thread) {
        const Operation& operation = head(thread);
        forget(thread, operation);
        ++next_[thread];
        visit_(operation);
        if (operation.makes() && operation.block != k_none) {
            made_[operation.block] = true;
            wake(operation.block);
        }
        queue(thread);
    }

    void wake(std::uint64_t block) {
        if (waiting_.empty()) return;
        const auto range = waiting_.equal_range(block);
        for (auto i = range.first; i != range.second; ++i) {
            ready_.push(i->second->first);
            parked_.erase(i->second);
        }
        waiting_.erase(range.first, range.second);
    }

    /// Where a thread is forced on, it waits no longer.
    void forget(std::uint32_t thread, const Operation& operation) {
        if (parked_.empty()) return;
        const auto at = parked_.find({operation.time_ns, thread});
        if (at == parked_.end()) return;
        const auto range = waiting_.equal_range(at->second);
        for (auto i = range.first; i != range.second; ++i) {
            if (i->second == at) {
                waiting_.erase(i);
                break;
            }
        }
        parked_.erase(at);
    }

    const Trace& trace_;
    const std::function<void(const Operation&)>& visit_;
    Lives lives_;
    std::vector<bool> made_;
    std::vector<std::size_t> next_;
    std::priority_queue<Entry, std::vector<Entry>, std::greater<>> ready_;
    Parked parked_;
    std::unordered_multimap<std::uint64_t, Parked::iterator> waiting_;
};

}  // namespace

std::uint64_t walk(const Trace& trace, const std::function<void(const Operation&)>& visit) {
    return Walk(trace, visit).run();
}

}  // namespace claimslab::trace
