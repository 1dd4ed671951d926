#include "allocators/conformance/version.hpp"

#include <dlfcn.h>
#include <gnu/libc-version.h>

#include <cstddef>
#include <cstring>

#include "allocators/conformance/check.hpp"

namespace lab::conformance {

namespace {

// The function of the library that serves malloc, not one of another library in the process.
template <class Function>
Function* own_function(const char* name) {
    if (std::strcmp(provider_of(name), provider_of("malloc")) != 0) return nullptr;
    void* symbol = dlsym(RTLD_DEFAULT, name);
    Function* function = nullptr;
    std::memcpy(&function, &symbol, sizeof symbol);
    return function;
}

}  // namespace

void note_version() {
    if (auto* libc = own_function<const char*()>("gnu_get_libc_version")) note("%s", libc());
    if (auto* mimalloc = own_function<int()>("mi_version")) {  // 209 is 2.0.9, 30302 is 3.3.2
        const int number = mimalloc();
        const int width = number < 10000 ? 10 : 100;
        note("%d.%d.%d", number / width / width, number / width % width, number % width);
    }
    if (auto* tcmalloc = own_function<const char*(int*, int*, const char**)>("tc_version")) {
        int major = 0;
        int minor = 0;
        const char* patch = "";
        note("%s", tcmalloc(&major, &minor, &patch));
    }
    if (auto* jemalloc = own_function<int(const char*, void*, std::size_t*, void*, std::size_t)>("mallctl")) {
        const char* text = nullptr;
        std::size_t bytes = sizeof text;
        if (jemalloc("version", &text, &bytes, nullptr, 0) == 0 && text != nullptr) note("%s", text);
    }
}

}  // namespace lab::conformance
