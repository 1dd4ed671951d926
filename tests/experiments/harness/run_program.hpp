// run_program: runs a program of tests/ to its end and gives back all it said.

#pragma once

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace lab_test {

struct Outcome {
    int status = -1;  // 128 + signal if it was killed
    std::string out;
    std::string err;
};

inline std::string slurp(const std::string& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

inline std::vector<std::string> lines(const std::string& text) {
    std::vector<std::string> list;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) list.push_back(line);
    return list;
}

/// `out` empty: collected; otherwise the file that standard output goes to.
inline Outcome run_program(const std::string& name, std::vector<std::string> arguments,
                           const std::string& out = "") {
    char out_path[] = "/tmp/lab-out-XXXXXX";
    char err_path[] = "/tmp/lab-err-XXXXXX";
    close(mkstemp(out_path));
    close(mkstemp(err_path));
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, out.empty() ? out_path : out.c_str(), O_WRONLY,
                                     0);
    posix_spawn_file_actions_addopen(&actions, 2, err_path, O_WRONLY, 0);

    std::string program = name.starts_with("/") ? name : std::string(LAB_TEST_PROGRAMS) + "/" + name;
    std::vector<char*> pointers{program.data()};
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    pid_t child = 0;
    const int error =
        posix_spawn(&child, program.c_str(), &actions, nullptr, pointers.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) throw std::runtime_error("cannot start " + program);

    int status = 0;
    waitpid(child, &status, 0);
    Outcome outcome{WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
                    slurp(out_path), slurp(err_path)};
    unlink(out_path);
    unlink(err_path);
    return outcome;
}

}  // namespace lab_test
