// value: what a fact can be, and how the types that measurements return become one.

#pragma once

#include <concepts>
#include <cstdint>
#include <ranges>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace lab {

/// The fact cannot be had here; the reason is printed in its place.
struct NotRun {
    std::string why;
};

using Value = std::variant<bool, std::int64_t, double, std::string, std::vector<std::int64_t>,
                           std::vector<double>, NotRun>;

namespace detail {

template <std::integral T>
std::int64_t whole(T number) {
    if (!std::in_range<std::int64_t>(number)) {
        throw std::out_of_range("a fact of " + std::to_string(number) +
                                " does not fit a signed 64-bit number");
    }
    return static_cast<std::int64_t>(number);
}

}  // namespace detail

/// Any bool, number, string, range of numbers, NotRun or Value. An unsigned number of 2^63 or more
/// throws std::out_of_range.
template <class T>
Value to_value(T&& measured) {
    using Plain = std::remove_cvref_t<T>;
    if constexpr (std::same_as<Plain, Value> || std::same_as<Plain, bool> ||
                  std::same_as<Plain, NotRun>) {
        return Value(std::forward<T>(measured));
    } else if constexpr (std::integral<Plain>) {
        return Value(detail::whole(measured));
    } else if constexpr (std::floating_point<Plain>) {
        return Value(static_cast<double>(measured));
    } else if constexpr (std::convertible_to<T, std::string>) {
        return Value(std::string(std::forward<T>(measured)));
    } else {
        static_assert(std::ranges::input_range<Plain>,
                      "a fact is a bool, a number, a string, a range of numbers or lab::NotRun");
        using Element = std::ranges::range_value_t<Plain>;
        if constexpr (std::integral<Element>) {
            std::vector<std::int64_t> list;
            for (const auto element : measured) list.push_back(detail::whole(element));
            return Value(std::move(list));
        } else {
            std::vector<double> list;
            for (const auto element : measured) list.push_back(static_cast<double>(element));
            return Value(std::move(list));
        }
    }
}

}  // namespace lab
