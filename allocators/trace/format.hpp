// format: the bytes of a trace file, for the recorder, the reader and the writer alike.
//
//   FileHeader, text | chunk | chunk | …     chunk: ChunkHeader, then records; `used` says how many bytes
//                                            of them are finished, so a killed program leaves whole records
//   chunk:  piece of thread 4 | piece of thread 7 | …    a piece begins with a record that says whose it is,
//                                            the how-manieth of that thread, the time and a first name
//
// A block's name is any number that no two live blocks share: a recorder writes addresses, the writer
// small numbers that it uses again. Records hold the difference from the thread's last name.
//
// Numbers     1 to 9 bytes, little-endian: as many zero bits as further bytes, a one, then the value.
// Time        In ticks, whose length follows from the header's two readings of both clocks. A piece
//             begins `paced`: one reading now and then, while only one thread lives. From a `stamp` record
//             on, or if it begins `stamped`, each operation ends with the ticks since the last reading.
//             A release is stamped before the call and an allocation after it, so that per name the
//             stamps of all threads alternate.
// Rejected    LEB128: its loop mispredicts; here the length is computed and eight bytes stored at once.

#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace claimslab::trace {

inline constexpr char k_magic[8] = {'\x89', 'm', 't', 'r', 'a', 'c', 'e', '\n'};
inline constexpr std::uint32_t k_byte_order = 0x01020304;
inline constexpr std::uint32_t k_version = 1;
inline constexpr std::uint32_t k_chunk_magic = 0x6b6e6843;  // "Chnk"
inline constexpr std::uint32_t k_chunk_bytes = 65536;
inline constexpr std::uint32_t k_max_chunk_bytes = 1 << 24;
inline constexpr std::uint32_t k_max_header_bytes = 1 << 20;
inline constexpr std::size_t k_max_record_bytes = 48;  // and stores reach 8 bytes further

struct FileHeader {
    char magic[8];
    std::uint32_t byte_order;
    std::uint32_t version;
    std::uint32_t header_bytes;  // where the first chunk begins
    std::uint32_t chunk_bytes;   // the last may be shorter
    std::uint32_t pid;
    std::uint32_t parent;
    std::uint32_t forked;
    std::uint32_t text_bytes;  // program, allocator, each argument; a zero byte ends each
    std::uint64_t first_ticks;
    std::uint64_t first_ns;
    std::uint64_t checksum;  // of all above, then of the text
    // What follows changes while recording.
    std::uint64_t last_ticks;
    std::uint64_t last_ns;
    std::uint64_t stopped_ticks;  // operations from here on do not count, if end is disk_full
    std::uint32_t chunks;
    std::uint32_t end;  // as End; 'cut' until the program ends
};
static_assert(sizeof(FileHeader) == 96);

struct ChunkHeader {
    std::uint32_t magic;
    std::uint32_t used;    // bytes of records
    std::uint32_t sealed;  // 1: nothing more comes, and the checksum holds
    std::uint32_t reserved;
    std::uint64_t checksum;  // of the records
};
static_assert(sizeof(ChunkHeader) == 24);

/// First byte of a record. N stands for a number, D for the difference of names (zigzag) as a number.
enum class Code : std::uint8_t {
    zeroed = 0x01,        // N size, D
    aligned = 0x02,       // byte: log2 of the alignment, N size, D
    move_begin = 0x03,    // D: before a reallocate, the block it is given
    moved = 0x04,         // N size, D: after it, the block it made
    kept = 0x05,          // after it: it failed, and the block lives on
    gone = 0x06,          // after it: it released the block
    paced_piece = 0x10,   // N thread, N piece, N ticks, N name
    stamped_piece = 0x11, // the same
    pace = 0x12,          // N ticks since the last reading
    stamp = 0x13,         // the same
    release = 0x40,       // 0x40–0x5f: D of 0–31; 0x60–0x7f: the low 5 bits of D, N the rest
    release_far = 0x60,
    allocate = 0x80,      // 0x80–0xfe: D; the size is 8 × the low 7 bits. 0xff: N size, D
    allocate_any = 0xff,
};

constexpr std::uint64_t zigzag(std::uint64_t difference) {
    return (difference << 1) ^ (0 - (difference >> 63));
}
constexpr std::uint64_t unzigzag(std::uint64_t z) { return (z >> 1) ^ (0 - (z & 1)); }

