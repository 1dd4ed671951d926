// allocator_conformance: which rows of the robustness list a malloc library passes.
//
//   allocator_conformance [--library=PATH] [--programs] [--checks=NAME,NAME] [--timeout-s=N]
//   allocator_conformance --library=PATH --usable [--timeout-s=N]
//   allocator_conformance [--library=PATH] --identity
//   allocator_conformance --list
//
// Without --library: what LD_PRELOAD names, or the malloc of libc. Each check runs in a process of
// its own under the library; the first line tells which file serves malloc, by dladdr, and the version
// that it tells of itself; --identity ends there:
//   {"serves":"/lib/x86_64-linux-gnu/libc.so.6","library":"","version":"2.36"}
//   {"check":"calloc-zero","kind":"required","passed":true,"detail":""}
//   {"check":"double-free-small","kind":"misuse","outcome":"caught","detail":"…"}
//   {"check":"realloc-to-zero","kind":"noted","detail":"frees, null"}
// With --programs the rows are real programs, which must do the same with and without the library:
//   {"check":"sqlite3","kind":"program","passed":true,"detail":"…"}
//   {"check":"node","kind":"program","not_run":"node is not installed"}
// With --usable only the vital rows run, and nothing is printed but why it cannot be measured.
// Exit status: 0 every required row passed, 1 some did not, 2 usage, or a library that is no malloc or
// not usable, 3 no process can be started.

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "allocators/conformance/check.hpp"
#include "allocators/conformance/child.hpp"
#include "allocators/conformance/programs.hpp"

