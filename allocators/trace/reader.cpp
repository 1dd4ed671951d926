// read: a file becomes a Trace in two passes: one finds each thread's pieces, one merges the threads by time.
//
// Names are resolved to blocks in the order of the stamps. Where these tie, or differ by less than two
// cores' clocks may, an operation that is not possible yet (a block made under a name that still lives,
// the end of one that does not) waits for another thread to make it so.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <optional>
#include <queue>
#include <unordered_map>

#include "allocators/trace/decoder.hpp"
#include "allocators/trace/trace.hpp"

namespace claimslab::trace {

namespace {

constexpr double k_slack_ns = 1000;  // clocks of cores that agree less are not used by Linux

// ---- the file ------------------------------------------------------------------------------------

struct File {
    std::vector<unsigned char> bytes;
    FileHeader header{};
    double ns_per_tick = 1;
};

std::vector<unsigned char> slurp(const std::string& path) {
    const auto fail = [](const char* doing) {
        throw Error(std::string("cannot ") + doing + " it: " + std::strerror(errno));
    };
    const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) fail("open");
    struct Closer {
        int file;
        ~Closer() { close(file); }
    } closer{file};
    struct stat about {};
    if (fstat(file, &about) != 0) fail("read");
    if (!S_ISREG(about.st_mode)) throw Error("it is no regular file");
    std::vector<unsigned char> bytes(static_cast<std::size_t>(about.st_size));
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t got = ::read(file, bytes.data() + done, bytes.size() - done);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) fail("read");
        if (got == 0) break;
        done += static_cast<std::size_t>(got);
    }
    bytes.resize(done);
    return bytes;
}

void check_header(const File& file) {
    const FileHeader& header = file.header;
    const auto damaged = [](const std::string& what) {
        throw Error("its header " + what + ": the file is damaged");
    };
    if (header.byte_order != k_byte_order) {
        throw Error("it was recorded on a machine of the other byte order; read it on one like that");
    }
    if (header.version > k_version) {
        throw Error("it has version " + std::to_string(header.version) + " of the format and this program knows " +
                    std::to_string(k_version) + "; update the lab");
    }
    if (header.version < k_version) {
        throw Error("it has version " + std::to_string(header.version) +
                    " of the format, which is no longer read; record it again");
    }
    if (header.header_bytes < sizeof header || header.header_bytes > k_max_header_bytes ||
        header.text_bytes > header.header_bytes - sizeof header) {
        damaged("has an impossible length");
    }
    if (header.header_bytes > file.bytes.size()) throw Error("it is cut off within its header; copy it again");
    if (header.chunk_bytes <= sizeof(ChunkHeader) || header.chunk_bytes > k_max_chunk_bytes) {
        damaged("has impossible chunks");
    }
    if (header.end > static_cast<std::uint32_t>(End::disk_full)) damaged("ends in an unknown way");
    const auto upto = offsetof(FileHeader, checksum);
    const std::uint64_t fixed = checksum(file.bytes.data(), upto);
    if (checksum(file.bytes.data() + sizeof header, header.text_bytes, fixed) != header.checksum) {
        damaged("does not match its checksum");
    }
}

File load(const std::string& path) {
    File file;
    file.bytes = slurp(path);
    const std::size_t magic = sizeof k_magic;
    if (file.bytes.empty()) throw Error("it is empty");
    if (file.bytes.size() < magic || std::memcmp(file.bytes.data(), k_magic, magic) != 0) {
        throw Error("it is no trace of an allocation recorder");
    }
    if (file.bytes.size() < sizeof(FileHeader)) throw Error("it is cut off within its header; copy it again");
    std::memcpy(&file.header, file.bytes.data(), sizeof(FileHeader));
    check_header(file);
    const FileHeader& header = file.header;
    if (header.last_ticks > header.first_ticks && header.last_ns > header.first_ns) {
        file.ns_per_tick = static_cast<double>(header.last_ns - header.first_ns) /
                           static_cast<double>(header.last_ticks - header.first_ticks);
    }
    return file;
}

// ---- pieces --------------------------------------------------------------------------------------

struct Piece {
    std::uint32_t thread;
    std::uint32_t index;
    const unsigned char* begin;
    const unsigned char* end;
    std::uint64_t offset;
};

