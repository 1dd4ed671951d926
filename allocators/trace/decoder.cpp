#include "allocators/trace/decoder.hpp"

#include "allocators/trace/trace.hpp"

namespace claimslab::trace {

std::uint8_t Decoder::byte() {
    if (at_ == end_) {
        throw Error("the record before byte " + std::to_string(offset()) + " is cut off: the file is damaged");
    }
    return *at_++;
}

std::uint64_t Decoder::number() {
    const std::uint8_t first = byte();
    const int bytes = first == 0 ? 9 : std::countr_zero(first) + 1;
    std::uint64_t value = 0;
    if (bytes == 1) return first >> 1;
    if (end_ - at_ < bytes - 1) {
        at_ = end_;
        byte();
    }
    std::memcpy(&value, at_, static_cast<std::size_t>(bytes - 1));
    at_ += bytes - 1;
    return bytes == 9 ? value : (value << (8 - bytes)) | (first >> bytes);
}

void Decoder::begin_piece(Event& event) {
    const std::uint64_t thread = number();
    const std::uint64_t piece = number();
    if (thread > UINT32_MAX || piece > UINT32_MAX) {
        throw Error("a thread's number before byte " + std::to_string(offset()) +
                    " is beyond 32 bits: the file is damaged");
    }
    event.thread = static_cast<std::uint32_t>(thread);
    event.piece = static_cast<std::uint32_t>(piece);
    ticks_ = number();
    name_ = number();
    stamped_ = event.code == Code::stamped_piece;
}

bool Decoder::next(Event& event) {
    if (at_ == end_) return false;
    const std::uint64_t where = offset();
    const std::uint8_t first = byte();
    event.size = 0;
    event.alignment_log2 = 0;
    bool operation = true;
    if (first >= 0x80) {
        event.code = Code::allocate;
        event.size = first == 0xff ? number() : (first & 0x7fu) * 8;
        name(number());
    } else if (first >= 0x40) {
        event.code = Code::release;
        const std::uint64_t rest = first >= 0x60 ? number() << 5 : 0;
        name(rest | (first & 31u));
    } else {
        event.code = static_cast<Code>(first);
        switch (event.code) {
            case Code::zeroed:
            case Code::moved:
                event.size = number();
                name(number());
                break;
            case Code::aligned:
                event.alignment_log2 = byte();
                event.size = number();
                name(number());
                break;
            case Code::move_begin: name(number()); break;
            case Code::kept:
            case Code::gone: break;
            case Code::paced_piece:
            case Code::stamped_piece:
                begin_piece(event);
                operation = false;
                break;
            case Code::pace:
            case Code::stamp:
                ticks_ += number();
                stamped_ = stamped_ || event.code == Code::stamp;
                operation = false;
                break;
            default:
                throw Error("byte " + std::to_string(where) + " begins no known record: the file is damaged");
        }
    }
    if (operation && stamped_) ticks_ += number();
    event.name = name_;
    event.ticks = ticks_;
    return true;
}

}  // namespace claimslab::trace
