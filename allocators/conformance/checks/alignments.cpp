// alignments: blocks aligned to whatever a program may ask for, up to 64 MiB.

#include <malloc.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>

#include "allocators/conformance/check.hpp"

namespace {

using namespace lab::conformance;

constexpr int k_copies = 6;  // some stay, so that one lucky address proves nothing

template <class Allocate>
void try_blocks(const char* name, Allocate allocate, std::size_t alignment, std::size_t bytes) {
    for (int copy = 0; copy < k_copies; ++copy) {
        void* block = allocate(alignment, bytes);
        require(block != nullptr, "%s(%zu, %zu) is null", name, alignment, bytes);
        require(reinterpret_cast<std::uintptr_t>(block) % alignment == 0, "%s(%zu, %zu) is not aligned",
                name, alignment, bytes);
        fill(block, bytes, copy);
        if (copy % 3 != 0) std::free(block);
    }
}

// Whole multiples of the alignment, and sizes that are none where the function takes them.
template <class Allocate>
void try_alignments(const char* name, Allocate allocate, bool multiples_only) {
    for (std::size_t alignment = 8; alignment <= 65536; alignment *= 2) {
        for (std::size_t bytes = alignment; bytes <= 131072; bytes *= 2) {
            try_blocks(name, allocate, alignment, bytes);
        }
        for (std::size_t bytes = 1; bytes <= 131072 && !multiples_only; bytes = bytes * 2 + 1) {
            try_blocks(name, allocate, alignment, bytes);
        }
    }
}

void* by_posix_memalign(std::size_t alignment, std::size_t bytes) {
    void* block = nullptr;
    return posix_memalign(&block, alignment, bytes) == 0 ? block : nullptr;
}

const Check k_aligned_alloc("aligned-alloc", Kind::required, [] {
    try_alignments("aligned_alloc", [](std::size_t a, std::size_t n) { return std::aligned_alloc(a, n); },
                   true);
});

const Check k_posix_memalign("posix-memalign", Kind::required,
                             [] { try_alignments("posix_memalign", by_posix_memalign, false); });

const Check k_memalign("memalign", Kind::required, [] {
    try_alignments("memalign", [](std::size_t a, std::size_t n) { return memalign(a, n); }, false);
});

const Check k_up_to_64_mib("alignment-64-mib", Kind::required, [] {
    for (std::size_t alignment = 131072; alignment <= (std::size_t{64} << 20); alignment *= 2) {
        auto* block = static_cast<char*>(by_posix_memalign(alignment, 1000));
        require(block != nullptr, "alignment %zu: null", alignment);
        require(reinterpret_cast<std::uintptr_t>(block) % alignment == 0, "alignment %zu: not aligned",
                alignment);
        fill(block, 1000, 1);
        std::free(block);
    }
});

const Check k_bad_alignment("posix-memalign-einval", Kind::required, [] {
    for (const std::size_t alignment : {0, 1, 3, 4, 24, 1000}) {
        void* block = nullptr;
        const int error = posix_memalign(&block, opaque(alignment), 64);
        require(error == EINVAL, "posix_memalign with alignment %zu returned %d", alignment, error);
    }
});

}  // namespace
