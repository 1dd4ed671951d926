#include "allocators/trace/trace.hpp"

#include <algorithm>

namespace claimslab::trace {

namespace {

template <class Enum, std::size_t n>
const char* pick(const char* const (&names)[n], Enum value) {
    const auto index = static_cast<std::size_t>(value);
    return index < n ? names[index] : "unknown";
}

}  // namespace

const char* name_of(Kind kind) {
    return pick({"allocate", "zeroed", "aligned", "reallocate", "release"}, kind);
}

const char* name_of(End end) { return pick({"exited", "cut", "disk full"}, end); }

const char* name_of(Fault fault) {
    return pick({"double release", "unknown block", "two owners", "order", "time", "size", "alignment", "shape"},
                fault);
}

std::uint64_t Trace::operations() const {
    std::uint64_t count = 0;
    for (const auto& thread : threads) count += thread.size();
    return count;
}

std::uint64_t Trace::blocks() const {
    std::uint64_t count = 0;
    for (const auto& thread : threads) {
        for (const Operation& operation : thread) {
            if (operation.block != k_none) count = std::max(count, operation.block + 1);
            if (operation.from != k_none) count = std::max(count, operation.from + 1);
        }
    }
    return count;
}

}  // namespace claimslab::trace