/// Decodes every chunk once, so that the second pass meets no error.
class Pieces {
  public:
    Pieces(const File& file, Metadata& about) : file_(file), about_(about) {
        const FileHeader& header = file.header;
        for (std::uint32_t chunk = 0; chunk < header.chunks; ++chunk) {
            scan(header.header_bytes + std::uint64_t{chunk} * header.chunk_bytes, chunk);
        }
        std::ranges::sort(pieces_, [](const Piece& a, const Piece& b) {
            return std::pair(a.thread, a.index) < std::pair(b.thread, b.index);
        });
        // Killed between copying a chunk and emptying it, the recorder leaves its pieces twice.
        const auto twice = std::ranges::unique(pieces_, [](const Piece& a, const Piece& b) {
            return a.thread == b.thread && a.index == b.index && std::equal(a.begin, a.end, b.begin, b.end);
        });
        pieces_.erase(twice.begin(), twice.end());
        for (std::size_t i = 0; i < pieces_.size(); ++i) {
            const bool first = i == 0 || pieces_[i].thread != pieces_[i - 1].thread;
            const std::uint32_t due = first ? 0 : pieces_[i - 1].index + 1;
            if (pieces_[i].index != due) {
                throw Error("thread " + std::to_string(pieces_[i].thread) + " has piece " +
                            std::to_string(pieces_[i].index) + " where piece " + std::to_string(due) +
                            " is due: the file is damaged");
            }
        }
    }

    const std::vector<Piece>& all() const { return pieces_; }

  private:
    void scan(std::uint64_t offset, std::uint32_t chunk) {
        ChunkHeader header{};
        const auto cut_off = [&] {
            throw Error("it is cut off in chunk " + std::to_string(chunk) + " of " +
                        std::to_string(file_.header.chunks) + ", at byte " + std::to_string(file_.bytes.size()) +
                        "; copy it again");
        };
        if (file_.bytes.size() < offset + sizeof header) cut_off();
        std::memcpy(&header, file_.bytes.data() + offset, sizeof header);
        if (header.magic == 0 && header.used == 0) return;  // killed before its first use
        const auto damaged = [&](const char* what) {
            throw Error("chunk " + std::to_string(chunk) + " at byte " + std::to_string(offset) + " " + what +
                        ": the file is damaged");
        };
        if (header.magic != k_chunk_magic) damaged("is none");
        if (header.used > file_.header.chunk_bytes - sizeof header) damaged("says that it holds more than it can");
        const unsigned char* const begin = file_.bytes.data() + offset + sizeof header;
        if (file_.bytes.size() < offset + sizeof header + header.used) cut_off();
        if (header.sealed != 0 && checksum(begin, header.used) != header.checksum) {
            damaged("does not match its checksum");
        }
        about_.unsealed_chunks += header.sealed == 0;
        about_.stored_bytes += header.used;
        cut(Decoder(begin, begin + header.used, offset + sizeof header));
    }

    void cut(Decoder decoder) {
        const std::size_t first = pieces_.size();
        Event event;
        for (;;) {
            const unsigned char* const at = decoder.at();
            const std::uint64_t offset = decoder.offset();
            if (!decoder.next(event)) {
                if (pieces_.size() > first) pieces_.back().end = at;
                return;
            }
            if (begins_piece(event.code)) {
                if (pieces_.size() > first) pieces_.back().end = at;
                pieces_.push_back({event.thread, event.piece, at, at, offset});
            } else if (pieces_.size() == first) {
                throw Error("byte " + std::to_string(offset) +
                            " holds an operation of no thread: the file is damaged");
            }
        }
    }

    const File& file_;
    Metadata& about_;
    std::vector<Piece> pieces_;
};

// ---- threads -------------------------------------------------------------------------------------

/// One thread's operations: what is read so far, and the event that comes next.
struct Source {
    const Piece* piece = nullptr;
    const Piece* last = nullptr;
    Decoder decoder;
    Event head;

    bool paced = false;
    std::size_t paced_from = 0;  // the first operation since the last reading of a paced clock
    std::uint64_t paced_ns = 0;
    std::optional<Operation> moving;  // of move_begin, until its end comes
    std::uint64_t moving_name = 0;
};

class Merge {
  public:
    Merge(const File& file, const std::vector<Piece>& pieces, Trace& trace)
        : file_(file), trace_(trace), slack_(static_cast<std::uint64_t>(k_slack_ns / file.ns_per_tick)) {
        for (std::size_t i = 0; i < pieces.size();) {
            std::size_t end = i;
            while (end < pieces.size() && pieces[end].thread == pieces[i].thread) ++end;
            Source source;
            source.piece = &pieces[i];
            source.last = pieces.data() + end;
            source.decoder = Decoder(source.piece->begin, source.piece->end, source.piece->offset);
            sources_.push_back(std::move(source));
            i = end;
        }
        trace_.threads.resize(sources_.size());
    }

