#include "allocators/conformance/programs.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "allocators/conformance/child.hpp"

namespace lab::conformance {

namespace {

namespace fs = std::filesystem;

fs::path script_of(const std::string& name) { return fs::path(LAB_PROGRAM_SCRIPTS) / (name + ".sh"); }

bool is_installed(const std::string& name) {
    const char* path = std::getenv("PATH");
    std::istringstream folders(path == nullptr ? "/usr/bin:/bin" : path);
    for (std::string folder; std::getline(folders, folder, ':');) {
        if (access((fs::path(folder) / name).c_str(), X_OK) == 0) return true;
    }
    return false;
}

// A folder that goes with it.
class Folder {
   public:
    Folder() {
        std::string name = (fs::temp_directory_path() / "lab-program-XXXXXX").string();
        if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a folder like " + name);
        path_ = name;
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() {
        std::error_code error;
        fs::remove_all(path_, error);
    }
    const fs::path& path() const { return path_; }

   private:
    fs::path path_;
};

struct Run {
    Ended ended;
    std::map<std::string, std::set<std::string>> servers;  // of malloc, by the name of the process

    bool succeeded() const { return ended.signal == 0 && ended.status == 0; }
    bool same_output(const Run& other) const {
        return ended.signal == other.ended.signal && ended.status == other.ended.status &&
               ended.out == other.ended.out && ended.said == other.ended.said;
    }
};

// Always in the same place: programs print paths.
Run run_once(const std::string& name, const std::string& library, const fs::path& folder, int timeout_s) {
    const fs::path work = folder / "work";
    const fs::path witnessed = folder / "witnessed";
    fs::remove_all(work);
    fs::remove(witnessed);
    fs::create_directory(work);
    std::vector<std::string> variables = environment_with(LAB_MALLOC_WITNESS + (library.empty() ? "" : ":" + library));
    const auto set = [&variables](const std::string& name_and_equals, const std::string& value) {
        std::erase_if(variables, [&](const std::string& other) { return other.starts_with(name_and_equals); });
        variables.push_back(name_and_equals + value);
    };
    set("HOME=", work.string());
    set("TMPDIR=", work.string());
    set("LC_ALL=", "C");
    set("LAB_WITNESS=", witnessed.string());

    Run run;
    run.ended = run_process({{"/bin/sh", "-e", script_of(name).string()}, variables, work.string()}, timeout_s);
    std::ifstream lines(witnessed);
    for (std::string line; std::getline(lines, line);) {
        const std::size_t tab = line.find('\t');
        if (tab != std::string::npos) run.servers[line.substr(0, tab)].insert(line.substr(tab + 1));
    }
    return run;
}

std::string first_line(const std::string& text) {
    const std::vector<std::string> lines = lines_of(text);
    return lines.empty() ? "it printed nothing" : lines.front();
}

std::string how_it_ended(const Run& run) {
    if (run.ended.signal == SIGALRM) return "hung until it was killed";
    if (run.ended.signal != 0) return std::string("killed by SIG") + sigabbrev_np(run.ended.signal);
    return "status " + std::to_string(run.ended.status) + ": " +
           first_line(run.ended.said.empty() ? run.ended.out : run.ended.said);
}

// "line 3: '…' instead of '…'": where two texts part.
std::string difference(const std::string& expected, const std::string& found) {
    const std::vector<std::string> before = lines_of(expected);
    const std::vector<std::string> after = lines_of(found);
    const auto at = [](const std::vector<std::string>& lines, std::size_t i) {
        return i < lines.size() ? "'" + lines[i].substr(0, 120) + "'" : std::string("nothing");
    };
    std::size_t line = 0;
    while (line < before.size() && line < after.size() && before[line] == after[line]) ++line;
    return "line " + std::to_string(line + 1) + ": " + at(after, line) + " instead of " + at(before, line);
}

// Empty: every process ran on the library, the program among them.
std::string not_served(const Run& run, const std::string& name, const std::string& library) {
    if (!run.servers.contains(name)) return "no process called " + name + " loaded the library";
    for (const auto& [process, servers] : run.servers) {
        for (const std::string& server : servers) {
            std::error_code error;
            if (!library.empty() && !fs::equivalent(server, library, error)) {
                return "malloc of " + process + " is served by " + server;
            }
        }
    }
    return "";
}

std::string names(const Run& run) {
    std::string text;
    for (const auto& [process, servers] : run.servers) text += (text.empty() ? "" : " ") + process;
    return text;
}

}  // namespace

std::vector<std::string> program_names() {
    std::vector<std::string> list;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(LAB_PROGRAM_SCRIPTS, error)) {
        if (entry.path().extension() == ".sh") list.push_back(entry.path().stem().string());
    }
    std::ranges::sort(list);
    return list;
}

Work run_program(const std::string& name, const std::string& library, int timeout_s) {
    if (!is_installed(name)) return {name + " is not installed", false, ""};
    const Folder folder;
    const Run before = run_once(name, "", folder.path(), timeout_s);
    if (!before.succeeded()) return {"it fails without the library too: " + how_it_ended(before), false, ""};
    const Run after = run_once(name, library, folder.path(), timeout_s);
    if (!after.same_output(before)) {
        if (!run_once(name, "", folder.path(), timeout_s).same_output(before)) {
            return {"its output changes from run to run without the library too", false, ""};
        }
        if (!after.succeeded()) return {"", false, how_it_ended(after)};
        const bool out = after.ended.out != before.ended.out;
        return {"", false, out ? "stdout, " + difference(before.ended.out, after.ended.out)
                               : "stderr, " + difference(before.ended.said, after.ended.said)};
    }
    const std::string served = not_served(after, name, library);
    if (!served.empty()) return {"", false, served};
    return {"", true, "the same " + std::to_string(before.ended.out.size()) + " bytes of output; malloc served in " +
                          names(after)};
}

}  // namespace lab::conformance
