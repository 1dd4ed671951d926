// conformance_rows: the rows of the conformance program as facts, run once for each library.

#pragma once

#include <map>
#include <string>
#include <vector>

namespace lab::allocation {

struct Row {
    std::string kind;  // required, misuse or noted
    bool passed = false;
    std::string outcome;  // misuse only: caught, crashed or silent
    std::string detail;
};

/// Names and kinds of all rows; empty where the program is not built.
std::map<std::string, std::string> conformance_rows();

/// Every row under the library; "" is libc. Throws std::runtime_error with the program's own words.
std::map<std::string, Row> run_conformance(const std::string& library);

}  // namespace lab::allocation
