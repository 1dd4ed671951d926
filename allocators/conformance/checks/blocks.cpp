// blocks: what a block is: there, its own, aligned, zero where promised, and kept by realloc.

#include <cstdint>
#include <cstdlib>
#include <initializer_list>

#include "allocators/conformance/check.hpp"

namespace {

using namespace lab::conformance;

constexpr std::size_t k_mebibyte = std::size_t{1} << 20;

// Every size up to 64, then about five sizes a doubling.
constexpr std::size_t next_size(std::size_t bytes) { return bytes + 1 + (bytes < 64 ? 0 : bytes / 7); }

const Check k_zero_size("size-zero", Kind::required, [] {
    void* one = std::malloc(opaque(0));
    void* other = std::malloc(opaque(0));
    require(one != nullptr && other != nullptr, "malloc(0) is null");
    require(one != other, "two live blocks of malloc(0) are the same");
    void* zeroes = std::calloc(opaque(0), opaque(8));
    require(zeroes != nullptr, "calloc(0, 8) is null");
    std::free(one);
    std::free(other);
    std::free(zeroes);
    std::free(nullptr);
});

const Check k_disjoint("disjoint-blocks", Kind::vital, [] {
    constexpr std::size_t k_most = 2000;
    static unsigned char* blocks[k_most];
    static std::size_t sizes[k_most];
    std::size_t count = 0;
    for (std::size_t bytes = 1; bytes <= 2 * k_mebibyte && count < k_most; bytes = next_size(bytes)) {
        for (int copy = 0; copy < 8 && count < k_most; ++copy, ++count) {
            sizes[count] = bytes;
            blocks[count] = static_cast<unsigned char*>(std::malloc(bytes));
            require(blocks[count] != nullptr, "malloc(%zu) is null", bytes);
            fill(blocks[count], bytes, static_cast<int>(count % 251));
        }
    }
    for (std::size_t i = 0; i < count; ++i) {
        require(is_filled(blocks[i], sizes[i], static_cast<int>(i % 251)),
                "a block of %zu bytes was overwritten through another", sizes[i]);
        std::free(blocks[i]);
    }
});

// C lets a block of fewer than 16 bytes be aligned for what fits into it.
const Check k_alignment("malloc-alignment", Kind::vital, [] {
    for (std::size_t bytes = 1; bytes <= k_mebibyte; bytes = next_size(bytes)) {
        for (int copy = 0; copy < 8; ++copy) {
            void* block = std::malloc(bytes);
            const std::size_t wanted = bytes >= alignof(std::max_align_t) ? alignof(std::max_align_t) : 8;
            require(reinterpret_cast<std::uintptr_t>(block) % wanted == 0,
                    "malloc(%zu) is %p, not aligned to %zu", bytes, block, wanted);
            if (copy % 2 == 0) std::free(block);  // the others stay, so that addresses differ
        }
    }
});

const Check k_calloc_zero("calloc-zero", Kind::vital, [] {
    constexpr std::size_t k_blocks = 8;
    for (std::size_t bytes = 1; bytes <= 4 * k_mebibyte; bytes = next_size(bytes)) {
        void* blocks[k_blocks];
        for (void*& block : blocks) {
            block = std::malloc(bytes);
            require(block != nullptr, "malloc(%zu) is null", bytes);
            fill(block, bytes, 0xff);
        }
        for (void* block : blocks) std::free(block);
        for (void*& block : blocks) {
            block = std::calloc(1, bytes);
            require(block != nullptr, "calloc(1, %zu) is null", bytes);
            require(is_filled(block, bytes, 0), "calloc(1, %zu) is not zero on recycled memory", bytes);
        }
        for (void* block : blocks) std::free(block);
    }
});

const Check k_realloc("realloc-keeps", Kind::vital, [] {
    auto* block = static_cast<unsigned char*>(std::realloc(nullptr, 1));
    require(block != nullptr, "realloc(nullptr, 1) is null");
    std::size_t held = 1;
    fill(block, held, 0x3c);
    const auto resize = [&](std::size_t bytes) {
        block = static_cast<unsigned char*>(std::realloc(block, bytes));
        require(block != nullptr, "realloc to %zu is null", bytes);
        const std::size_t kept = bytes < held ? bytes : held;
        require(is_filled(block, kept, 0x3c), "realloc from %zu to %zu lost bytes", held, bytes);
        fill(block, bytes, 0x3c);
        held = bytes;
    };
    for (std::size_t bytes = 1; bytes <= 8 * k_mebibyte; bytes = next_size(bytes)) resize(bytes);
    for (std::size_t bytes = held; bytes >= 1; bytes = bytes * 5 / 8) resize(bytes);
    std::free(block);
});

const Check k_realloc_aligned("realloc-aligned", Kind::required, [] {
    for (std::size_t alignment = 16; alignment <= 65536; alignment *= 4) {
        void* block = nullptr;
        require(posix_memalign(&block, alignment, 1000) == 0, "posix_memalign(%zu) failed", alignment);
        fill(block, 1000, 0x77);
        block = std::realloc(block, 100'000);
        require(block != nullptr && is_filled(block, 1000, 0x77),
                "realloc of a block aligned to %zu lost bytes", alignment);
        std::free(block);
    }
});

const Check k_reuse("freed-memory-reused", Kind::vital, [] {
    for (const std::size_t bytes : {std::size_t{64}, std::size_t{65536}}) {
        const std::size_t before = resident_bytes();
        for (std::size_t had = 0; had < 256 * k_mebibyte; had += bytes) {
            void* block = std::malloc(bytes);
            require(block != nullptr, "malloc(%zu) is null", bytes);
            fill(block, bytes, 1);
            std::free(block);
        }
        const std::size_t now = resident_bytes();
        const std::size_t grown = now > before ? (now - before) >> 20 : 0;
        require(grown < 64, "%zu MiB are resident though every block of %zu bytes was freed at once", grown, bytes);
    }
});

const Check k_calloc_lazy("calloc-lazy", Kind::required, [] {
    constexpr std::size_t k_bytes = std::size_t{1} << 30;
    const std::size_t before = resident_bytes();
    auto* block = static_cast<unsigned char*>(std::calloc(1, k_bytes));
    require(block != nullptr, "calloc(1, 1 GiB) is null");
    require(block[0] == 0 && block[k_bytes / 2] == 0 && block[k_bytes - 1] == 0, "it is not zero");
    const std::size_t grown = (resident_bytes() - before) >> 20;
    note("%zu MiB resident", grown);
    require(grown < 64, "a GiB from calloc is resident though nobody touched it");
    std::free(block);
});

}  // namespace
