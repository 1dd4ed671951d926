#include "harness/preload.hpp"

#include <dlfcn.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "harness/build_info.hpp"

namespace lab {

namespace {

// Set to the library when the program has restarted itself, so that it does so only once.
constexpr const char* k_guard = "LAB_PRELOADED";

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

// What every module's call of malloc is bound to: the first definition in the order of search.
std::string malloc_provider() {
    void* symbol = dlsym(RTLD_DEFAULT, "malloc");
    Dl_info info{};
    if (symbol == nullptr || dladdr(symbol, &info) == 0 || info.dli_fname == nullptr) return "";
    return info.dli_fname;
}

bool same_file(const std::string& one, const std::string& other) {
    std::error_code error;
    return std::filesystem::equivalent(one, other, error) && !error;
}

}  // namespace

std::string own_program() {
    std::error_code error;
    const auto path = std::filesystem::read_symlink("/proc/self/exe", error);
    return error ? "" : path.string();
}

std::string preload_in_front(const std::string& library) {
    const std::string before = environment("LD_PRELOAD");
    return before.empty() ? library : library + ":" + before;
}

bool restarted_for(const std::string& library) {
    return !library.empty() && environment(k_guard) == library;
}

std::optional<NotRun> serve_malloc_with(const std::string& subject, const std::string& library,
                                        char** argv) {
    if (library.empty()) return NotRun{subject + " is not installed"};
    if (!sanitizer().empty()) {
        return NotRun{"built with -fsanitize=" + sanitizer() + ", which has a malloc of its own"};
    }
    std::error_code error;
    if (!std::filesystem::exists(library, error)) return NotRun{library + " does not exist"};
    if (library.find_first_of(": ") != std::string::npos) {
        return NotRun{library + ": LD_PRELOAD takes no path with a blank or a colon"};
    }
    if (restarted_for(library)) {
        const std::string provider = malloc_provider();
        if (same_file(provider, library)) return std::nullopt;
        return NotRun{"malloc is served by " +
                      (provider.empty() ? "an unknown library" : provider) + ", not by " + library};
    }
    setenv(k_guard, library.c_str(), 1);
    setenv("LD_PRELOAD", preload_in_front(library).c_str(), 1);
    execv(own_program().c_str(), argv);
    return NotRun{"cannot restart under " + library + ": " + std::strerror(errno)};
}

}  // namespace lab
