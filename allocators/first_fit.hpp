// FirstFit: the allocator of textbooks, of addresses only: the lowest hole that is large enough.
//
//   0 [ used ][ hole ][ used ][ hole ][ used ] end ........   allocate() takes the first hole that
//                                                             fits, or extends the end;
//                                                             release() joins neighbouring holes
//
// Invariants  Holes are disjoint, not empty, never neighbours, and lie below end; the last byte
//             below end is used.
// Costs       Linear in the number of holes. No memory is touched.
// Gives up    Alignment, headers, size classes: the claim it tests knows none of them.
#pragma once

#include <cstdint>
#include <iterator>
#include <map>

namespace lab {

class FirstFit {
   public:
    using Address = std::uint64_t;

    /// The address of a block of `bytes`, at least 1.
    Address allocate(std::uint64_t bytes) {
        for (auto hole = holes_.begin(); hole != holes_.end(); ++hole) {
            const auto [at, size] = *hole;
            if (size < bytes) continue;
            holes_.erase(hole);
            if (size > bytes) holes_.emplace(at + bytes, size - bytes);
            return at;
        }
        const Address at = end_;
        end_ += bytes;
        return at;
    }

    /// Gives back what allocate(bytes) returned.
    void release(Address at, std::uint64_t bytes) {
        auto after = holes_.lower_bound(at);
        if (after != holes_.begin()) {
            const auto before = std::prev(after);
            if (before->first + before->second == at) {
                at = before->first;
                bytes += before->second;
                holes_.erase(before);
            }
        }
        if (after != holes_.end() && at + bytes == after->first) {
            bytes += after->second;
            holes_.erase(after);
        }
        if (at + bytes == end_) {
            end_ = at;
        } else {
            holes_.emplace(at, bytes);
        }
    }

    /// Where memory that was never used, or is used no more, begins.
    Address end() const { return end_; }
    /// Address and size of every hole, in the order of addresses.
    const std::map<Address, std::uint64_t>& holes() const { return holes_; }

   private:
    std::map<Address, std::uint64_t> holes_;
    Address end_ = 0;
};

}  // namespace lab
