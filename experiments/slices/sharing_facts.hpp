// sharing_facts: which slices see each other's writes, before and after append and copy.
//
// The same steps as go/sharing_test.go takes with real Go.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lab::slices {

/// Elements that do not equal their index.
template <class Slice>
std::size_t wrong_elements(const Slice& s) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < s.size(); ++i) count += s[i] != static_cast<std::int64_t>(i);
    return count;
}

/// Appends that moved the array though it had room, or left it though it had none, and elements
/// that are not what was appended. `before` keeps the old array, as it does in Go.
template <class Slice>
std::size_t copy_on_grow(std::size_t n) {
    std::size_t violations = 0;
    Slice s;
    for (std::size_t i = 0; i < n; ++i) {
        const Slice before = s.share();
        s.append(static_cast<std::int64_t>(i));
        const bool full = before.size() == before.capacity();
        const bool moved = before.data() != s.data();
        violations += moved != full;
        if (moved) violations += wrong_elements(s);
    }
    return violations + wrong_elements(s);
}

struct FullCap4 {
    std::size_t capacity;
    bool original_unchanged;
};

/// Appends a fifth element to a full slice of capacity 4 and writes through the result.
template <class Slice>
FullCap4 full_cap4() {
    Slice original = Slice::make(4);
    for (std::size_t i = 0; i < 4; ++i) original[i] = static_cast<std::int64_t>(i);
    Slice grown = original.share();
    grown.append(4);
    for (auto& value : grown) value = -1;
    return {grown.capacity(),
            original.size() == 4 && original.capacity() == 4 && wrong_elements(original) == 0};
}

template <class Slice>
bool shared_alias() {
    Slice array{0, 1, 2, 3, 4};
    Slice part = array.sub(1, 4);
    part[0] = -1;
    const bool seen = array[1] == -1;
    array[3] = -2;
    return seen && part[2] == -2;
}

template <class Slice>
bool append_clobbers() {
    Slice array{0, 1, 2, 3, 4};
    Slice part = array.sub(0, 3);
    part.append(-1);
    return array[3] == -1 && part.data() == array.data();
}

template <class Slice>
bool full_slice_expression() {
    Slice array{0, 1, 2, 3, 4};
    Slice part = array.sub(0, 3, 3);
    part.append(-1);
    return wrong_elements(array) == 0 && part[3] == -1;
}

/// Elements of an array that changed by writing into its copy, and of the copy by writing into the
/// array.
template <class Slice>
std::size_t copy_independent() {
    Slice array{0, 1, 2, 3, 4};
    Slice duplicate = Slice::make(array.size());
    const std::size_t copied = duplicate.copy(array);
    std::size_t violations = array.size() - copied + wrong_elements(duplicate);
    for (auto& value : duplicate) value = -1;
    violations += wrong_elements(array);
    for (auto& value : array) value = -2;
    for (const auto value : duplicate) violations += value != -1;
    return violations;
}

}  // namespace lab::slices
