// conformance_rows: the rows of the conformance program as facts, run once for each library.

#pragma once

#include <map>
#include <string>
#include <vector>

namespace lab::allocation {

struct Row {
    std::string kind;  // required, misuse, noted or program
    bool passed = false;
    std::string outcome;  // misuse only: caught, crashed or silent
    std::string detail;
    std::string not_run;  // program only: why it cannot be told here
};

/// Names and kinds of all rows; empty where the program is not built.
std::map<std::string, std::string> conformance_rows();

/// Every row under the library but the programs, and those; "" is libc. Both throw
/// std::runtime_error with the program's own words.
std::map<std::string, Row> run_conformance(const std::string& library);
std::map<std::string, Row> run_programs(const std::string& library);

}  // namespace lab::allocation
