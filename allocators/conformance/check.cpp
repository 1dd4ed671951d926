#include "allocators/conformance/check.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace lab::conformance {

namespace {

constinit const Check* first = nullptr;
constinit const Check** last = &first;
constinit int report = -1;

void write_line(const char* format, std::va_list arguments) {
    char line[512];
    const int length = std::vsnprintf(line, sizeof line - 1, format, arguments);
    if (length < 0 || report < 0) return;
    const std::size_t bytes = strnlen(line, sizeof line - 1);
    line[bytes] = '\n';
    if (write(report, line, bytes + 1) < 0) _exit(2);
}

// The number at `place` of /proc/self/statm, in bytes.
std::size_t statm(int place) {
    char text[256] = {};
    const int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    const ssize_t bytes = read(file, text, sizeof text - 1);
    close(file);
    if (bytes <= 0) return 0;
    char* at = text;
    for (int i = 0; i < place; ++i) std::strtoull(at, &at, 10);
    return std::strtoull(at, nullptr, 10) * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace

Check::Check(const char* name, Kind kind, void (*body)()) : name_(name), kind_(kind), body_(body) {
    *last = this;
    last = &next_;
}

const Check* first_check() { return first; }

void report_to(int file_descriptor) { report = file_descriptor; }

void note(const char* format, ...) {
    std::va_list arguments;
    va_start(arguments, format);
    write_line(format, arguments);
    va_end(arguments);
}

void fail(const char* format, ...) {
    std::va_list arguments;
    va_start(arguments, format);
    write_line(format, arguments);
    va_end(arguments);
    _exit(1);
}

void require(bool holds, const char* format, ...) {
    if (holds) return;
    std::va_list arguments;
    va_start(arguments, format);
    write_line(format, arguments);
    va_end(arguments);
    _exit(1);
}

std::size_t opaque(std::size_t number) {
    asm volatile("" : "+r"(number));
    return number;
}

void fill(void* block, std::size_t bytes, int value) { std::memset(block, value, bytes); }

bool is_filled(const void* block, std::size_t bytes, int value) {
    const auto* at = static_cast<const unsigned char*>(block);
    for (std::size_t i = 0; i < bytes; ++i) {
        if (at[i] != static_cast<unsigned char>(value)) return false;
    }
    return true;
}

std::size_t resident_bytes() { return statm(1); }
std::size_t address_space_bytes() { return statm(0); }

const char* provider_of(const char* function) {
    void* symbol = dlsym(RTLD_DEFAULT, function);
    Dl_info info{};
    if (symbol == nullptr || dladdr(symbol, &info) == 0 || info.dli_fname == nullptr) return "";
    return info.dli_fname;
}

}  // namespace lab::conformance
