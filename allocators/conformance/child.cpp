#include "allocators/conformance/child.hpp"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <vector>

#include "allocators/conformance/check.hpp"

namespace lab::conformance {

namespace {

constexpr const char* k_run = "--run";
constexpr const char* k_done = "done.";  // the last note of a body that returned
constexpr int k_report = 3;              // the child's file descriptor for notes

int memory_file() {
    const int file = memfd_create("report", MFD_CLOEXEC);
    if (file < 0) throw std::runtime_error(std::string("memfd_create: ") + std::strerror(errno));
    return file;
}

std::vector<std::string> lines_of(int file) {
    std::string text;
    lseek(file, 0, SEEK_SET);
    char buffer[4096];
    for (ssize_t n = 0; (n = read(file, buffer, sizeof buffer)) > 0 && text.size() < 65536;) {
        text.append(buffer, static_cast<std::size_t>(n));
    }
    close(file);
    std::vector<std::string> lines;
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        if (end > begin) lines.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return lines;
}

std::vector<std::string> environment_with(const std::string& library) {
    std::vector<std::string> variables;
    for (char** at = environ; *at != nullptr; ++at) {
        if (std::strncmp(*at, "LD_PRELOAD=", 11) != 0) variables.emplace_back(*at);
    }
    if (!library.empty()) variables.push_back("LD_PRELOAD=" + library);
    return variables;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
    std::vector<char*> list;
    for (std::string& string : strings) list.push_back(string.data());
    list.push_back(nullptr);
    return list;
}

// In the forked process; only what is safe there.
[[noreturn]] void become(char* const* arguments, char* const* variables, int report, int said,
                         unsigned timeout_s) {
    setpgid(0, 0);
    const rlimit no_core{0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    alarm(timeout_s);
    dup2(said, STDERR_FILENO);
    dup2(report, k_report);  // report is above 3: stdin, stdout and stderr are open
    if (report == k_report) dup2(dup(report), k_report);
    execve(arguments[0], arguments, variables);
    _exit(127);
}

}  // namespace

std::string own_program() {
    std::error_code error;
    const auto path = std::filesystem::read_symlink("/proc/self/exe", error);
    return error ? "" : path.string();
}

std::string End::detail() const {
    std::string text = notes;
    const auto add = [&text](const std::string& more) {
        if (!more.empty()) text += (text.empty() ? "" : "; ") + more;
    };
    if (hung) {
        add("hung until it was killed");
    } else if (signal != 0) {
        add(std::string("killed by SIG") + sigabbrev_np(signal));
    } else if (!passed() && !failed_by_check) {
        add("ended with status " + std::to_string(status));
    }
    add(said);
    return text;
}

End run_child(const std::string& check, const std::string& library, int timeout_s) {
    std::vector<std::string> arguments{own_program(), k_run, check};
    std::vector<std::string> variables = environment_with(library);
    const std::vector<char*> argument_list = pointers(arguments);
    const std::vector<char*> variable_list = pointers(variables);
    const int report = memory_file();
    const int said = memory_file();
    const pid_t child = fork();
    if (child < 0) throw std::runtime_error(std::string("fork: ") + std::strerror(errno));
    if (child == 0) {
        become(argument_list.data(), variable_list.data(), report, said,
               static_cast<unsigned>(timeout_s));
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    kill(-child, SIGKILL);

    End end;
    end.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    end.status = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    end.hung = end.signal == SIGALRM;
    std::vector<std::string> notes = lines_of(report);
    if (!notes.empty() && notes.back() == k_done) {
        end.done = true;
        notes.pop_back();
    }
    end.failed_by_check = end.signal == 0 && end.status == 1 && !notes.empty();
    for (const std::string& line : notes) end.notes += (end.notes.empty() ? "" : "; ") + line;
    const std::vector<std::string> errors = lines_of(said);
    if (!errors.empty()) end.said = errors.front();
    return end;
}

bool is_child(int argc, char** argv) { return argc == 3 && std::strcmp(argv[1], k_run) == 0; }

int child_main(char** argv) {
    report_to(k_report);
    if (argv[2][0] == '\0') {
        note("%s", provider_of("malloc"));
        note("%s", k_done);
        return 0;
    }
    for (const Check* check = first_check(); check != nullptr; check = check->next()) {
        if (std::strcmp(check->name(), argv[2]) != 0) continue;
        check->run();
        note("%s", k_done);
        return 0;
    }
    return 2;
}

}  // namespace lab::conformance
