// entry_points: every function of the malloc family comes from one library, and its blocks can be freed.
//
// A function that the library forgets is served by libc, and its block then reaches a foreign free.

#include <malloc.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <cstring>

#include "allocators/conformance/check.hpp"

extern "C" void* pvalloc(std::size_t) noexcept;

namespace {

using namespace lab::conformance;

// pvalloc has a row of its own; reallocarray may come from libc, where it calls realloc.
constexpr const char* k_block_makers[] = {"calloc",        "realloc",        "free",
                                          "memalign",      "aligned_alloc",  "posix_memalign",
                                          "valloc",        "malloc_usable_size"};

const Check k_one_library("entry-points", Kind::required, [] {
    const char* malloc_from = provider_of("malloc");
    for (const char* function : k_block_makers) {
        const char* from = provider_of(function);
        require(std::strcmp(from, malloc_from) == 0, "%s comes from %s, malloc from %s", function,
                from, malloc_from);
    }
});

// C23: absent from older C libraries, but where one is, it must know the blocks of malloc.
const Check k_sized_free("free-sized", Kind::required, [] {
    const char* malloc_from = provider_of("malloc");
    for (const char* function : {"free_sized", "free_aligned_sized", "cfree"}) {
        const char* from = provider_of(function);
        require(*from == '\0' || std::strcmp(from, malloc_from) == 0, "%s comes from %s", function,
                from);
    }
});

void try_page_block(const char* name, void* block, std::size_t at_least) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    require(block != nullptr, "%s is null", name);
    require(reinterpret_cast<std::uintptr_t>(block) % page == 0, "%s: not at the start of a page",
            name);
    fill(block, at_least, 0x5a);
    auto* moved = static_cast<char*>(std::realloc(block, 3 * page));
    require(moved != nullptr && is_filled(moved, at_least, 0x5a), "%s: realloc lost its bytes", name);
    std::free(moved);
}

const Check k_valloc("valloc", Kind::required, [] { try_page_block("valloc(100)", valloc(100), 100); });

const Check k_pvalloc("pvalloc", Kind::required, [] {
    note("pvalloc comes from %s", provider_of("pvalloc"));
    try_page_block("pvalloc(1)", pvalloc(1), static_cast<std::size_t>(sysconf(_SC_PAGESIZE)));
});

const Check k_reallocarray("reallocarray", Kind::required, [] {
    auto* block = static_cast<char*>(reallocarray(nullptr, 10, 10));
    require(block != nullptr, "reallocarray(nullptr, 10, 10) is null");
    fill(block, 100, 7);
    errno = 0;
    void* too_large = reallocarray(block, opaque(SIZE_MAX / 2), opaque(4));
    require(too_large == nullptr && errno == ENOMEM, "overflow gave %p, errno %d", too_large, errno);
    block = static_cast<char*>(reallocarray(block, 1000, 10));
    require(block != nullptr && is_filled(block, 100, 7), "the block lost its bytes");
    std::free(block);
});

const Check k_usable("usable-size", Kind::required, [] {
    require(malloc_usable_size(nullptr) == 0, "malloc_usable_size(nullptr) is not 0");
    constexpr std::size_t k_blocks = 16;
    for (std::size_t bytes = 1; bytes <= (std::size_t{1} << 20); bytes += 1 + bytes / 7) {
        void* blocks[k_blocks];
        std::size_t usable[k_blocks];
        for (std::size_t i = 0; i < k_blocks; ++i) {
            blocks[i] = std::malloc(bytes);
            require(blocks[i] != nullptr, "malloc(%zu) is null", bytes);
            usable[i] = malloc_usable_size(blocks[i]);
            require(usable[i] >= bytes, "malloc(%zu): usable are %zu", bytes, usable[i]);
            fill(blocks[i], usable[i], static_cast<int>(i + 1));
        }
        for (std::size_t i = 0; i < k_blocks; ++i) {
            require(is_filled(blocks[i], usable[i], static_cast<int>(i + 1)),
                    "malloc(%zu): the usable %zu bytes are not its own", bytes, usable[i]);
            std::free(blocks[i]);
        }
    }
});

}  // namespace
