// child: runs one check in a process of its own, under the library, and tells how that ended.
//
// The process writes to files in memory, so that nothing can block it, and a mark among its notes
// when the check's body is done. An alarm that survives exec ends one that hangs, even while
// the library is being loaded; whatever the check has started dies with its process group.

#pragma once

#include <csignal>
#include <string>
#include <vector>

namespace lab::conformance {

/// How a check's process ended.
struct End {
    int signal = 0;  // that killed it, or 0
    int status = 0;
    bool done = false;             // the body returned
    bool failed_by_check = false;  // require() or fail()
    bool hung = false;
    std::string notes;  // lines joined by "; "
    std::string said;   // the first line on stderr

    bool passed() const { return signal == 0 && status == 0 && done; }
    std::string detail() const;
};

/// A program, its environment, and where it starts.
struct Command {
    std::vector<std::string> arguments;  // the first is the program's path
    std::vector<std::string> variables;
    std::string directory;
};

struct Ended {
    int signal = 0;
    int status = 0;
    std::string out;    // at most 16 MiB of each
    std::string said;   // stderr
    std::string notes;  // what it wrote to file descriptor 3
};

/// Waits for the end, and then ends whatever the program has started.
/// Throws std::runtime_error when no process can be started.
Ended run_process(Command command, int timeout_s);

/// This process's variables, with `preload` as LD_PRELOAD, or none.
std::vector<std::string> environment_with(const std::string& preload);

std::vector<std::string> lines_of(const std::string& text);

/// An empty check asks who serves malloc; `notes` is then the file's path and, if it tells one, its version.
/// Throws std::runtime_error when no process can be started.
End run_child(const std::string& check, const std::string& library, int timeout_s);

/// Whether this process is such a child, and what it does.
bool is_child(int argc, char** argv);
int child_main(char** argv);

std::string own_program();

}  // namespace lab::conformance
