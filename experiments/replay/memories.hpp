// memories: where a replay's blocks come from; engine's body differs in nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "allocation/memory.hpp"
#include "pages.hpp"
#include "touch.hpp"

namespace lab::replay {

using allocation::hidden;

/// Whatever malloc this process runs with. A nullptr is the caller's to notice.
struct Malloc {
    void* allocate(std::uint64_t bytes, std::uint32_t) { return hidden(std::malloc(bytes)); }
    void* zeroed(std::uint64_t bytes, std::uint32_t) { return hidden(std::calloc(1, bytes)); }
    void* aligned(int log2, std::uint64_t bytes, std::uint32_t) {
        void* block = nullptr;
        const std::size_t alignment = std::max(std::size_t{1} << log2, sizeof(void*));
        return posix_memalign(&block, alignment, bytes) == 0 ? hidden(block) : nullptr;
    }
    void* resize(void* block, std::uint64_t /*from*/, std::uint64_t to, std::uint32_t) {
        return hidden(std::realloc(hidden(block), to));
    }
    void release(void* block) { std::free(hidden(block)); }
};

/// The control: a line for each place in one arena, never given back. What a replay costs with it is
/// the engine and the touching. Blocks longer than a line overlap, but their marks do not.
class Null {
   public:
    /// `places`: as many as Layout::places(). `longest`: the bytes of the longest block.
    Null(std::size_t places, std::uint64_t longest)
        : arena_(std::make_shared<Pages<char>>(places * k_line_bytes + longest)), start_(arena_->data()) {}

    void* allocate(std::uint64_t, std::uint32_t place) { return at(place); }
    void* zeroed(std::uint64_t bytes, std::uint32_t place) {
        std::memset(at(place), 0, std::min<std::size_t>(bytes, k_mark_bytes));
        return at(place);
    }
    void* aligned(int, std::uint64_t, std::uint32_t place) { return at(place); }
    void* resize(void* block, std::uint64_t, std::uint64_t, std::uint32_t place) {
        if (block != nullptr) std::memmove(at(place), block, k_mark_bytes);
        return at(place);
    }
    void release(void* block) { hidden(block); }

   private:
    void* at(std::uint32_t place) const { return hidden(start_ + std::size_t{place} * k_line_bytes); }

    std::shared_ptr<Pages<char>> arena_;  // the engine copies its memory for each thread
    char* start_;
};

}  // namespace lab::replay
