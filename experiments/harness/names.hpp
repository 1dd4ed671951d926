// names: how subjects, cases and metrics are spelt (docs/formats.md), built and checked here only.

#pragma once

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>

namespace lab {

/// One `key=value` of a case's name; a bool reads yes or no, a double in its shortest exact form.
struct Parameter {
    std::string key;
    std::string value;

    Parameter(std::string_view name, std::string_view text) : key(name), value(text) {}
    Parameter(std::string_view name, const char* text) : key(name), value(text) {}
    Parameter(std::string_view name, bool flag) : key(name), value(flag ? "yes" : "no") {}
    Parameter(std::string_view name, double number);
    template <std::integral Whole>
    Parameter(std::string_view name, Whole number) : key(name), value(std::to_string(number)) {}
};

/// case_name("Append", {{"n", 10}}) is "Append/n=10"; throws as check_case does.
std::string case_name(std::string_view name, std::initializer_list<Parameter> parameters = {});

/// Each throws std::invalid_argument with the name and the rule it breaks.
void check_subject(std::string_view subject);
void check_case(std::string_view case_name);
void check_metric(std::string_view metric);

}  // namespace lab
