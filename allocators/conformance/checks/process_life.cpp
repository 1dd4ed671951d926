// process_life: blocks from before main to after it, in children, and those that libc makes.

#include <dlfcn.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "allocators/conformance/check.hpp"

namespace {

using namespace lab::conformance;

// Runs before every constructor of this program, which is before many of the libraries' users.
void* early_blocks[3];
void allocate_early() {
    early_blocks[0] = std::malloc(100);
    early_blocks[1] = std::calloc(10, 10);
    early_blocks[2] = std::realloc(std::malloc(10), 100);
}
[[gnu::section(".preinit_array"), gnu::used]] void (*const early)() = allocate_early;

const Check k_early("before-constructors", Kind::required, [] {
    for (void*& block : early_blocks) {
        require(block != nullptr, "an allocation before the constructors is null");
        fill(block, 100, 1);
        block = std::realloc(block, 100'000);
        require(block != nullptr && is_filled(block, 100, 1), "realloc of an early block lost bytes");
        std::free(block);
    }
});

void* late_block = nullptr;
const Check k_atexit("at-exit", Kind::required, [] {
    late_block = std::malloc(1000);
    std::atexit([] {
        std::free(late_block);
        void* block = std::malloc(5000);
        require(block != nullptr, "malloc in an atexit handler is null");
        fill(block, 5000, 1);
        std::free(block);
    });
});

const Check k_libc("blocks-of-libc", Kind::required, [] {
    void* blocks[6] = {};
    blocks[0] = strdup("a string that libc copies");
    blocks[1] = getcwd(nullptr, 0);
    blocks[2] = realpath(".", nullptr);
    char* printed = nullptr;
    if (asprintf(&printed, "%0200d", 7) > 0) blocks[3] = printed;
    char* stream_text = nullptr;
    std::size_t bytes = 0;
    if (FILE* stream = open_memstream(&stream_text, &bytes)) {
        for (int i = 0; i < 10'000; ++i) std::fprintf(stream, "%d ", i);
        std::fclose(stream);
        blocks[4] = stream_text;
    }
    char* line = nullptr;
    std::size_t capacity = 0;
    if (FILE* file = std::fopen("/proc/self/maps", "r")) {
        while (getline(&line, &capacity, file) > 0) {
        }
        std::fclose(file);
        blocks[5] = line;
    }
    for (void* block : blocks) {
        require(block != nullptr, "a function of libc gave no block");
        block = std::realloc(block, 100'000);
        require(block != nullptr, "realloc of a block of libc's is null");
        std::free(block);
    }
});

const Check k_spawn("spawn-popen", Kind::required, [] {
    for (int round = 0; round < 5; ++round) {
        char text[32] = {};
        FILE* pipe = popen("echo conformance", "r");
        require(pipe != nullptr, "popen failed");
        require(std::fgets(text, sizeof text, pipe) != nullptr, "popen: no output");
        require(pclose(pipe) == 0 && std::strcmp(text, "conformance\n") == 0, "popen: wrong output");
        pid_t child = 0;
        char name[] = "true";
        char* arguments[] = {name, nullptr};
        require(posix_spawnp(&child, "true", nullptr, nullptr, arguments, environ) == 0, "spawn failed");
        int status = 0;
        require(waitpid(child, &status, 0) == child && status == 0, "the spawned process failed");
    }
});

const Check k_dlopen("dlopen-dlclose", Kind::required, [] {
    for (int round = 0; round < 40; ++round) {
        void* library = dlopen("libresolv.so.2", RTLD_NOW | RTLD_LOCAL);
        if (library == nullptr) library = dlopen("libm.so.6", RTLD_NOW | RTLD_LOCAL);
        require(library != nullptr, "dlopen failed: %s", dlerror());
        void* block = std::malloc(1000);
        require(dlclose(library) == 0, "dlclose failed");
        std::free(block);
        require(dlopen("libnowhere.so.0", RTLD_NOW) == nullptr && dlerror() != nullptr, "no dlerror");
    }
});

void allocate_and_free() {
    for (std::size_t bytes = 8; bytes < 300'000; bytes *= 3) {
        void* block = std::malloc(bytes);
        require(block != nullptr, "malloc(%zu) around fork is null", bytes);
        fill(block, bytes, 1);
        std::free(block);
    }
}

const Check k_atfork("atfork-handlers", Kind::required, [] {
    pthread_atfork(allocate_and_free, allocate_and_free, allocate_and_free);
    for (int i = 0; i < 30; ++i) {
        const pid_t child = fork();
        require(child >= 0, "fork failed");
        if (child == 0) {
            allocate_and_free();
            _exit(0);
        }
        int status = 0;
        require(waitpid(child, &status, 0) == child && status == 0, "a forked child failed");
    }
});

}  // namespace
