// broken_malloc_library: libc's malloc with one fault, named by LAB_FAULT, for the rows to find.
//
// It always has one more: it forgets malloc_usable_size, which libc then serves.

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void __libc_free(void*);
void* __libc_memalign(std::size_t, std::size_t);
}

namespace {

bool fault(const char* name) {
    const char* chosen = std::getenv("LAB_FAULT");
    return chosen != nullptr && std::strcmp(chosen, name) == 0;
}

[[gnu::constructor]] void load() {
    if (fault("crashes-at-load")) std::raise(SIGSEGV);
    while (fault("hangs-at-load")) {
    }
    if (fault("hides-from-children")) unsetenv("LD_PRELOAD");
}

void* aligned(std::size_t alignment, std::size_t bytes) {
    return fault("misaligned") ? __libc_malloc(bytes) : __libc_memalign(alignment, bytes);
}

// Blocks of some hundred bytes come from here where the fault says so, and are never freed.
alignas(16) char arena[1 << 20];
bool is_in_arena(const void* block) { return block >= arena && block < arena + sizeof arena; }

void* from_arena(std::size_t bytes) {
    static std::size_t used = 0;
    if (bytes < 200 || bytes > 600) return nullptr;
    if (fault("overlapping")) return arena;
    if (!fault("misaligned-blocks")) return nullptr;
    used = (used + 1024) % (sizeof arena - 1024);
    return arena + used + 4;
}

}  // namespace

extern "C" {

void* malloc(std::size_t bytes) noexcept {
    if (bytes > 100 && fault("null")) return nullptr;
    if (void* block = from_arena(bytes)) return block;
    if (bytes == 3000 && fault("hangs")) {
        for (;;) {
        }
    }
    void* block = __libc_malloc(bytes);
    if (block == nullptr && fault("forgets-errno")) errno = 0;
    return block;
}

void* calloc(std::size_t number, std::size_t bytes) noexcept {
    if (fault("dirty-calloc") && number == 1) return __libc_malloc(bytes);
    if (fault("overflowing-calloc")) return __libc_calloc(1, number * bytes);
    return __libc_calloc(number, bytes);
}

void* realloc(void* block, std::size_t bytes) noexcept {
    if (bytes > PTRDIFF_MAX && fault("loses-on-realloc")) std::memset(block, 0, 8);
    if (is_in_arena(block)) return std::memcpy(malloc(bytes), block, bytes < 600 ? bytes : 600);
    void* grown = __libc_realloc(block, bytes);
    if (bytes > 1000 && grown != nullptr && fault("loses-when-growing")) std::memset(grown, 0, 8);
    return grown;
}

void free(void* block) noexcept {
    if (fault("leaks") || is_in_arena(block)) return;
    __libc_free(block);
    if (fault("changes-errno")) errno = EINVAL;
}

void* memalign(std::size_t alignment, std::size_t bytes) noexcept { return aligned(alignment, bytes); }
void* aligned_alloc(std::size_t alignment, std::size_t bytes) noexcept { return aligned(alignment, bytes); }
void* valloc(std::size_t bytes) noexcept { return aligned(4096, bytes); }

int posix_memalign(void** block, std::size_t alignment, std::size_t bytes) noexcept {
    if (alignment < sizeof(void*) || (alignment & (alignment - 1)) != 0) return EINVAL;
    *block = aligned(alignment, bytes);
    return *block == nullptr ? ENOMEM : 0;
}

}  // extern "C"
