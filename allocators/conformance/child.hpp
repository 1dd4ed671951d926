// child: runs one check in a process of its own, under the library, and tells how that ended.
//
// The process writes its notes and its stderr to files in memory, so that nothing can block it, and
// a mark when the check's body is done. An alarm that survives exec ends one that hangs, even while
// the library is being loaded; whatever the check has started dies with its process group.

#pragma once

#include <csignal>
#include <string>

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

/// An empty check asks who serves malloc; `notes` is then the file's path.
/// Throws std::runtime_error when no process can be started.
End run_child(const std::string& check, const std::string& library, int timeout_s);

/// Whether this process is such a child, and what it does.
bool is_child(int argc, char** argv);
int child_main(char** argv);

std::string own_program();

}  // namespace lab::conformance