    void run() {
        for (std::uint32_t thread = 0; thread < sources_.size(); ++thread) queue(thread);
        for (;;) {
            const bool overdue = !parked_.empty() &&
                                 (ready_.empty() || ready_.top().first > parked_.begin()->first.first + slack_);
            if (overdue) {
                const std::uint32_t thread = parked_.begin()->first.second;
                unpark(parked_.begin());
                apply(thread);
            } else if (!ready_.empty()) {
                const std::uint32_t thread = ready_.top().second;
                ready_.pop();
                if (possible(sources_[thread].head)) {
                    apply(thread);
                } else {
                    park(thread);
                }
            } else {
                break;
            }
        }
        for (Source& source : sources_) {
            if (source.moving) finish_move(source, Kind::release, k_none, 0);  // it never came back
        }
    }

  private:
    using Entry = std::pair<std::uint64_t, std::uint32_t>;  // ticks, thread
    struct Name {
        std::uint64_t block;
        bool live;
    };
    using Parked = std::map<Entry, std::uint64_t>;  // by its deadline less the slack; its name

    std::uint64_t ns(std::uint64_t ticks) const {
        const std::uint64_t passed = ticks > file_.header.first_ticks ? ticks - file_.header.first_ticks : 0;
        return static_cast<std::uint64_t>(static_cast<double>(passed) * file_.ns_per_tick + 0.5);
    }

    /// Puts the thread's next operation in line, or drops the thread at its end.
    void queue(std::uint32_t thread) {
        Source& source = sources_[thread];
        for (;;) {
            if (!source.decoder.next(source.head)) {
                if (++source.piece == source.last) return;
                source.decoder = Decoder(source.piece->begin, source.piece->end, source.piece->offset);
                continue;
            }
            if (begins_piece(source.head.code) || reads_clock(source.head.code)) {
                pace(source, trace_.threads[thread]);
                continue;
            }
            const bool stopped = file_.header.end == static_cast<std::uint32_t>(End::disk_full) &&
                                 source.head.ticks >= file_.header.stopped_ticks;
            if (!stopped) break;
            ++trace_.about.dropped;
        }
        ready_.push({source.head.ticks, thread});
    }

    /// Between two readings of a paced clock, time is spread evenly over the operations. Not up to a
    /// stamp: by then another thread may have seen the blocks.
    void pace(Source& source, std::vector<Operation>& operations) {
        const bool paced = source.head.code == Code::paced_piece || (source.paced && source.head.code == Code::pace);
        const std::uint64_t now = std::max(source.paced_ns, ns(source.head.ticks));
        if (paced && source.paced) {
            const std::size_t count = operations.size() - source.paced_from;
            for (std::size_t i = 0; i < count; ++i) {
                operations[source.paced_from + i].time_ns = source.paced_ns + (now - source.paced_ns) * i / count;
            }
        }
        source.paced = paced;
        source.paced_from = operations.size();
        source.paced_ns = now;
    }

    bool live(std::uint64_t name) const {
        const auto found = names_.find(name);
        return found != names_.end() && found->second.live;
    }

    bool possible(const Event& event) const {
        switch (event.code) {
            case Code::release:
            case Code::move_begin: return live(event.name);
            case Code::allocate:
            case Code::zeroed:
            case Code::aligned:
            case Code::moved: return !live(event.name);
            default: return true;
        }
    }

    void park(std::uint32_t thread) {
        const Event& head = sources_[thread].head;
        const auto at = parked_.emplace(Entry{head.ticks, thread}, head.name).first;
        waiting_.emplace(head.name, at);
    }

    void unpark(Parked::iterator at) {
        const auto range = waiting_.equal_range(at->second);
        for (auto i = range.first; i != range.second; ++i) {
            if (i->second == at) {
                waiting_.erase(i);
                break;
            }
        }
        parked_.erase(at);
    }

    /// The name's state has changed: who waits for it may look again.
    void wake(std::uint64_t name) {
        if (parked_.empty()) return;
        const auto range = waiting_.equal_range(name);
        for (auto i = range.first; i != range.second; ++i) {
            ready_.push(i->second->first);
            parked_.erase(i->second);
        }
        waiting_.erase(range.first, range.second);
    }

    std::uint64_t make(std::uint64_t name) {
        const auto [at, fresh] = names_.try_emplace(name, Name{next_block_, true});
        if (fresh || !at->second.live) at->second = {next_block_++, true};
        return at->second.block;
    }

