// new_delete: every form of operator new and delete, by the same fast paths as malloc and free.
//
// C programs load this library too, and must not pay for libstdc++. So it is not linked: the few
// symbols that only throwing needs are weak, and who calls operator new has brought them along.
//
// Gives up    Throwing in a C program that loads libstdc++ later, with a plug-in: out of memory is a
//             line and abort there.

#include "allocators/golike/fast_path.hpp"
#include "allocators/golike/misuse.hpp"

#include <bits/functexcept.h>  // std::__throw_bad_alloc

#include <cstddef>
#include <cstdlib>
#include <new>

#define GOLIKE_EXPORT [[gnu::visibility("default")]]

asm(".weak __gxx_personality_v0\n"
    ".weak _Unwind_Resume\n"
    ".weak _ZSt9terminatev\n"
    ".weak __cxa_begin_catch\n"
    ".weak __cxa_end_catch\n"
    ".weak _ZSt15get_new_handlerv\n"
    ".weak _ZSt17__throw_bad_allocv\n");

extern "C" void* memalign(std::size_t alignment, std::size_t bytes);

namespace {

void* aligned(std::size_t bytes, std::size_t alignment) {
    return alignment == 0 ? golike::allocate(bytes) : memalign(alignment, bytes);
}

/// Was libstdc++ there when this library was loaded? Asked of a copy: an address is never null to
/// the compiler.
bool can_throw() {
    void (*volatile thrower)() = &std::__throw_bad_alloc;
    return thrower != nullptr;
}

/// Asks the new handler for memory until there is some, or no handler.
[[gnu::cold, gnu::noinline]] void* insist(std::size_t bytes, std::size_t alignment) {
    if (!can_throw()) {
        golike::die_of_misuse("out of memory in operator new, without libstdc++ to throw; bytes", bytes);
    }
    for (;;) {
        const std::new_handler handler = std::get_new_handler();
        if (handler == nullptr) return nullptr;
        handler();
        if (void* block = aligned(bytes, alignment)) return block;
    }
}

[[gnu::cold, gnu::noinline]] void* insist_or_throw(std::size_t bytes, std::size_t alignment) {
    void* const block = insist(bytes, alignment);
    if (block == nullptr) std::__throw_bad_alloc();
    return block;
}

[[gnu::cold, gnu::noinline]] void* insist_or_null(std::size_t bytes, std::size_t alignment) noexcept {
    try {
        return insist(bytes, alignment);
    } catch (...) {
        return nullptr;
    }
}

inline void* new_or_throw(std::size_t bytes, std::size_t alignment) {
    void* const block = aligned(bytes, alignment);
    if (block == nullptr) [[unlikely]] return insist_or_throw(bytes, alignment);
    return block;
}

inline void* new_or_null(std::size_t bytes, std::size_t alignment) noexcept {
    void* const block = aligned(bytes, alignment);
    if (block == nullptr) [[unlikely]] return insist_or_null(bytes, alignment);
    return block;
}

std::size_t width(std::align_val_t alignment) { return static_cast<std::size_t>(alignment); }

using Align = std::align_val_t;
using NoThrow = std::nothrow_t;

}  // namespace

GOLIKE_EXPORT void* operator new(std::size_t n) { return new_or_throw(n, 0); }
GOLIKE_EXPORT void* operator new[](std::size_t n) { return new_or_throw(n, 0); }
GOLIKE_EXPORT void* operator new(std::size_t n, Align a) { return new_or_throw(n, width(a)); }
GOLIKE_EXPORT void* operator new[](std::size_t n, Align a) { return new_or_throw(n, width(a)); }
GOLIKE_EXPORT void* operator new(std::size_t n, const NoThrow&) noexcept { return new_or_null(n, 0); }
GOLIKE_EXPORT void* operator new[](std::size_t n, const NoThrow&) noexcept { return new_or_null(n, 0); }
GOLIKE_EXPORT void* operator new(std::size_t n, Align a, const NoThrow&) noexcept {
    return new_or_null(n, width(a));
}
GOLIKE_EXPORT void* operator new[](std::size_t n, Align a, const NoThrow&) noexcept {
    return new_or_null(n, width(a));
}

// The size and the alignment are not needed: the page map knows.
GOLIKE_EXPORT void operator delete(void* p) noexcept { golike::release(p); }
GOLIKE_EXPORT void operator delete[](void* p) noexcept { golike::release(p); }
GOLIKE_EXPORT void operator delete(void* p, std::size_t) noexcept { golike::release(p); }
GOLIKE_EXPORT void operator delete[](void* p, std::size_t) noexcept { golike::release(p); }
GOLIKE_EXPORT void operator delete(void* p, Align) noexcept { golike::release(p); }
GOLIKE_EXPORT void operator delete[](void* p, Align) noexcept { golike::release(p); }
GOLIKE_EXPORT void operator delete(void* p, std::size_t, Align) noexcept { golike::release(p); }
GOLIKE_EXPORT void operator delete[](void* p, std::size_t, Align) noexcept { golike::release(p); }
GOLIKE_EXPORT void operator delete(void* p, const NoThrow&) noexcept { golike::release(p); }
GOLIKE_EXPORT void operator delete[](void* p, const NoThrow&) noexcept { golike::release(p); }
GOLIKE_EXPORT void operator delete(void* p, Align, const NoThrow&) noexcept { golike::release(p); }
GOLIKE_EXPORT void operator delete[](void* p, Align, const NoThrow&) noexcept { golike::release(p); }
