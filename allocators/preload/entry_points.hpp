// entry_points: the whole malloc family for a preloaded library that watches it; include it in one file.
//
// That file first defines `struct Watch`, with these static functions:
//   allocated(Entry, block, size, alignment)   after the call; the block is null where it failed
//   releasing(block)                           before the call
//   reallocating(block)                        before the call
//   reallocated(moved, size)                   after it
//   was = pause(), resume(was)                 around calls whose own calls of malloc do not count
//
// Invariants  Each call is seen once, whichever allocator lies behind. Blocks of the arena are not seen.
//             A program's own operator new is called as it is.
// Gives up    Programs that call the allocator by names of its own (je_malloc, mi_malloc).
// Rejected    Operator new always by malloc: a library of the program may bring one that does something
//             else. Operator new never: jemalloc, mimalloc and tcmalloc serve it past malloc.

#pragma once

#include <unistd.h>

#include <cerrno>
#include <new>

#include "allocators/preload/next_malloc.hpp"

#define LAB_EXPORT [[gnu::visibility("default")]]
#define LAB_EXPORT_C extern "C" [[gnu::visibility("default")]]

namespace claimslab::preload {

struct Paused {
    Paused() : was_(Watch::pause()) {}
    ~Paused() { Watch::resume(was_); }
    Paused(const Paused&) = delete;
    Paused& operator=(const Paused&) = delete;

  private:
    bool was_;
};

template <class Call>
void* aligned_by(std::size_t size, std::size_t alignment, Call call) {
    if (!has_next()) return nullptr;
    void* block = nullptr;
    {
        const Paused paused;
        block = call();
    }
    Watch::allocated(Entry::aligned, block, size, alignment);
    return block;
}

/// One form of operator new or delete.
template <class Function>
class Form {
  public:
    constexpr explicit Form(const char* symbol) : symbol_(symbol) {}

    /// What lies behind ends in calls of malloc and free itself, or is the program's own.
    bool calls_on() {
        if (state_.load(std::memory_order_acquire) == State::unknown) find();
        return state_.load(std::memory_order_relaxed) == State::calls_on;
    }
    Function* behind() const { return behind_.load(std::memory_order_relaxed); }

  private:
    enum class State : unsigned char { unknown, calls_on, by_malloc };

    // A C program may load libstdc++ with a plug-in, out of the sight of RTLD_NEXT.
    [[gnu::cold, gnu::noinline]] void find() {
        Function* found = nullptr;
        if (!look_up(found, symbol_)) {
            void* const library = dlopen("libstdc++.so.6", RTLD_LAZY | RTLD_NOLOAD);
            if (library != nullptr) look_up(found, symbol_, library);
        }
        behind_.store(found, std::memory_order_relaxed);
        const bool own = found == nullptr || library_of(found) == library_of(next.malloc);
        state_.store(own ? State::by_malloc : State::calls_on, std::memory_order_release);
    }

    const char* symbol_;
    std::atomic<Function*> behind_{nullptr};
    std::atomic<State> state_{State::unknown};
};

}  // namespace claimslab::preload

LAB_EXPORT_C void* malloc(std::size_t size) noexcept {
    using namespace claimslab::preload;
    if (!has_next()) return from_arena(size);
    void* const block = next.malloc(size);
    Watch::allocated(Entry::plain, block, size, 0);
    return block;
}

LAB_EXPORT_C void free(void* block) noexcept {
    using namespace claimslab::preload;
    if (block == nullptr || in_arena(block) || !has_next()) return;
    Watch::releasing(block);
    next.free(block);
}

LAB_EXPORT_C void* calloc(std::size_t count, std::size_t each) noexcept {
    using namespace claimslab::preload;
    std::size_t size = 0;
    const bool fits = !__builtin_mul_overflow(count, each, &size);
    if (!has_next()) return fits ? from_arena(size) : nullptr;  // the arena is zero and used only once
    void* block = nullptr;
    {
        const Paused paused;
        block = next.calloc(count, each);
    }
    Watch::allocated(Entry::zeroed, block, fits ? size : SIZE_MAX, 0);
    return block;
}

LAB_EXPORT_C void* realloc(void* block, std::size_t size) noexcept {
    using namespace claimslab::preload;
    if (block == nullptr) return malloc(size);
    if (in_arena(block)) {
        void* const moved = malloc(size);
        const std::size_t most = arena_rest(block);
        if (moved != nullptr) std::memmove(moved, block, size < most ? size : most);
        return moved;
    }
    if (!has_next()) return nullptr;
    Watch::reallocating(block);
    void* moved = nullptr;
    {
        const Paused paused;
        moved = next.realloc(block, size);
    }
    Watch::reallocated(moved, size);
    return moved;
}

