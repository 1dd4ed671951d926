// check: one row of the conformance table: a name and a body that runs in a process of its own.
//
//   namespace {
//   const Check k_zero("size-zero", Kind::required, [] {
//       require(std::malloc(0) != nullptr, "malloc(0) is null");
//   });
//   }
//
// A body passes by returning. It fails by require() or fail(), and also by crashing, hanging or
// exiting. A misuse body does what no program may do; the row tells what the allocator made of it.
//
// Invariants  Nothing here calls malloc: what is under test may be broken in any way.
// Threads     require(), fail() and note() may be called from any thread.

#pragma once

#include <cstddef>

namespace lab::conformance {

/// Vital rows are required too; a library that fails one cannot be measured.
enum class Kind { vital, required, misuse, noted };

/// Registers itself; one object for each row, at namespace scope.
class Check {
   public:
    Check(const char* name, Kind kind, void (*body)());
    Check(const Check&) = delete;
    Check& operator=(const Check&) = delete;

    const char* name() const { return name_; }
    Kind kind() const { return kind_; }
    void run() const { body_(); }
    const Check* next() const { return next_; }

   private:
    const char* name_;
    Kind kind_;
    void (*body_)();
    const Check* next_ = nullptr;
};

/// The rows in the order of the files' names, and within a file as written.
const Check* first_check();

/// Where this process's notes go; -1 is nowhere.
void report_to(int file_descriptor);

/// Adds a line to the row's detail; it is kept even if the process dies in the next moment.
[[gnu::format(printf, 1, 2)]] void note(const char* format, ...);
[[gnu::format(printf, 1, 2), noreturn]] void fail(const char* format, ...);
[[gnu::format(printf, 2, 3)]] void require(bool holds, const char* format, ...);

/// A number that the compiler cannot know, so that it neither warns of a size nor drops a call.
std::size_t opaque(std::size_t number);

/// Writes `value` into all bytes / whether all bytes are `value`.
void fill(void* block, std::size_t bytes, int value);
bool is_filled(const void* block, std::size_t bytes, int value);

/// Resident memory and address space of this process, from /proc/self/statm.
std::size_t resident_bytes();
std::size_t address_space_bytes();

/// The file that a function's code comes from; "" if the name is unknown here.
const char* provider_of(const char* function);

}  // namespace lab::conformance
