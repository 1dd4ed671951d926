// trace: what one process asked of malloc, as a value: read, write, check, sum up, shrink.
//
//   recorded program ──► file ──► read() ──► Trace ──► replay, validate(), summarise(), reduce()
//                                              └─────► write() ──► a smaller file of the same format
//
// Invariants  Within a thread operations are in program order. A block is one allocation's: its number
//             is never used again, so a release names what it ends without regard to time. What a
//             valid trace orders between threads is only this: a block is made before it is ended.
// Costs       read: linear in the file; 40 bytes of memory an operation.
// Gives up    Calls that failed, free(nullptr), and who called.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace claimslab::trace {

/// No such block.
inline constexpr std::uint64_t k_none = ~std::uint64_t{0};

/// Nothing that an address space could hold is larger.
inline constexpr std::uint64_t k_max_size = std::uint64_t{1} << 47;

enum class Kind : std::uint8_t { allocate, zeroed, aligned, reallocate, release };
inline constexpr std::size_t k_kinds = 5;
const char* name_of(Kind kind);

struct Operation {
    Kind kind = Kind::allocate;
    std::uint8_t alignment_log2 = 0;  // of Kind::aligned; 0 otherwise
    std::uint32_t thread = 0;         // its index in Trace::threads
    std::uint64_t size = 0;           // asked for; 0 of a release
    std::uint64_t block = k_none;     // made, or of a release: ended
    std::uint64_t from = k_none;      // of a reallocate: the block it ends, with its contents
    std::uint64_t time_ns = 0;        // since recording began; never falls within a thread

    bool makes() const { return kind != Kind::release; }
    std::uint64_t ends() const { return kind == Kind::release ? block : from; }
    bool operator==(const Operation&) const = default;
};

/// How a recording ended.
enum class End : std::uint8_t {
    exited,    // the program ran its destructors
    cut,       // it was killed, called _exit or exec, or still runs
    disk_full  // the recorder could not go on; the program did
};
const char* name_of(End end);

struct Metadata {
    std::string program;  // path of the executable
    std::vector<std::string> arguments;  // of its command line, the program itself first; may be cut short
    std::string allocator;               // path of the library that served malloc
    std::uint32_t pid = 0;
    std::uint32_t parent = 0;
    bool forked = false;  // without exec: releases of blocks never made are of inherited ones
    End end = End::exited;
    // Of the file read; write() ignores them.
    std::uint64_t stored_bytes = 0;      // that hold operations
    std::uint64_t file_bytes = 0;
    std::uint64_t unsealed_chunks = 0;   // whose content no checksum vouches for
    std::uint64_t dropped = 0;           // operations after the disk was full
};

struct Trace {
    Metadata about;
    std::vector<std::vector<Operation>> threads;

    std::uint64_t operations() const;
    std::uint64_t blocks() const;  // 1 + the largest number of a block, or 0
};

/// One line: what is wrong, where, how to mend it.
struct Error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Blocks are numbered from 0, densely, in the order of being made. Throws Error.
Trace read(const std::string& path);

/// Replaces the file at once or not at all. Times of a single thread become a pace: exact once in some
/// hundred operations. Throws Error.
void write(const Trace& trace, const std::string& path);

enum class Fault : std::uint8_t {
    double_release,   // a block is ended twice
    unknown_block,    // a block is ended that nobody made, and the process was not forked
    two_owners,       // a block is made twice
    order,            // a block would have to be ended before it is made
    time,             // time falls within a thread
    size,             // larger than any address space
    alignment,        // not of an aligned allocation, or beyond 2^47
    shape             // a field that this kind must not have, or lacks; a wrong thread
};
inline constexpr std::size_t k_faults = 8;
const char* name_of(Fault fault);

struct Finding {
    Fault fault{};
    std::uint32_t thread = 0;
    std::uint64_t index = 0;  // in the thread
    std::string text;         // one line
};

struct Findings {
    std::vector<Finding> first;  // at most 100
    std::array<std::uint64_t, k_faults> count{};
    std::uint64_t inherited = 0;  // ends of blocks that a forked process had from its parent: no fault

    bool valid() const;
};

Findings validate(const Trace& trace);

/// Live bytes after an operation; operations are counted over all threads, in walk() order.
struct Point {
    std::uint64_t operation = 0;
    std::uint64_t time_ns = 0;
    std::uint64_t bytes = 0;
    std::uint64_t blocks = 0;
};

/// By power of two: [k] counts values v with bit_width(v) == k, so [0] counts zeros, [1] ones.
using Log2 = std::array<std::uint64_t, 65>;

struct Statistics {
    std::uint64_t operations = 0;
    std::array<std::uint64_t, k_kinds> by_kind{};
    Log2 by_size{};            // of what is asked for
    Log2 by_lifetime{};        // operations from a block's making to its end
    std::uint64_t bytes = 0;   // asked for in all
    Point peak;                // most bytes live
    Point last;                // what is live at the end was never released
    std::vector<Point> live;   // at most 512, evenly spaced in operations
    std::uint64_t threads = 0;
    std::uint64_t cross_thread = 0;  // ends on a thread other than the maker's
    std::uint64_t inherited = 0;     // ends of blocks never made here
    std::uint64_t moved_bytes = 0;   // contents that reallocate has to keep
    std::uint64_t duration_ns = 0;
    double bytes_per_operation = 0;  // in the file read; 0 if none
};

Statistics summarise(const Trace& trace);

/// Visits every operation in an order that keeps program order and makes blocks before they end;
/// otherwise by time. Returns how many had to be visited against that order: 0 of a valid trace.
std::uint64_t walk(const Trace& trace, const std::function<void(const Operation&)>& visit);

/// Operations that are kept, mended so that they are valid by themselves: the end of a block that is
/// never made is dropped, and a reallocate of one becomes an allocation. Empty threads are dropped.
/// keep is asked with thread and index.
Trace select(const Trace& trace, const std::function<bool(std::uint32_t, std::uint64_t)>& keep);

/// The smallest part for which `still_shows` remains true, by delta debugging: threads, then spans of
/// operations down to single ones, then whole lives of blocks. The trace itself must show it.
Trace reduce(const Trace& trace, const std::function<bool(const Trace&)>& still_shows);

}  // namespace claimslab::trace