namespace {

using namespace lab::conformance;
using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

struct UsageError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct Options {
    bool list = false;
    bool programs = false;
    bool usable = false;
    bool identity = false;
    std::string library;
    std::vector<std::string> checks;  // empty: all
    int timeout_s = 60;
};

std::vector<std::string> check_names() {
    std::vector<std::string> names;
    for (const Check* check = first_check(); check != nullptr; check = check->next()) names.push_back(check->name());
    return names;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
    return std::ranges::find(names, name) != names.end();
}

std::vector<std::string> split(const std::string& text) {
    std::vector<std::string> names;
    for (std::size_t begin = 0; begin <= text.size();) {
        const std::size_t end = std::min(text.find(',', begin), text.size());
        names.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return names;
}

// What the dynamic loader would only warn of, and then run on without it.
std::string library_file(const std::string& path) {
    if (path.find_first_of(": ") != std::string::npos) {
        throw UsageError(path + ": LD_PRELOAD takes no path with a blank or a colon");
    }
    std::error_code error;
    if (!fs::exists(path, error)) throw UsageError(path + " does not exist");
    if (!fs::is_regular_file(path, error)) throw UsageError(path + " is not a file");
    ElfW(Ehdr) header{};
    std::ifstream file(path, std::ios::binary);
    if (!file) throw UsageError(path + " cannot be read");
    file.read(reinterpret_cast<char*>(&header), sizeof header);
    if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) {
        throw UsageError(path + " is not a shared library: it is no ELF file");
    }
    ElfW(Ehdr) own{};
    std::ifstream("/proc/self/exe", std::ios::binary).read(reinterpret_cast<char*>(&own), sizeof own);
    if (header.e_ident[EI_CLASS] != own.e_ident[EI_CLASS] || header.e_machine != own.e_machine) {
        throw UsageError(path + " is built for another processor than this program");
    }
    return fs::absolute(path).string();
}

Options read_options(const std::vector<std::string>& arguments) {
    Options options;
    for (const std::string& argument : arguments) {
        const auto value = [&](const char* name) {
            return argument.starts_with(name) ? argument.substr(std::strlen(name)) : std::string();
        };
        if (argument == "--list") {
            options.list = true;
        } else if (argument == "--programs") {
            options.programs = true;
        } else if (argument == "--usable") {
            options.usable = true;
        } else if (argument == "--identity") {
            options.identity = true;
        } else if (const auto library = value("--library="); !library.empty()) {
            options.library = library_file(library);
        } else if (const auto checks = value("--checks="); !checks.empty()) {
            options.checks = split(checks);
        } else if (const auto seconds = value("--timeout-s="); !seconds.empty()) {
            options.timeout_s = std::atoi(seconds.c_str());
            if (options.timeout_s < 1) throw UsageError(argument + ": give whole seconds from 1");
        } else {
            throw UsageError("unknown argument '" + argument +
                             "'; known: --list --library=PATH --usable --identity --programs --checks=NAME,NAME --timeout-s=N");
        }
    }
    const std::vector<std::string> known = options.programs ? program_names() : check_names();
    for (const std::string& name : options.checks) {
        if (!contains(known, name)) throw UsageError("check '" + name + "' is unknown; see --list");
    }
    return options;
}

const char* kind_name(Kind kind) {
    return kind == Kind::misuse ? "misuse" : kind == Kind::noted ? "noted" : "required";
}

void print(const Json& line) {
    std::cout << line.dump(-1, ' ', false, Json::error_handler_t::replace) << std::endl;
}

// "caught": it said so and stopped; "crashed": it broke; "silent": it went on.
const char* outcome(const End& end) {
    if (end.passed()) return "silent";
    return end.signal == SIGABRT || (end.signal == 0 && !end.failed_by_check) ? "caught" : "crashed";
}

// Returns whether a required row passed; other kinds cannot fail.
bool report(const Check& check, const End& end) {
    Json line{{"check", check.name()}, {"kind", kind_name(check.kind())}};
    const bool required = check.kind() == Kind::required || check.kind() == Kind::vital;
    if (required) line["passed"] = end.passed();
    if (check.kind() == Kind::misuse) line["outcome"] = outcome(end);
    line["detail"] = end.detail();
    print(line);
    return !required || end.passed();
}

bool report(const std::string& program, const Work& work) {
    Json line{{"check", program}, {"kind", "program"}};
    if (!work.not_run.empty()) {
        line["not_run"] = work.not_run;
    } else {
        line["passed"] = work.unchanged;
        line["detail"] = work.detail;
    }
    print(line);
    return !work.not_run.empty() || work.unchanged;
}

bool same_file(const std::string& one, const std::string& other) {
    std::error_code error;
    return fs::equivalent(one, other, error) && !error;
}

struct Identity {
    std::string serves;
    std::string version;  // empty: it tells none
};

// Who serves malloc under the library; throws where that is another, or nothing starts.
Identity prove_who_serves(const Options& options) {
    const End end = run_child("", options.library, options.timeout_s);
    if (!end.passed()) {
        throw UsageError((options.library.empty() ? "libc" : options.library) +
                         ": no program starts under it: " + end.detail());
    }
    const std::size_t separator = end.notes.find("; ");  // between two notes
    const std::string serves = end.notes.substr(0, separator);
    if (!options.library.empty() && !same_file(serves, options.library)) {
        throw UsageError(options.library + " does not serve malloc; " + serves + " does" +
                         (end.said.empty() ? "" : ": " + end.said));
    }
    return {serves, separator == std::string::npos ? "" : end.notes.substr(separator + 2)};
}

// Throws UsageError where a vital row fails.
void prove_usable(const Options& options) {
    prove_who_serves(options);
    for (const Check* check = first_check(); check != nullptr; check = check->next()) {
        if (check->kind() != Kind::vital) continue;
        const End end = run_child(check->name(), options.library, options.timeout_s);
        if (end.passed()) continue;
        throw UsageError(options.library + " is no usable malloc: " + check->name() + ": " + end.detail());
    }
}

void list() {
    for (const Check* check = first_check(); check != nullptr; check = check->next()) {
        print({{"check", check->name()}, {"kind", kind_name(check->kind())}});
    }
    for (const std::string& name : program_names()) print({{"check", name}, {"kind", "program"}});
}

int run(const Options& options) {
    if (options.list) {
        list();
        return 0;
    }
    if (options.usable) {
        prove_usable(options);
        return 0;
    }
    const Identity identity = prove_who_serves(options);
    print({{"serves", identity.serves}, {"library", options.library}, {"version", identity.version}});
    if (options.identity) return 0;
    const auto chosen = [&](const std::string& name) {
        return options.checks.empty() || contains(options.checks, name);
    };
    bool passed = true;
    if (options.programs) {
        for (const std::string& name : program_names()) {
            if (!chosen(name)) continue;
            passed = report(name, run_program(name, options.library, options.timeout_s)) && passed;
        }
        return passed ? 0 : 1;
    }
    for (const Check* check = first_check(); check != nullptr; check = check->next()) {
        if (!chosen(check->name())) continue;
        passed = report(*check, run_child(check->name(), options.library, options.timeout_s)) && passed;
    }
    return passed ? 0 : 1;
}

// This process must not itself run on what it is about to judge.
void leave_preload(char** argv) {
    const char* preload = std::getenv("LD_PRELOAD");
    if (preload == nullptr || *preload == '\0') return;
    std::string library = std::string("--library=") + preload;
    std::string program = own_program();
    unsetenv("LD_PRELOAD");
    std::vector<char*> arguments{argv[0], library.data()};
    for (char** at = argv + 1; *at != nullptr; ++at) arguments.push_back(*at);
    arguments.push_back(nullptr);
    execv(program.c_str(), arguments.data());
}

}  // namespace

int main(int argc, char** argv) {
    if (is_child(argc, argv)) return child_main(argv);
    leave_preload(argv);
    try {
        return run(read_options({argv + 1, argv + argc}));
    } catch (const UsageError& error) {
        std::cerr << "allocator_conformance: " << error.what() << '\n';
        return 2;
    } catch (const std::exception& error) {
        std::cerr << "allocator_conformance: " << error.what() << '\n';
        return 3;
    }
}
