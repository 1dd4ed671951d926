// write: a Trace becomes a file whose names are small numbers, used again as soon as a tick has passed.
//
// Invariants  What read() makes of the file has the same operations and blocks; so within a tick no name
//             is used twice, and no thread ends what another made.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "allocators/trace/format.hpp"
#include "allocators/trace/lives.hpp"
#include "allocators/trace/trace.hpp"

namespace claimslab::trace {

namespace {

constexpr std::uint64_t k_tick_ns = 16;          // below what a call of malloc takes
constexpr std::size_t k_operations_a_pace = 128;

/// A name for each block and a tick for each operation, so that names and ticks alone tell the blocks.
class Naming {
  public:
    explicit Naming(const Trace& trace)
        : lives_(trace), names_(lives_.count(), k_none), made_(lives_.count()), ticks_(trace.threads.size()) {
        for (std::size_t i = 0; i < ticks_.size(); ++i) ticks_[i].reserve(trace.threads[i].size());
        many_ = ticks_.size() > 1;
        walk(trace, [this](const Operation& operation) { take(operation); });
    }

    std::uint64_t name(std::uint64_t block) const { return names_[block]; }
    std::uint64_t tick(std::uint32_t thread, std::size_t index) const { return ticks_[thread][index]; }
    std::uint64_t last_tick() const { return now_; }

  private:
    void take(const Operation& operation) {
        now_ = std::max(now_, operation.time_ns / k_tick_ns);
        const std::uint64_t ended = operation.ends();
        if (ended != k_none) {
            const Life& life = lives_.of(ended);
            if (many_ && life.makes != 0 && life.maker != operation.thread && made_[ended] == now_) ++now_;
            if (names_[ended] == k_none) names_[ended] = fresh_++;
        }
        if (operation.makes() && names_[operation.block] == k_none) {
            const bool in_place = ended != k_none && lives_.of(ended).ordinary() && lives_.of(operation.block).ordinary();
            names_[operation.block] = in_place ? names_[ended] : take_name();
            made_[operation.block] = now_;
            if (in_place) made_[ended] = k_none;  // its name lives on
        }
        if (ended != k_none && lives_.of(ended).ordinary() && made_[ended] != k_none) {
            free_.push_back({names_[ended], now_});
        }
        ticks_[operation.thread].push_back(now_);
    }

    std::uint64_t take_name() {
        if (free_.empty() || (many_ && free_.back().since == now_)) return fresh_++;
        const std::uint64_t name = free_.back().name;
        free_.pop_back();
        return name;
    }

    struct Free {
        std::uint64_t name;
        std::uint64_t since;
    };

    Lives lives_;
    std::vector<std::uint64_t> names_;
    std::vector<std::uint64_t> made_;  // the tick
    std::vector<std::vector<std::uint64_t>> ticks_;
    std::vector<Free> free_;
    std::uint64_t fresh_ = 0;
    std::uint64_t now_ = 0;
    bool many_ = false;
};

class Writer {
  public:
    Writer(const Trace& trace) : trace_(trace), naming_(trace), stamped_(trace.threads.size() > 1) {
        begin_file();
        for (std::uint32_t thread = 0; thread < trace.threads.size(); ++thread) write_thread(thread);
        seal();
        end_file();
    }

    const std::vector<unsigned char>& bytes() const { return bytes_; }

  private:
    FileHeader& header() { return *reinterpret_cast<FileHeader*>(bytes_.data()); }

    void begin_file() {
        std::string text;
        const Metadata& about = trace_.about;
        const auto add = [&text](const std::string& word) {
            if (text.size() + word.size() < k_max_header_bytes / 2) text += word + '\0';
        };
        add(about.program);
        add(about.allocator);
        for (const std::string& argument : about.arguments) add(argument);

        FileHeader first{};
        std::memcpy(first.magic, k_magic, sizeof k_magic);
        first.byte_order = k_byte_order;
        first.version = k_version;
        first.header_bytes = static_cast<std::uint32_t>((sizeof first + text.size() + 7) / 8 * 8);
        first.chunk_bytes = k_chunk_bytes;
        first.pid = about.pid;
        first.parent = about.parent;
        first.forked = about.forked;
        first.text_bytes = static_cast<std::uint32_t>(text.size());
        bytes_.resize(first.header_bytes);
        std::memcpy(bytes_.data(), &first, sizeof first);
        std::memcpy(bytes_.data() + sizeof first, text.data(), text.size());
        const std::uint64_t fixed = checksum(bytes_.data(), offsetof(FileHeader, checksum));
        header().checksum = checksum(bytes_.data() + sizeof first, text.size(), fixed);
    }

    void end_file() {
        header().last_ticks = naming_.last_tick();
        header().last_ns = naming_.last_tick() * k_tick_ns;
        header().stopped_ticks = k_none;
        header().chunks = chunks_;
        header().end = static_cast<std::uint32_t>(trace_.about.end);
    }