LAB_EXPORT_C void* reallocarray(void* block, std::size_t count, std::size_t each) noexcept {
    std::size_t size = 0;
    if (__builtin_mul_overflow(count, each, &size)) {
        errno = ENOMEM;
        return nullptr;
    }
    return realloc(block, size);
}

LAB_EXPORT_C void free_sized(void* block, std::size_t) noexcept { free(block); }
LAB_EXPORT_C void free_aligned_sized(void* block, std::size_t, std::size_t) noexcept { free(block); }
LAB_EXPORT_C void cfree(void* block) noexcept { free(block); }

LAB_EXPORT_C void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
    using namespace claimslab::preload;
    return aligned_by(size, alignment, [=] { return next.aligned_alloc(alignment, size); });
}

LAB_EXPORT_C void* memalign(std::size_t alignment, std::size_t size) noexcept {
    using namespace claimslab::preload;
    return aligned_by(size, alignment, [=] { return next.memalign(alignment, size); });
}

LAB_EXPORT_C void* valloc(std::size_t size) noexcept {
    using namespace claimslab::preload;
    const auto page = static_cast<std::size_t>(getpagesize());
    return aligned_by(size, page, [=] { return next.valloc(size); });
}

LAB_EXPORT_C void* pvalloc(std::size_t size) noexcept {
    using namespace claimslab::preload;
    const auto page = static_cast<std::size_t>(getpagesize());
    return aligned_by(size, page, [=] { return next.pvalloc(size); });
}

LAB_EXPORT_C int posix_memalign(void** block, std::size_t alignment, std::size_t size) noexcept {
    using namespace claimslab::preload;
    if (!has_next()) return ENOMEM;
    int error = 0;
    {
        const Paused paused;
        error = next.posix_memalign(block, alignment, size);
    }
    Watch::allocated(Entry::aligned, error == 0 ? *block : nullptr, size, alignment);
    return error;
}

// glibc's own second names.
#define LAB_ALIAS(alias, name) asm(".globl " #alias "\n.set " #alias ", " #name "\n")
LAB_ALIAS(__libc_malloc, malloc);
LAB_ALIAS(__libc_free, free);
LAB_ALIAS(__libc_calloc, calloc);
LAB_ALIAS(__libc_realloc, realloc);
LAB_ALIAS(__libc_reallocarray, reallocarray);
LAB_ALIAS(__libc_memalign, memalign);
LAB_ALIAS(__libc_valloc, valloc);
LAB_ALIAS(__libc_pvalloc, pvalloc);
LAB_ALIAS(__posix_memalign, posix_memalign);

namespace claimslab::preload {

template <class Function, class... Rest>
void* new_by(Form<Function>& form, std::size_t size, std::size_t alignment, Rest... rest) {
    if (form.calls_on()) return form.behind()(size, rest...);
    const std::size_t least = size == 0 ? 1 : size;
    if (void* block = alignment == 0 ? malloc(least) : memalign(alignment, least)) return block;
    if (form.behind() == nullptr) {
        constexpr char k_line[] = "out of memory in operator new, and no libstdc++ to throw\n";
        if (write(STDERR_FILENO, k_line, sizeof k_line - 1) < 0) std::abort();
        std::abort();
    }
    void* const block = form.behind()(size, rest...);  // asks the new handler, or throws
    Watch::allocated(alignment == 0 ? Entry::plain : Entry::aligned, block, size, alignment);
    return block;
}

template <class Function, class... Rest>
void delete_by(Form<Function>& form, void* block, Rest... rest) {
    if (form.calls_on()) {
        form.behind()(block, rest...);
    } else {
        free(block);
    }
}

using Size = std::size_t;
using Align = std::align_val_t;
using NoThrow = const std::nothrow_t&;
constexpr Size width(Align alignment) { return static_cast<Size>(alignment); }

static_assert(sizeof(Size) == 8, "the names below are those of 64-bit ABIs");
#define LAB_FORM(name, result, ...) inline constinit Form<result(__VA_ARGS__)> form_##name(#name)
LAB_FORM(_Znwm, void*, Size);
LAB_FORM(_Znam, void*, Size);
LAB_FORM(_ZnwmSt11align_val_t, void*, Size, Align);
LAB_FORM(_ZnamSt11align_val_t, void*, Size, Align);
LAB_FORM(_ZnwmRKSt9nothrow_t, void*, Size, NoThrow);
LAB_FORM(_ZnamRKSt9nothrow_t, void*, Size, NoThrow);
LAB_FORM(_ZnwmSt11align_val_tRKSt9nothrow_t, void*, Size, Align, NoThrow);
LAB_FORM(_ZnamSt11align_val_tRKSt9nothrow_t, void*, Size, Align, NoThrow);
LAB_FORM(_ZdlPv, void, void*);
LAB_FORM(_ZdaPv, void, void*);
LAB_FORM(_ZdlPvm, void, void*, Size);
LAB_FORM(_ZdaPvm, void, void*, Size);
LAB_FORM(_ZdlPvSt11align_val_t, void, void*, Align);
LAB_FORM(_ZdaPvSt11align_val_t, void, void*, Align);
LAB_FORM(_ZdlPvmSt11align_val_t, void, void*, Size, Align);
LAB_FORM(_ZdaPvmSt11align_val_t, void, void*, Size, Align);
LAB_FORM(_ZdlPvRKSt9nothrow_t, void, void*, NoThrow);
LAB_FORM(_ZdaPvRKSt9nothrow_t, void, void*, NoThrow);
LAB_FORM(_ZdlPvSt11align_val_tRKSt9nothrow_t, void, void*, Align, NoThrow);
LAB_FORM(_ZdaPvSt11align_val_tRKSt9nothrow_t, void, void*, Align, NoThrow);

}  // namespace claimslab::preload

