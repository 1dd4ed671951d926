// footprint: what a workload holds and leaves: memory, and the page faults that cost it.
//
// Every measurement runs in a forked child: its high-water mark then starts at what is resident at
// the fork, and one workload's heap is not the next one's start. Memory of the harness itself (the
// arrays of pointers) counts too, the same for every subject; the subject `null` shows how much.

#pragma once

#include <malloc.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "harness/once.hpp"

namespace lab::allocation {

/// Numbers that `measure` returns, from a child process; throws std::runtime_error if that fails.
template <class Measure>
std::vector<double> in_child(Measure measure) {
    int ends[2];
    if (pipe(ends) != 0) throw std::runtime_error("footprint: cannot make a pipe");
    const pid_t child = fork();
    if (child < 0) throw std::runtime_error("footprint: cannot fork");
    if (child == 0) {
        close(ends[0]);
        int status = 1;
        try {
            const std::vector<double> found = measure();
            const auto bytes = static_cast<ssize_t>(found.size() * sizeof(double));
            status = write(ends[1], found.data(), static_cast<std::size_t>(bytes)) == bytes ? 0 : 1;
        } catch (const std::exception&) {
        }
        _exit(status);
    }
    close(ends[1]);
    std::vector<double> found;
    for (double number = 0; read(ends[0], &number, sizeof number) == sizeof number;) found.push_back(number);
    close(ends[0]);
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (status != 0) {
        throw std::runtime_error("footprint: a child process " +
                                 (WIFSIGNALED(status) ? "was killed by signal " + std::to_string(WTERMSIG(status))
                                                      : std::string("failed")));
    }
    return found;
}

/// A field of /proc/self/status such as "VmHWM:", in bytes.
inline double status_bytes(const char* field) {
    std::FILE* file = std::fopen("/proc/self/status", "r");
    if (file == nullptr) throw std::runtime_error("footprint: no /proc/self/status");
    char line[256];
    double kibibytes = -1;
    while (std::fgets(line, sizeof line, file) != nullptr) {
        if (std::strncmp(line, field, std::strlen(field)) == 0) {
            std::sscanf(line + std::strlen(field), "%lf", &kibibytes);
        }
    }
    std::fclose(file);
    if (kibibytes < 0) throw std::runtime_error(std::string("footprint: no ") + field);
    return kibibytes * 1024;
}

inline double resident_bytes() { return status_bytes("VmRSS:"); }
inline double peak_bytes() { return status_bytes("VmHWM:"); }

inline double page_faults() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_minflt);
}

struct Footprint {
    double peak_bytes;  // held at most, over what was resident before
    double left_bytes;  // held when all is freed and trimmed
    double faults;
};

/// Sets up, runs the operation `times` times, and gives everything back.
template <class Setup>
Footprint footprint(Setup set_up, int times) {
    const std::vector<double> found = in_child([&] {
        const double start = resident_bytes();
        const double faults = page_faults();
        {
            auto operation = set_up();
            for (int i = 0; i < times; ++i) operation();
        }
        const double faulted = page_faults() - faults;
        const double peak = peak_bytes() - start;
        malloc_trim(0);  // libc's own where the library has none; then it finds nothing
        return std::vector<double>{peak, std::max(0.0, resident_bytes() - start), faulted};
    });
    if (found.size() != 3) throw std::runtime_error("footprint: a child process said too little");
    return {found[0], found[1], found[2]};
}

}  // namespace lab::allocation
