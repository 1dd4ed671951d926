// malloc_witness: preloaded in front of a malloc library, it notes who serves malloc in each process.
//
// LAB_WITNESS names the file of notes; each process that loads this adds its name, a tab, and the
// file that malloc is in.

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

// A program that is at a fixed address and takes malloc's address has a stub of its own for it, which
// is no definition; its calls go to the next one, which is what stands behind this library.
const char* provider_of_malloc(Dl_info& info) {
    void* symbol = dlsym(RTLD_DEFAULT, "malloc");
    void* entry = nullptr;
    if (symbol == nullptr || dladdr1(symbol, &info, &entry, RTLD_DL_SYMENT) == 0) return nullptr;
    if (entry != nullptr && static_cast<const ElfW(Sym)*>(entry)->st_shndx == SHN_UNDEF) {
        symbol = dlsym(RTLD_NEXT, "malloc");
        if (symbol == nullptr || dladdr(symbol, &info) == 0) return nullptr;
    }
    return info.dli_fname;
}

[[gnu::constructor]] void witness() {
    const char* path = std::getenv("LAB_WITNESS");
    if (path == nullptr) return;
    Dl_info info{};
    const char* provider = provider_of_malloc(info);
    if (provider == nullptr) return;
    char line[1024];
    const int bytes = std::snprintf(line, sizeof line, "%s\t%s\n", program_invocation_short_name, provider);
    const int file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) return;
    if (bytes > 0 && write(file, line, strnlen(line, sizeof line)) < 0) {
        // The line is then missing, and the row says so.
    }
    close(file);
}

}  // namespace
