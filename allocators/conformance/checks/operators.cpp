// operators: every form of operator new and delete, and what new does when there is no memory.

#include <cstdint>
#include <new>

#include "allocators/conformance/check.hpp"

namespace {

using namespace lab::conformance;

constexpr std::size_t k_huge = SIZE_MAX / 2 - 1'000'000;
using Align = std::align_val_t;

const Check k_forms("new-delete-forms", Kind::required, [] {
    for (std::size_t bytes = 1; bytes <= 200'000; bytes = bytes * 3 + 1) {
        ::operator delete(::operator new(bytes));
        ::operator delete(::operator new(bytes), bytes);
        ::operator delete[](::operator new[](bytes));
        ::operator delete[](::operator new[](bytes), bytes);
        ::operator delete(::operator new(bytes, std::nothrow), std::nothrow);
        ::operator delete[](::operator new[](bytes, std::nothrow), std::nothrow);
    }
});

const Check k_aligned_forms("new-delete-aligned", Kind::required, [] {
    for (std::size_t alignment = 8; alignment <= 4096; alignment *= 2) {
        const Align a{alignment};
        for (std::size_t bytes = 1; bytes <= 20'000; bytes = bytes * 3 + 1) {
            void* blocks[] = {::operator new(bytes, a), ::operator new[](bytes, a),
                              ::operator new(bytes, a, std::nothrow),
                              ::operator new[](bytes, a, std::nothrow)};
            for (void* block : blocks) {
                require(block != nullptr, "new(%zu, align %zu) is null", bytes, alignment);
                require(reinterpret_cast<std::uintptr_t>(block) % alignment == 0,
                        "new(%zu, align %zu) is not aligned", bytes, alignment);
                fill(block, bytes, 1);
            }
            ::operator delete(blocks[0], a);
            ::operator delete[](blocks[1], bytes, a);
            ::operator delete(blocks[2], a, std::nothrow);
            ::operator delete[](blocks[3], a, std::nothrow);
        }
    }
});

const Check k_throws("new-throws", Kind::required, [] {
    try {
        void* block = ::operator new(opaque(k_huge));
        fail("operator new of half the address space returned %p", block);
    } catch (const std::bad_alloc&) {
    }
});

const Check k_nothrow("new-nothrow-null", Kind::required, [] {
    void* block = ::operator new(opaque(k_huge), std::nothrow);
    require(block == nullptr, "nothrow new of half the address space returned %p", block);
});

int handler_calls = 0;

const Check k_handler("new-handler", Kind::required, [] {
    std::set_new_handler([] {
        if (++handler_calls == 3) std::set_new_handler(nullptr);
    });
    try {
        void* block = ::operator new(opaque(k_huge));
        fail("operator new of half the address space returned %p", block);
    } catch (const std::bad_alloc&) {
    }
    require(handler_calls == 3, "the new_handler was called %d times, not until it gave up at 3",
            handler_calls);
});

}  // namespace