    std::uint64_t end(std::uint64_t name) {
        const auto [at, fresh] = names_.try_emplace(name, Name{next_block_, false});
        if (fresh) ++next_block_;
        at->second.live = false;
        return at->second.block;
    }

    void apply(std::uint32_t thread) {
        Source& source = sources_[thread];
        const Event event = source.head;
        std::vector<Operation>& operations = trace_.threads[thread];
        Operation operation;
        operation.thread = thread;
        operation.time_ns = std::max(ns(event.ticks), operations.empty() ? 0 : operations.back().time_ns);
        operation.size = event.size;
        operation.alignment_log2 = event.alignment_log2;
        switch (event.code) {
            case Code::allocate: operation.kind = Kind::allocate; break;
            case Code::zeroed: operation.kind = Kind::zeroed; break;
            case Code::aligned: operation.kind = Kind::aligned; break;
            case Code::release: operation.kind = Kind::release; break;
            default: move(source, event, operation); break;
        }
        if (operation.kind != Kind::reallocate) {  // or move() has done it
            operation.block = operation.kind == Kind::release ? end(event.name) : make(event.name);
            operations.push_back(operation);
        }
        if (event.code != Code::kept && event.code != Code::gone) wake(event.name);
        queue(thread);
    }

    /// A reallocate comes in two records. Sets the operation's kind, so that its caller leaves it alone.
    void move(Source& source, const Event& event, Operation& operation) {
        const bool began = source.moving.has_value();
        operation.kind = event.code == Code::moved && !began ? Kind::allocate : Kind::reallocate;
        if (event.code == Code::move_begin) {
            if (began) finish_move(source, Kind::release, k_none, 0);
            operation.from = end(event.name);
            source.moving = operation;
            source.moving_name = event.name;
        } else if (event.code == Code::moved && began) {
            const std::uint64_t made = make(event.name);
            finish_move(source, Kind::reallocate, made, event.size);
        } else if (event.code == Code::kept && began) {
            names_[source.moving_name].live = true;
            const std::uint64_t name = source.moving_name;
            source.moving.reset();
            wake(name);
        } else if (event.code == Code::gone && began) {
            finish_move(source, Kind::release, k_none, 0);
        }
    }

    void finish_move(Source& source, Kind kind, std::uint64_t made, std::uint64_t size) {
        Operation operation = *source.moving;
        source.moving.reset();
        operation.kind = kind;
        operation.size = size;
        operation.block = kind == Kind::release ? operation.from : made;
        if (kind == Kind::release) operation.from = k_none;
        std::vector<Operation>& operations = trace_.threads[operation.thread];
        if (!operations.empty()) {
            operation.time_ns = std::max(operation.time_ns, operations.back().time_ns);  // a pace came between
        }
        operations.push_back(operation);
    }

    const File& file_;
    Trace& trace_;
    std::uint64_t slack_;
    std::vector<Source> sources_;
    std::priority_queue<Entry, std::vector<Entry>, std::greater<>> ready_;
    Parked parked_;
    std::unordered_multimap<std::uint64_t, Parked::iterator> waiting_;
    std::unordered_map<std::uint64_t, Name> names_;
    std::uint64_t next_block_ = 0;
};

void read_text(const File& file, Metadata& about) {
    const auto* at = reinterpret_cast<const char*>(file.bytes.data()) + sizeof(FileHeader);
    const char* const end = at + file.header.text_bytes;
    std::vector<std::string> words;
    while (at != end) {
        const char* const zero = std::find(at, end, '\0');
        words.emplace_back(at, zero);
        at = zero == end ? end : zero + 1;
    }
    if (!words.empty()) about.program = words[0];
    if (words.size() > 1) about.allocator = words[1];
    if (words.size() > 2) about.arguments.assign(words.begin() + 2, words.end());
}

}  // namespace

Trace read(const std::string& path) {
    try {
        const File file = load(path);
        Trace trace;
        read_text(file, trace.about);
        trace.about.pid = file.header.pid;
        trace.about.parent = file.header.parent;
        trace.about.forked = file.header.forked != 0;
        trace.about.end = static_cast<End>(file.header.end);
        trace.about.file_bytes = file.bytes.size();
        const Pieces pieces(file, trace.about);
        Merge(file, pieces.all(), trace).run();
        return trace;
    } catch (const Error& error) {
        throw Error(path + ": " + error.what());
    }
}

}  // namespace claimslab::trace
