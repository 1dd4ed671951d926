// writing: Go's detection of unsynchronised use, a flag that is set while a map is written.
//
// Go ends the program when it sees the flag of another goroutine; so does this, with Go's words.
// It is a net with holes, in Go as here: it sees only what overlaps, and proves nothing.
//
// Costs       A read: one load and branch. A write: two stores more. Watch::off: nothing.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace lab::go {

[[noreturn]] inline void fatal(const char* what) {
    std::fprintf(stderr, "fatal error: %s\n", what);
    std::abort();
}

enum class Watch { off, on };

template <Watch How>
class WriteFlag {
   public:
    void check_read() const { refuse_if_set("concurrent map read and map write"); }
    void check_iteration() const { refuse_if_set("concurrent map iteration and map write"); }
    void check_write() const { refuse_if_set("concurrent map writes"); }

    /// Set while it lives. Toggled rather than set, so that two writers both have a chance to see.
    class Scope {
       public:
        explicit Scope(WriteFlag& flag) : flag_(flag) { flag_.toggle(); }
        Scope(const Scope&) = delete;
        Scope& operator=(const Scope&) = delete;
        ~Scope() {
            if (flag_.set_.load(std::memory_order_relaxed) == 0) fatal("concurrent map writes");
            flag_.toggle();
        }

       private:
        WriteFlag& flag_;
    };

   private:
    void refuse_if_set(const char* what) const {
        if (set_.load(std::memory_order_relaxed) != 0) [[unlikely]]
            fatal(what);
    }
    void toggle() {
        const auto was = set_.load(std::memory_order_relaxed);
        set_.store(static_cast<std::uint8_t>(was ^ 1), std::memory_order_relaxed);
    }

    std::atomic<std::uint8_t> set_{0};
};

template <>
class WriteFlag<Watch::off> {
   public:
    void check_read() const {}
    void check_iteration() const {}
    void check_write() const {}
    struct Scope {
        explicit Scope(WriteFlag&) {}
        ~Scope() {}
    };
};

}  // namespace lab::go
