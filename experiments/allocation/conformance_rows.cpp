#include "conformance_rows.hpp"

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace lab::allocation {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

// It stands beside this program.
fs::path conformance_program() {
    std::error_code error;
    const fs::path own = fs::read_symlink("/proc/self/exe", error);
    return own.parent_path() / "allocator_conformance";
}

// The lines a command prints; LD_PRELOAD is taken from it, since it runs on a malloc of its own choice.
std::vector<Json> lines_of(const std::string& arguments) {
    const std::string command =
        "env -u LD_PRELOAD '" + conformance_program().string() + "' " + arguments + " 2>&1";
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
    if (!pipe) throw std::runtime_error("cannot start the conformance program");
    std::vector<Json> lines;
    std::string line;
    for (int c = 0; (c = std::fgetc(pipe.get())) != EOF;) {
        if (c != '\n') {
            line += static_cast<char>(c);
            continue;
        }
        if (line.empty() || line.front() != '{') throw std::runtime_error(line);
        lines.push_back(Json::parse(line));
        line.clear();
    }
    return lines;
}

std::map<std::string, Row> rows_of(const std::string& arguments) {
    std::map<std::string, Row> rows;
    for (const Json& line : lines_of(arguments)) {
        if (!line.contains("check")) continue;
        rows[line.at("check")] = {line.at("kind"), line.value("passed", false), line.value("outcome", ""),
                                  line.value("detail", ""), line.value("not_run", "")};
    }
    return rows;
}

std::string library_option(const std::string& library) {
    return library.empty() ? "" : "'--library=" + library + "'";
}

}  // namespace

std::map<std::string, std::string> conformance_rows() {
    std::map<std::string, std::string> rows;
    std::error_code error;
    if (!fs::exists(conformance_program(), error)) return rows;
    for (const Json& line : lines_of("--list")) rows[line.at("check")] = line.at("kind");
    return rows;
}

std::map<std::string, Row> run_conformance(const std::string& library) { return rows_of(library_option(library)); }

std::map<std::string, Row> run_programs(const std::string& library) {
    return rows_of("--programs " + library_option(library));
}

}  // namespace lab::allocation
