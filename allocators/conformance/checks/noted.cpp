// noted: where allocators differ and none is wrong; facts for whoever must choose.

#include <malloc.h>

#include <cstdint>
#include <cstdlib>
#include <initializer_list>

#include "allocators/conformance/check.hpp"

namespace {

using namespace lab::conformance;

std::size_t mebibytes(std::size_t bytes) { return bytes >> 20; }

const Check k_statistics("who-serves-statistics", Kind::noted, [] {
    for (const char* function : {"mallinfo", "mallinfo2", "mallopt", "malloc_trim", "reallocarray"}) {
        note("%s: %s", function, provider_of(function));
    }
});

const Check k_small_alignment("alignment-of-8-bytes", Kind::noted, [] {
    std::uintptr_t all = 0;
    for (int i = 0; i < 64; ++i) {
        all |= reinterpret_cast<std::uintptr_t>(std::malloc(8));
        if (std::malloc(opaque(40)) == nullptr) return;  // or a stride of 32 would look like alignment
    }
    note("%zu", std::size_t{all & (~all + 1)});
});

const Check k_realloc_zero("realloc-to-zero", Kind::noted, [] {
    void* block = std::realloc(std::malloc(100), opaque(0));
    note(block == nullptr ? "frees, null" : "a block of no bytes");
});

const Check k_odd_alignment("memalign-to-48-bytes", Kind::noted, [] {
    void* block = memalign(opaque(48), 100);
    const auto at = reinterpret_cast<std::uintptr_t>(block);
    note(block == nullptr ? "null" : at % 64 == 0 ? "rounded up to 64" : at % 48 == 0 ? "48" : "neither");
});

const Check k_odd_aligned_alloc("aligned-alloc-to-3-bytes", Kind::noted, [] {
    note(std::aligned_alloc(opaque(3), opaque(9)) == nullptr ? "null" : "a block");
});

const Check k_start("resident-at-start", Kind::noted,
                    [] { note("%zu KiB", resident_bytes() >> 10); });

const Check k_small_return("resident-after-200-mb-of-100-bytes", Kind::noted, [] {
    constexpr std::size_t k_blocks = 2'000'000;
    auto** blocks = static_cast<void**>(std::calloc(k_blocks, sizeof(void*)));
    for (std::size_t i = 0; i < k_blocks; ++i) fill(blocks[i] = std::malloc(100), 100, 1);
    const std::size_t peak = resident_bytes();
    for (std::size_t i = 0; i < k_blocks; ++i) std::free(blocks[i]);
    std::free(blocks);
    const std::size_t freed = resident_bytes();
    malloc_trim(0);
    note("peak %zu MiB, freed %zu MiB, trimmed %zu MiB", mebibytes(peak), mebibytes(freed),
         mebibytes(resident_bytes()));
});

const Check k_large_return("resident-after-20-times-10-mib", Kind::noted, [] {
    constexpr std::size_t k_bytes = std::size_t{10} << 20;
    void* blocks[20];
    for (void*& block : blocks) fill(block = std::malloc(k_bytes), k_bytes, 1);
    for (void* block : blocks) std::free(block);
    note("freed %zu MiB", mebibytes(resident_bytes()));
});

}  // namespace
