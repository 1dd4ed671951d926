// grow_history: what n appends do to a slice under a growth policy, counted without touching
// memory.
//
//   capacities   0 -> c1 -> c2 -> ... -> ck >= n     one step a reallocation, the first included
//   copies       every step but the first moves the elements that fill the old capacity
//
// Invariants  The same steps as slice::append, one element at a time; a test walks both together.
// Costs       One call of the policy a step: ten million elements are about fifty steps.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace lab::go {

struct GrowHistory {
    std::size_t elem_bytes = 0;
    std::size_t length = 0;
    std::vector<std::size_t> capacities;  // each capacity taken, in order
    std::uint64_t copies = 0;             // elements moved from an old array to a new one
    std::size_t peak_bytes = 0;           // most held at once: old and new array while copying

    std::size_t reallocations() const { return capacities.size(); }
    std::size_t final_capacity() const { return capacities.empty() ? 0 : capacities.back(); }

    double copies_per_element() const {
        return length == 0 ? 0.0 : static_cast<double>(copies) / static_cast<double>(length);
    }
    double copies_per_capacity() const {
        return capacities.empty()
                   ? 0.0
                   : static_cast<double>(copies) / static_cast<double>(final_capacity());
    }
    double peak_per_final() const {
        if (capacities.empty()) return 0.0;
        return static_cast<double>(peak_bytes) / static_cast<double>(final_capacity() * elem_bytes);
    }
    /// Part of the array that is unused just after the last growth, when it holds one more element
    /// than its predecessor could.
    double slack() const {
        if (capacities.empty()) return 0.0;
        const std::size_t before = capacities.size() < 2 ? 0 : capacities[capacities.size() - 2];
        return static_cast<double>(final_capacity() - before - 1) /
               static_cast<double>(final_capacity());
    }
};

/// The history of a slice that starts with no array and takes `length` single appends.
/// Throws what the policy throws.
template <class Growth>
GrowHistory grow_history(const Growth& growth, std::size_t elem_bytes, std::size_t length) {
    GrowHistory history;
    history.elem_bytes = elem_bytes;
    history.length = length;
    if (elem_bytes == 0) return history;
    std::size_t cap = 0;
    while (cap < length) {
        const std::size_t next = growth.next(cap, cap + 1, elem_bytes);
        history.copies += cap;
        history.peak_bytes = std::max(history.peak_bytes, (cap + next) * elem_bytes);
        history.capacities.push_back(next);
        cap = next;
    }
    return history;
}

}  // namespace lab::go
