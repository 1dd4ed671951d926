#include "harness/names.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>

namespace lab {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_alphanumeric(char c) { return is_digit(c) || is_upper(c) || (c >= 'a' && c <= 'z'); }

bool consists_of(std::string_view text, std::string_view marks) {
    return !text.empty() && std::ranges::all_of(text, [marks](char c) {
        return is_alphanumeric(c) || marks.find(c) != std::string_view::npos;
    });
}

[[noreturn]] void refuse(std::string_view kind, std::string_view name, std::string_view rule) {
    throw std::invalid_argument(std::string(kind) + " '" + std::string(name) +
                                "': " + std::string(rule));
}

std::string shortest(double number) {
    std::array<char, 400> text{};  // the longest double in fixed notation has 325 characters
    const auto end =
        std::to_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    return {text.data(), end.ptr};
}

// Go appends "-<GOMAXPROCS>" to a benchmark's name, so a name must not end that way itself.
bool ends_like_gomaxprocs(std::string_view name) {
    const auto last = name.find_last_not_of("0123456789");
    return last != std::string_view::npos && last + 1 < name.size() && name[last] == '-';
}

}  // namespace

Parameter::Parameter(std::string_view name, double number) : key(name), value(shortest(number)) {}

std::string case_name(std::string_view name, std::initializer_list<Parameter> parameters) {
    std::string full(name);
    for (const Parameter& parameter : parameters) {
        full += "/" + parameter.key + "=" + parameter.value;
    }
    check_case(full);
    return full;
}

void check_subject(std::string_view subject) {
    if (!consists_of(subject, "@/._+:-")) {
        refuse("subject", subject, "use letters, digits and @ / . _ + : -");
    }
}

void check_case(std::string_view case_name) {
    const std::size_t head = case_name.find('/');
    const std::string_view name = case_name.substr(0, head);
    if (!consists_of(name, "_") || !is_upper(name.front())) {
        refuse("case", case_name, "begin with a capital letter, then letters, digits and _");
    }
    std::string_view rest = head == std::string_view::npos ? "" : case_name.substr(head);
    while (!rest.empty()) {
        rest.remove_prefix(1);
        const std::size_t end = std::min(rest.find('/'), rest.size());
        const std::string_view parameter = rest.substr(0, end);
        const std::size_t equals = parameter.find('=');
        if (equals == std::string_view::npos || !consists_of(parameter.substr(0, equals), "_-") ||
            !consists_of(parameter.substr(equals + 1), "@._+:-")) {
            refuse("case", case_name,
                   "each part after the name is /key=value without blank or comma");
        }
        rest.remove_prefix(end);
    }
    if (ends_like_gomaxprocs(case_name)) {
        refuse("case", case_name, "do not end with -<digits>: Go appends GOMAXPROCS that way");
    }
}

void check_metric(std::string_view metric) {
    if (!consists_of(metric, "/._%-")) {
        refuse("metric", metric, "use letters, digits and / . _ % -");
    }
}

}  // namespace lab
