// errors: what cannot be had is null with ENOMEM, takes nothing away, and leaves the rest working.

#include <malloc.h>
#include <sys/resource.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>

#include "allocators/conformance/check.hpp"

namespace {

using namespace lab::conformance;

constexpr std::size_t k_too_large[] = {std::size_t{PTRDIFF_MAX} + 1, std::size_t{PTRDIFF_MAX} + 4097,
                                       SIZE_MAX / 4 * 3, SIZE_MAX - 65536, SIZE_MAX - 4095,
                                       SIZE_MAX - 15, SIZE_MAX};

const Check k_malloc("malloc-too-large", Kind::required, [] {
    for (const std::size_t bytes : k_too_large) {
        errno = 0;
        void* block = std::malloc(opaque(bytes));
        require(block == nullptr, "malloc(%zu) is not null", bytes);
        require(errno == ENOMEM, "malloc(%zu): errno is %d, not ENOMEM", bytes, errno);
    }
});

const Check k_calloc("calloc-overflow", Kind::required, [] {
    for (const std::size_t bytes : k_too_large) {
        for (const std::size_t number : {std::size_t{2}, std::size_t{1} << 33, SIZE_MAX}) {
            errno = 0;
            void* block = std::calloc(opaque(number), opaque(bytes));
            require(block == nullptr, "calloc(%zu, %zu) is not null", number, bytes);
            require(errno == ENOMEM, "calloc(%zu, %zu): errno is %d, not ENOMEM", number, bytes, errno);
        }
    }
});

template <class After>
void fail_to_realloc(After after) {
    for (const std::size_t held : {std::size_t{24}, std::size_t{5000}, std::size_t{3} << 20}) {
        for (const std::size_t bytes : k_too_large) {
            void* block = std::malloc(held);
            require(block != nullptr, "malloc(%zu) is null", held);
            fill(block, held, 0x42);
            errno = 0;
            void* moved = std::realloc(block, opaque(bytes));
            require(moved == nullptr, "realloc to %zu is not null", bytes);
            after(block, held, bytes, errno);
            std::free(block);
        }
    }
}

const Check k_realloc_errno("realloc-errno", Kind::required, [] {
    fail_to_realloc([](void*, std::size_t, std::size_t bytes, int error) {
        require(error == ENOMEM, "realloc to %zu: errno is %d, not ENOMEM", bytes, error);
    });
});

const Check k_realloc_leaves("realloc-failure-keeps", Kind::required, [] {
    fail_to_realloc([](void* block, std::size_t held, std::size_t bytes, int) {
        require(is_filled(block, held, 0x42), "a failed realloc from %zu to %zu lost bytes", held, bytes);
    });
});

// POSIX gives posix_memalign a result of its own; nobody defines errno for the other two.
const Check k_aligned("aligned-too-large", Kind::required, [] {
    for (const std::size_t bytes : k_too_large) {
        void* block = nullptr;
        const int error = posix_memalign(&block, 64, opaque(bytes));
        require(error == ENOMEM, "posix_memalign(64, %zu) returned %d", bytes, error);
        require(memalign(64, opaque(bytes)) == nullptr, "memalign(64, %zu) is not null", bytes);
        void* aligned = std::aligned_alloc(64, opaque(bytes / 64 * 64));
        require(aligned == nullptr, "aligned_alloc(64, %zu) is not null", bytes / 64 * 64);
    }
});

const Check k_free_errno("free-keeps-errno", Kind::required, [] {
    for (const std::size_t bytes : {std::size_t{16}, std::size_t{1} << 16, std::size_t{3} << 20,
                                    std::size_t{200} << 20}) {
        void* block = std::malloc(bytes);
        require(block != nullptr, "malloc(%zu) is null", bytes);
        fill(block, bytes < 4096 ? bytes : 4096, 1);
        errno = 4711;
        std::free(block);
        require(errno == 4711, "free of %zu bytes changed errno to %d", bytes, errno);
    }
});

const Check k_limit("address-space-limit", Kind::required, [] {
    constexpr std::size_t k_room = std::size_t{200} << 20;
    constexpr std::size_t k_block = std::size_t{1} << 20;
    static void* blocks[1024];
    std::free(std::malloc(100));  // what an allocator reserves once is not the limit's business
    const rlimit limit{address_space_bytes() + k_room, address_space_bytes() + k_room};
    require(setrlimit(RLIMIT_AS, &limit) == 0, "RLIMIT_AS cannot be set");
    std::size_t count = 0;
    errno = 0;
    while (count < 1024 && (blocks[count] = std::malloc(k_block)) != nullptr) {
        fill(blocks[count++], k_block, 1);
    }
    note("%zu of 200 MiB could be had", count);
    require(count < 1024, "1 GiB was had under a limit of 200 MiB");
    require(errno == ENOMEM, "at the limit errno is %d, not ENOMEM", errno);
    require(count >= 100, "less than half of the room under the limit could be had");
    for (std::size_t i = 0; i < count; ++i) std::free(blocks[i]);
    void* again = std::malloc(k_block);
    require(again != nullptr, "after everything was freed nothing can be had any more");
    std::free(again);
});

}  // namespace
