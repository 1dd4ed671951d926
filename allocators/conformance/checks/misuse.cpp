// misuse: what no program may do. The row tells whether it is caught, crashes, or passes in silence.

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>

#include "allocators/conformance/check.hpp"

namespace {

using namespace lab::conformance;

// Hides a pointer's origin, or the compiler refuses what these rows are for.
template <class T>
T* hidden(T* pointer) {
    return reinterpret_cast<T*>(opaque(reinterpret_cast<std::uintptr_t>(pointer)));
}

void free_twice(std::size_t bytes) {
    auto* block = static_cast<char*>(std::malloc(bytes));
    require(block != nullptr, "malloc(%zu) is null", bytes);
    fill(block, bytes, 1);
    char* again = hidden(block);
    std::free(block);
    std::free(again);
    void* one = std::malloc(bytes);
    void* other = std::malloc(bytes);
    note(one == other ? "the same block is handed out twice" : "later blocks are distinct");
}

const Check k_double_small("double-free-small", Kind::misuse, [] { free_twice(64); });
const Check k_double_large("double-free-large", Kind::misuse, [] { free_twice(std::size_t{3} << 20); });

const Check k_interior("free-interior", Kind::misuse, [] {
    auto* block = static_cast<char*>(std::malloc(256));
    fill(block, 256, 0);
    std::free(hidden(block + 32));
    std::free(std::malloc(256));
});

const Check k_foreign("free-foreign", Kind::misuse, [] {
    auto* pages = static_cast<char*>(mmap(nullptr, 1 << 20, PROT_READ | PROT_WRITE,
                                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    std::free(hidden(pages + 64));
    std::free(std::malloc(256));
});

const Check k_stack("free-stack", Kind::misuse, [] {
    alignas(16) char local[256] = {};
    std::free(hidden(local + 16));
    std::free(std::malloc(256));
});

const Check k_double_thread("double-free-after-others", Kind::misuse, [] {
    // Not the newest in its cache any more: what a look at the head of a list would miss.
    void* blocks[8];
    for (void*& block : blocks) block = std::malloc(64);
    char* again = hidden(static_cast<char*>(blocks[0]));
    for (void* block : blocks) std::free(block);
    std::free(again);
    bool twice = false;
    void* later[10];
    for (void*& block : later) block = std::malloc(64);
    for (int i = 0; i < 10; ++i) {
        for (int k = 0; k < i; ++k) twice = twice || later[i] == later[k];
    }
    note(twice ? "the same block is handed out twice" : "later blocks are distinct");
});

}  // namespace
