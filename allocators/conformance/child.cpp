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
#include "allocators/conformance/version.hpp"

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

std::string text_of(int file) {
    constexpr std::size_t k_most_bytes = std::size_t{16} << 20;
    std::string text;
    lseek(file, 0, SEEK_SET);
    char buffer[4096];
    for (ssize_t n = 0; (n = read(file, buffer, sizeof buffer)) > 0 && text.size() < k_most_bytes;) {
        text.append(buffer, static_cast<std::size_t>(n));
    }
    close(file);
    return text;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
    std::vector<char*> list;
    for (std::string& string : strings) list.push_back(string.data());
    list.push_back(nullptr);
    return list;
}

// The files that a process writes to: stdout, stderr and its notes.
struct Files {
    int out = memory_file();
    int said = memory_file();
    int notes = memory_file();
};

// In the forked process; only what is safe there.
[[noreturn]] void become(char* const* arguments, char* const* variables, const char* directory, const Files& files,
                         unsigned timeout_s) {
    setpgid(0, 0);
    const rlimit no_core{0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    alarm(timeout_s);
    if (chdir(directory) != 0) _exit(127);
    dup2(files.out, STDOUT_FILENO);
    dup2(files.said, STDERR_FILENO);
    dup2(files.notes, k_report);  // the files are above 2; if one is 3 itself, it is `out`, done with
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

std::vector<std::string> environment_with(const std::string& preload) {
    std::vector<std::string> variables;
    for (char** at = environ; *at != nullptr; ++at) {
        if (std::strncmp(*at, "LD_PRELOAD=", 11) != 0) variables.emplace_back(*at);
    }
    if (!preload.empty()) variables.push_back("LD_PRELOAD=" + preload);
    return variables;
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        if (end > begin) lines.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return lines;
}

Ended run_process(Command command, int timeout_s) {
    const std::vector<char*> arguments = pointers(command.arguments);
    const std::vector<char*> variables = pointers(command.variables);
    const Files files;
    const pid_t child = fork();
    if (child < 0) throw std::runtime_error(std::string("fork: ") + std::strerror(errno));
    if (child == 0) {
        become(arguments.data(), variables.data(), command.directory.c_str(), files,
               static_cast<unsigned>(timeout_s));
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    kill(-child, SIGKILL);

    Ended ended;
    ended.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    ended.status = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    ended.out = text_of(files.out);
    ended.said = text_of(files.said);
    ended.notes = text_of(files.notes);
    return ended;
}

End run_child(const std::string& check, const std::string& library, int timeout_s) {
    const Ended ended = run_process({{own_program(), k_run, check}, environment_with(library), "."}, timeout_s);
    End end;
    end.signal = ended.signal;
    end.status = ended.status;
    end.hung = end.signal == SIGALRM;
    std::vector<std::string> notes = lines_of(ended.notes);
    if (!notes.empty() && notes.back() == k_done) {
        end.done = true;
        notes.pop_back();
    }
    end.failed_by_check = end.signal == 0 && end.status == 1 && !notes.empty();
    for (const std::string& line : notes) end.notes += (end.notes.empty() ? "" : "; ") + line;
    const std::vector<std::string> errors = lines_of(ended.said);
    if (!errors.empty()) end.said = errors.front();
    return end;
}

bool is_child(int argc, char** argv) { return argc == 3 && std::strcmp(argv[1], k_run) == 0; }

int child_main(char** argv) {
    report_to(k_report);
    if (argv[2][0] == '\0') {
        note("%s", provider_of("malloc"));
        note_version();
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
