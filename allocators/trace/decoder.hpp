// decoder: records of a trace file, one after the other, each checked against the end of its chunk.

#pragma once

#include <cstdint>

#include "allocators/trace/format.hpp"

namespace claimslab::trace {

/// A record, with its differences resolved.
struct Event {
    Code code{};  // release and allocate stand for all their forms
    std::uint8_t alignment_log2 = 0;
    std::uint32_t thread = 0;  // of a piece
    std::uint32_t piece = 0;
    std::uint64_t size = 0;
    std::uint64_t name = 0;
    std::uint64_t ticks = 0;
};

constexpr bool begins_piece(Code code) {
    return code == Code::paced_piece || code == Code::stamped_piece;
}
constexpr bool reads_clock(Code code) { return code == Code::pace || code == Code::stamp; }

class Decoder {
  public:
    /// `offset` is where the bytes lie in the file, for what errors say.
    Decoder(const unsigned char* begin, const unsigned char* end, std::uint64_t offset)
        : begin_(begin), at_(begin), end_(end), offset_(offset) {}
    Decoder() = default;

    bool next(Event& event);  // false at the end; throws Error

    std::uint64_t offset() const { return offset_ + static_cast<std::uint64_t>(at_ - begin_); }
    const unsigned char* at() const { return at_; }

  private:
    std::uint8_t byte();
    std::uint64_t number();
    std::uint64_t name(std::uint64_t difference) { return name_ += unzigzag(difference); }
    void begin_piece(Event& event);

    const unsigned char* begin_ = nullptr;
    const unsigned char* at_ = nullptr;
    const unsigned char* end_ = nullptr;
    std::uint64_t offset_ = 0;
    std::uint64_t name_ = 0;
    std::uint64_t ticks_ = 0;
    bool stamped_ = false;
};

}  // namespace claimslab::trace