/// Of whole files it is asked once in some ten thousand operations; it need not resist malice.
inline std::uint64_t checksum(const unsigned char* bytes, std::size_t count, std::uint64_t hash = 0) {
    constexpr std::uint64_t k_prime = 0x9e3779b97f4a7c15;
    hash ^= count * k_prime;
    for (; count != 0;) {
        std::uint64_t word = 0;
        const std::size_t step = count < 8 ? count : 8;
        if (step == 8) {
            std::memcpy(&word, bytes, 8);
        } else {
            std::memcpy(&word, bytes, step);
        }
        hash = (hash ^ word) * k_prime;
        hash ^= hash >> 29;
        bytes += step;
        count -= step;
    }
    return hash;
}

// A cursor must live in registers while the recorder uses it, and its stores must not be calls: that library
// is built without builtins, as it defines malloc.
#define LAB_FAST [[gnu::always_inline]]

/// Where the next record goes, and what it is a difference from.
struct Cursor {
    unsigned char* at;
    std::uint64_t name;
    std::uint64_t ticks;

    LAB_FAST void byte(std::uint8_t value) { *at++ = value; }
    LAB_FAST void code(Code value) { byte(static_cast<std::uint8_t>(value)); }

    LAB_FAST void number(std::uint64_t value) {
        // Comparisons, as the instruction that counts bits is slow on the processors that all must run on.
        unsigned further = unsigned{value >= 1 << 7} + unsigned{value >= 1 << 14} + unsigned{value >= 1 << 21};
        if (value >= 1 << 28) [[unlikely]] {
            further = static_cast<unsigned>(std::bit_width(value) - 1) / 7;
            if (further > 7) {
                byte(0);
                __builtin_memcpy(at, &value, 8);
                at += 8;
                return;
            }
        }
        const std::uint64_t word = (2 * value + 1) << further;
        __builtin_memcpy(at, &word, 8);
        at += further + 1;
    }

    LAB_FAST std::uint64_t difference(std::uint64_t to) {
        const std::uint64_t z = zigzag(to - name);
        name = to;
        return z;
    }

    LAB_FAST void allocate(std::uint64_t to, std::uint64_t size) {
        if (size % 8 == 0 && size < 8 * 127) {
            byte(static_cast<std::uint8_t>(0x80 | size / 8));
        } else {
            code(Code::allocate_any);
            number(size);
        }
        number(difference(to));
    }

    LAB_FAST void release(std::uint64_t of) {
        const std::uint64_t z = difference(of);
        if (z < 32) {
            byte(static_cast<std::uint8_t>(0x40 | z));
        } else {
            byte(static_cast<std::uint8_t>(0x60 | (z & 31)));
            number(z >> 5);
        }
    }

    LAB_FAST void zeroed(std::uint64_t to, std::uint64_t size) { sized(Code::zeroed, to, size); }
    LAB_FAST void moved(std::uint64_t to, std::uint64_t size) { sized(Code::moved, to, size); }

    LAB_FAST void aligned(std::uint64_t to, std::uint64_t size, std::uint8_t alignment_log2) {
        code(Code::aligned);
        byte(alignment_log2);
        number(size);
        number(difference(to));
    }

    LAB_FAST void move_begin(std::uint64_t of) {
        code(Code::move_begin);
        number(difference(of));
    }

    LAB_FAST void piece(bool stamped, std::uint32_t thread, std::uint32_t index, std::uint64_t now,
               std::uint64_t first_name) {
        code(stamped ? Code::stamped_piece : Code::paced_piece);
        number(thread);
        number(index);
        number(now);
        number(first_name);
        name = first_name;
        ticks = now;
    }

    /// After a stamped operation, or after the code of a pace or stamp record. Clocks of two cores may
    /// differ by a hair: time never falls.
    LAB_FAST void time(std::uint64_t now) {
        const std::uint64_t passed = now > ticks ? now - ticks : 0;
        number(passed);
        ticks += passed;
    }

    LAB_FAST void clock(Code pace_or_stamp, std::uint64_t now) {
        code(pace_or_stamp);
        time(now);
    }

  private:
    LAB_FAST void sized(Code kind, std::uint64_t to, std::uint64_t size) {
        code(kind);
        number(size);
        number(difference(to));
    }
};

#undef LAB_FAST

}  // namespace claimslab::trace