// clang-format would break these tables.
#define LAB_NEW(operation, name)                                                                        \
    LAB_EXPORT void* operation(std::size_t n) {                                                         \
        using namespace claimslab::preload;                                                             \
        return new_by<void*(Size)>(form_##name##m, n, 0);                                               \
    }                                                                                                   \
    LAB_EXPORT void* operation(std::size_t n, std::align_val_t a) {                                     \
        using namespace claimslab::preload;                                                             \
        return new_by<void*(Size, Align), Align>(form_##name##mSt11align_val_t, n, width(a), a);        \
    }                                                                                                   \
    LAB_EXPORT void* operation(std::size_t n, const std::nothrow_t& t) noexcept {                       \
        using namespace claimslab::preload;                                                             \
        return new_by<void*(Size, NoThrow), NoThrow>(form_##name##mRKSt9nothrow_t, n, 0, t);            \
    }                                                                                                   \
    LAB_EXPORT void* operation(std::size_t n, std::align_val_t a, const std::nothrow_t& t) noexcept {   \
        using namespace claimslab::preload;                                                             \
        return new_by<void*(Size, Align, NoThrow), Align, NoThrow>(                                     \
            form_##name##mSt11align_val_tRKSt9nothrow_t, n, width(a), a, t);                            \
    }
LAB_NEW(operator new, _Znw)
LAB_NEW(operator new[], _Zna)

#define LAB_DELETE(operation, name)                                                                     \
    LAB_EXPORT void operation(void* p) noexcept {                                                       \
        using namespace claimslab::preload;                                                             \
        delete_by<void(void*)>(form_##name##Pv, p);                                                     \
    }                                                                                                   \
    LAB_EXPORT void operation(void* p, std::size_t n) noexcept {                                        \
        using namespace claimslab::preload;                                                             \
        delete_by<void(void*, Size), Size>(form_##name##Pvm, p, n);                                     \
    }                                                                                                   \
    LAB_EXPORT void operation(void* p, std::align_val_t a) noexcept {                                   \
        using namespace claimslab::preload;                                                             \
        delete_by<void(void*, Align), Align>(form_##name##PvSt11align_val_t, p, a);                     \
    }                                                                                                   \
    LAB_EXPORT void operation(void* p, std::size_t n, std::align_val_t a) noexcept {                    \
        using namespace claimslab::preload;                                                             \
        delete_by<void(void*, Size, Align), Size, Align>(form_##name##PvmSt11align_val_t, p, n, a);     \
    }                                                                                                   \
    LAB_EXPORT void operation(void* p, const std::nothrow_t& t) noexcept {                              \
        using namespace claimslab::preload;                                                             \
        delete_by<void(void*, NoThrow), NoThrow>(form_##name##PvRKSt9nothrow_t, p, t);                  \
    }                                                                                                   \
    LAB_EXPORT void operation(void* p, std::align_val_t a, const std::nothrow_t& t) noexcept {          \
        using namespace claimslab::preload;                                                             \
        delete_by<void(void*, Align, NoThrow), Align, NoThrow>(                                         \
            form_##name##PvSt11align_val_tRKSt9nothrow_t, p, a, t);                                     \
    }
LAB_DELETE(operator delete, _Zdl)
LAB_DELETE(operator delete[], _Zda)