    void begin_chunk() {
        seal();
        chunk_ = header().header_bytes + std::size_t{chunks_++} * k_chunk_bytes;
        bytes_.resize(chunk_ + k_chunk_bytes + 8);
        cursor_.at = bytes_.data() + chunk_ + sizeof(ChunkHeader);
    }

    /// And cuts off what the chunk does not need: the next one puts it back.
    void seal() {
        if (chunks_ == 0) return;
        const unsigned char* const records = bytes_.data() + chunk_ + sizeof(ChunkHeader);
        const auto used = static_cast<std::uint32_t>(cursor_.at - records);
        const ChunkHeader sealed{k_chunk_magic, used, 1, 0, checksum(records, used)};
        std::memcpy(bytes_.data() + chunk_, &sealed, sizeof sealed);
        bytes_.resize(chunk_ + sizeof sealed + used);
    }

    std::size_t room() const {
        return chunks_ == 0 ? 0 : static_cast<std::size_t>(bytes_.data() + chunk_ + k_chunk_bytes - cursor_.at);
    }

    void begin_piece(std::uint32_t thread, std::uint32_t piece, std::uint64_t now) {
        const std::uint64_t name = piece == 0 ? 0 : cursor_.name;
        if (room() < 4 * k_max_record_bytes) begin_chunk();
        cursor_.piece(stamped_, thread, piece, now, name);
    }

    void write_thread(std::uint32_t thread) {
        const auto& operations = trace_.threads[thread];
        std::uint32_t piece = 0;
        const auto tick = [&](std::size_t index) {
            return index < operations.size() ? naming_.tick(thread, index) : naming_.last_tick();
        };
        begin_piece(thread, piece++, stamped_ ? tick(0) : 0);
        for (std::size_t i = 0; i < operations.size(); ++i) {
            if (room() < 2 * k_max_record_bytes) begin_piece(thread, piece++, tick(i));
            put(operations[i], tick(i));
            if (!stamped_ && (i + 1) % k_operations_a_pace == 0) cursor_.clock(Code::pace, tick(i + 1));
        }
        if (!stamped_) cursor_.clock(Code::pace, naming_.last_tick());
    }

    void put(const Operation& operation, std::uint64_t tick) {
        const auto name = [this](std::uint64_t block) { return naming_.name(block); };
        switch (operation.kind) {
            case Kind::allocate: cursor_.allocate(name(operation.block), operation.size); break;
            case Kind::zeroed: cursor_.zeroed(name(operation.block), operation.size); break;
            case Kind::aligned:
                cursor_.aligned(name(operation.block), operation.size, operation.alignment_log2);
                break;
            case Kind::reallocate:
                cursor_.move_begin(name(operation.from));
                if (stamped_) cursor_.time(tick);
                cursor_.moved(name(operation.block), operation.size);
                break;
            case Kind::release: cursor_.release(name(operation.block)); break;
        }
        if (stamped_) cursor_.time(tick);
    }

    const Trace& trace_;
    Naming naming_;
    bool stamped_;
    std::vector<unsigned char> bytes_;
    Cursor cursor_{};
    std::size_t chunk_ = 0;
    std::uint32_t chunks_ = 0;
};

void check_shape(const Trace& trace) {
    for (std::uint32_t thread = 0; thread < trace.threads.size(); ++thread) {
        for (const Operation& operation : trace.threads[thread]) {
            if (operation.block == k_none || operation.kind > Kind::release || operation.thread != thread ||
                (operation.from != k_none) != (operation.kind == Kind::reallocate)) {
                throw Error("thread " + std::to_string(thread) +
                            " has an operation of no possible shape; validate() says which");
            }
        }
    }
}

void save(const std::vector<unsigned char>& bytes, const std::string& path) {
    std::string draft = path + ".XXXXXX";
    const int file = mkstemp(draft.data());
    const auto fail = [&](const char* doing) {
        const std::string why = std::strerror(errno);
        if (file >= 0) unlink(draft.c_str());
        if (file >= 0) close(file);
        throw Error(path + ": cannot " + doing + " it: " + why);
    };
    if (file < 0) fail("create");
    for (std::size_t done = 0; done < bytes.size();) {
        const ssize_t put = ::write(file, bytes.data() + done, bytes.size() - done);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) fail("write");
        done += static_cast<std::size_t>(put);
    }
    const mode_t mask = umask(0);
    umask(mask);
    if (fchmod(file, 0666 & ~mask) != 0 || std::rename(draft.c_str(), path.c_str()) != 0) fail("replace");
    close(file);
}

}  // namespace

void write(const Trace& trace, const std::string& path) {
    check_shape(trace);
    save(Writer(trace).bytes(), path);
}

}  // namespace claimslab::trace
