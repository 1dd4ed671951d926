// allocation_recorder: a library for LD_PRELOAD that records what a program asks of malloc.
//
//   ALLOCATION_TRACE=/folder LD_PRELOAD=liballocation_recorder.so program
//
// writes /folder/<program>.<pid>.trace, and one more for every process that comes of it. The format, and
// why times are taken when, is told in allocators/trace/format.hpp.
//
//   thread ──► Stream ──► chunk of the file, mapped      the fast path writes a record and `used`
//
// Invariants  An operation is in the file before the next one begins, so a program that is killed leaves
//             all it did. A chunk has room in the file system before it is mapped: a full disk ends the
//             recording, not the program. No memory but mapped pages; no file stays open between chunks,
//             as the program may close or count what it has not opened.
//             What may not outlive a fork lies in memory that the child finds empty, so that a child
//             starts a file of its own however it was forked. A child of vfork, whose memory is the
//             parent's, writes into the parent's file, as it allocates from the parent's heap.
// Costs       See docs/decisions.md.
// Gives up    malloc in a signal handler (it may be lost), and in threads that share their thread-local
//             memory. A recording that ends with exec or _exit looks like one that was killed.
//             A process that forbids itself to open files keeps its last chunk only.
// Rejected    A buffer that is written when full: it dies with the program. Catching _exit and exec: a
//             child of vfork would end its parent's recording.
// Threads     A stream belongs to one thread at a time. At a thread's end it goes, with the rest of its
//             chunk, to the next that starts; what a thread does after that borrows one each time.

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/single_threaded.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "allocators/preload/next_malloc.hpp"
#include "allocators/trace/format.hpp"

namespace claimslab::preload {

namespace {

using trace::ChunkHeader;
using trace::Code;
using trace::Cursor;
using trace::FileHeader;
using trace::k_chunk_bytes;

constexpr int k_name_shift = 3;  // jemalloc, mimalloc and tcmalloc align small blocks to 8 bytes
constexpr std::size_t k_pace_bytes = 512;  // some 150 operations between two readings of the clock
constexpr std::size_t k_least_room = 1024;
constexpr std::size_t k_margin = trace::k_max_record_bytes + 16;
constexpr std::size_t k_streams = 32768;  // threads at a time; a mapping of 3 MB of which little is touched
constexpr std::uint32_t k_cut = 1;        // trace::End
constexpr std::uint32_t k_exited = 0;
constexpr std::uint32_t k_disk_full = 2;

#if defined(__x86_64__)
constexpr int k_tick_shift = 5;  // 32 cycles: most differences fit a byte
// The fence keeps a release from being stamped before its pointer has come from another thread, and an
// allocation before it is done: without it stamps were up to 100 ns early, and blocks changed hands in that time.
std::uint64_t read_ticks() {
    __builtin_ia32_lfence();
    return __builtin_ia32_rdtsc() >> k_tick_shift;
}
#else
constexpr int k_tick_shift = 4;
std::uint64_t read_ticks() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec)) >>
           k_tick_shift;
}
#endif

std::uint64_t now_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
}

struct alignas(64) Stream {
    unsigned char* at;
    std::uint64_t name;
    std::uint64_t ticks;
    unsigned char* paced_limit;    // the fast path goes on up to here; null while stamped
    unsigned char* stamped_limit;  // null while paced
    unsigned char* records;        // null: no chunk, or the memory of a process that was forked
    Stream* next;                  // in the pool

    ChunkHeader& chunk() const { return *(reinterpret_cast<ChunkHeader*>(records) - 1); }
    unsigned char* end() const { return records + (k_chunk_bytes - sizeof(ChunkHeader) - k_margin); }

    /// The record counts once `used` says so.
    [[gnu::always_inline]] void publish(const Cursor& cursor) {
        at = cursor.at;
        name = cursor.name;
        std::atomic_ref(chunk().used).store(static_cast<std::uint32_t>(cursor.at - records),
                                            std::memory_order_release);
    }

    template <class Put>
    void append(const Put& put) {
        Cursor cursor{at, name, ticks};
        put(cursor);
        ticks = cursor.ticks;
        publish(cursor);
    }
};

enum class State : std::uint32_t { fresh, recording, stopped };

/// Of one process: a child of fork finds it all zero.
struct Process {
    std::atomic<std::uint32_t> lock;
    std::atomic<State> state;
    std::uint64_t epoch;  // pids repeat from one namespace to the next
    std::uint32_t pid;
    std::uint32_t threads;
    std::uint32_t streams;
    FileHeader* header;
    Stream* pool;
    dev_t device;
    ino_t inode;
    char path[4096];
    Stream stream[k_streams];
};

constinit std::atomic<Process*> process{nullptr};
constinit std::atomic<bool> unusable{false};
constinit std::atomic<bool> started_before{false};
constinit std::atomic<bool> has_key{false};
pthread_key_t key;

constinit Stream no_stream{};

struct Thread {
    Stream* stream;
    Stream* resumes;    // while paused: what `stream` was
    std::uint64_t epoch;  // of the process whose thread it is; another after fork
    std::uint32_t number;
    std::uint32_t pieces;
    bool paused;
    bool busy;   // a call of malloc from within is not recorded
    bool ended;  // its destructors have run, or run now
};
[[gnu::tls_model("initial-exec")]] constinit thread_local Thread self{&no_stream, nullptr, 0, 0, 0, false, false, false};

class Lock {
  public:
    explicit Lock(Process& of) : lock_(of.lock) {
        while (lock_.exchange(1, std::memory_order_acquire) != 0) sched_yield();
    }
    ~Lock() { lock_.store(0, std::memory_order_release); }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

  private:
    std::atomic<std::uint32_t>& lock_;
};

[[gnu::format(printf, 1, 2)]] void say(const char* format, ...) {
    char line[4608];
    constexpr char k_name[] = "allocation_recorder: ";
    std::memcpy(line, k_name, sizeof k_name);
    std::va_list arguments;
    va_start(arguments, format);
    int length = std::vsnprintf(line + sizeof k_name - 1, sizeof line - sizeof k_name, format, arguments);
    va_end(arguments);
    length = std::min(length + static_cast<int>(sizeof k_name) - 1, static_cast<int>(sizeof line) - 1);
    line[length++] = '\n';
    if (write(STDERR_FILENO, line, static_cast<std::size_t>(length)) < 0) return;
}

// ---- the file ------------------------------------------------------------------------------------

/// Asking for more would bring SIGXFSZ.
bool fits_limit(std::uint64_t bytes) {
    rlimit most{};
    if (getrlimit(RLIMIT_FSIZE, &most) != 0 || bytes <= most.rlim_cur) return true;
    errno = EFBIG;
    return false;
}

bool put(int file, const void* from, std::size_t bytes, std::uint64_t offset) {
    for (std::size_t done = 0; done < bytes;) {
        const ssize_t now = pwrite(file, static_cast<const char*>(from) + done, bytes - done,
                                   static_cast<off_t>(offset + done));
        if (now < 0 && errno != EINTR) return false;
        if (now > 0) done += static_cast<std::size_t>(now);
    }
    return true;
}

/// Room in the file and its mapping, or null with errno.
void* grow(int file, std::uint64_t offset, std::size_t bytes) {
    if (!fits_limit(offset + bytes)) return nullptr;
    int failed = 0;
    do {
        failed = fallocate(file, 0, static_cast<off_t>(offset), static_cast<off_t>(bytes));
    } while (failed != 0 && errno == EINTR);
    if (failed != 0 && errno == EOPNOTSUPP) {
        static constexpr char k_zeros[4096]{};
        failed = 0;
        for (std::size_t done = 0; done < bytes && failed == 0; done += sizeof k_zeros) {
            failed = !put(file, k_zeros, sizeof k_zeros, offset + done);
        }
    }
    if (failed != 0) return nullptr;
    void* const at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, static_cast<off_t>(offset));
    if (at == MAP_FAILED) return nullptr;
    madvise(at, bytes, MADV_DONTFORK);
    return at;
}

/// Reads a small file of /proc; the number of bytes.
std::size_t slurp(const char* path, char* to, std::size_t most) {
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    std::size_t done = 0;
    while (done < most) {
        const ssize_t got = read(file, to + done, most - done);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        done += static_cast<std::size_t>(got);
    }
    close(file);
    return done;
}

void read_clocks(FileHeader& header) {
    header.last_ticks = read_ticks();
    header.last_ns = now_ns();
}

/// With the lock held. Threads go on for a while where they have room; what they do after the first operation
/// that is lost does not count.
void stop(Process& its, std::uint64_t now, const char* why) {
    its.header->stopped_ticks = now;
    its.header->end = k_disk_full;
    read_clocks(*its.header);
    its.state.store(State::stopped);
    say("%s: %s: %s; recording stopped, the program goes on", its.path, why, std::strerror(errno));
}

std::uint32_t header_bytes() {
    return static_cast<std::uint32_t>(std::max(sysconf(_SC_PAGESIZE), 4096L));
}

void fill(FileHeader& header, const Process& its, const char* program, std::size_t program_bytes) {
    char* const text = reinterpret_cast<char*>(&header + 1);
    char* const end = reinterpret_cast<char*>(&header) + header_bytes() - 1;
    char* at = text;
    const auto add = [&](const char* word, std::size_t bytes) {
        bytes = std::min(bytes, static_cast<std::size_t>(end - at));
        std::memcpy(at, word, bytes);
        at += bytes;
    };
    const char* allocator = "";
    library_of(next.malloc, &allocator);
    add(program, program_bytes);
    add("", 1);
    add(allocator, std::strlen(allocator) + 1);
    at += slurp("/proc/self/cmdline", at, static_cast<std::size_t>(end - at));

    std::memcpy(header.magic, trace::k_magic, sizeof header.magic);
    header.byte_order = trace::k_byte_order;
    header.version = trace::k_version;
    header.header_bytes = header_bytes();
    header.chunk_bytes = k_chunk_bytes;
    header.pid = its.pid;
    header.parent = static_cast<std::uint32_t>(getppid());
    header.forked = started_before.load();
    header.text_bytes = static_cast<std::uint32_t>(at - text);
    header.end = k_cut;
    read_clocks(header);
    header.first_ticks = header.last_ticks;
    header.first_ns = header.last_ns;
    const auto* bytes = reinterpret_cast<const unsigned char*>(&header);
    header.checksum = trace::checksum(reinterpret_cast<const unsigned char*>(text), header.text_bytes,
                                      trace::checksum(bytes, offsetof(FileHeader, checksum)));
}

/// Once a process. Without a file the process is stopped from the start.
void start(Process& its) {
    its.state.store(State::stopped);
    its.epoch = read_ticks();
    its.pid = static_cast<std::uint32_t>(getpid());
    const char* const folder = std::getenv("ALLOCATION_TRACE");
    if (folder == nullptr || folder[0] != '/') {
        say("ALLOCATION_TRACE must name a folder, beginning with /; nothing is recorded");
        return;
    }
    char program[2048];
    const ssize_t got = readlink("/proc/self/exe", program, sizeof program - 1);
    const std::size_t program_bytes = got > 0 ? static_cast<std::size_t>(got) : 0;
    program[program_bytes] = '\0';
    const char* const slash = std::strrchr(program, '/');
    int file = -1;
    for (int n = 0; file < 0; ++n) {  // exec keeps the pid
        char number[16] = "";
        if (n != 0) std::snprintf(number, sizeof number, "-%d", n);
        const int length = std::snprintf(its.path, sizeof its.path, "%s/%.64s.%u%s.trace", folder,
                                         slash != nullptr ? slash + 1 : "program", its.pid, number);
        if (length >= static_cast<int>(sizeof its.path)) errno = ENAMETOOLONG;
        else file = open(its.path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (file < 0 && errno != EEXIST) {
            say("%s: cannot create it: %s; nothing is recorded", its.path, std::strerror(errno));
            return;
        }
    }
    struct stat about {};
    void* const at = grow(file, 0, header_bytes());
    if (at == nullptr || fstat(file, &about) != 0) {
        say("%s: cannot write it: %s; nothing is recorded", its.path, std::strerror(errno));
        unlink(its.path);
        close(file);
        return;
    }
    close(file);
    its.device = about.st_dev;
    its.inode = about.st_ino;
    its.header = static_cast<FileHeader*>(at);
    fill(*its.header, its, program, program_bytes);
    started_before.store(true);
    its.state.store(State::recording);
}

/// The file again, or -1 with recording stopped.
int open_again(Process& its, std::uint64_t now) {
    if (its.state.load() != State::recording) return -1;
    const int file = open(its.path, O_RDWR | O_CLOEXEC);
    if (file < 0) return stop(its, now, "cannot be opened again"), -1;
    struct stat about {};
    if (fstat(file, &about) == 0 && about.st_dev == its.device && about.st_ino == its.inode) return file;
    close(file);
    errno = ESTALE;
    return stop(its, now, "is no longer the file it was"), -1;
}

std::uint64_t end_of_file(const Process& its) {
    return header_bytes() + std::uint64_t{its.header->chunks} * k_chunk_bytes;
}

/// What is written at the end of the file counts from now on.
void add_chunk(Process& its) {
    std::atomic_ref(its.header->chunks).store(its.header->chunks + 1, std::memory_order_release);
    read_clocks(*its.header);
}

// ---- streams -------------------------------------------------------------------------------------

/// With the lock held. False: recording has stopped.
bool map_chunk(Process& its, Stream& stream, std::uint64_t now) {
    const int file = open_again(its, now);
    if (file < 0) return false;
    void* const at = grow(file, end_of_file(its), k_chunk_bytes);
    const int error = errno;
    close(file);
    errno = error;
    if (at == nullptr) return stop(its, now, "no room for more"), false;
    auto* const chunk = static_cast<ChunkHeader*>(at);
    chunk->magic = trace::k_chunk_magic;
    add_chunk(its);
    stream.at = stream.records = reinterpret_cast<unsigned char*>(chunk + 1);
    return true;
}

/// Copies a full chunk to the end of the file and empties it, so that a thread always writes to pages that
/// are mapped and warm: each new page of a mapping costs several times what it costs a write().
/// Who is killed before the chunk is empty leaves the same piece twice. With the lock held.
bool flush(Process& its, Stream& stream, std::uint64_t now) {
    ChunkHeader& chunk = stream.chunk();
    chunk.checksum = trace::checksum(stream.records, chunk.used);
    std::atomic_ref(chunk.sealed).store(1, std::memory_order_release);
    const int file = open_again(its, now);
    if (file < 0) return false;
    const std::uint64_t end = end_of_file(its);
    if (!fits_limit(end + k_chunk_bytes) || !put(file, &chunk, k_chunk_bytes, end)) {
        const int error = errno;
        close(file);
        errno = error;
        return stop(its, now, "no room for more"), false;
    }
    close(file);
    add_chunk(its);
    std::atomic_ref(chunk.used).store(0, std::memory_order_release);
    std::atomic_ref(chunk.sealed).store(0, std::memory_order_release);
    stream.at = stream.records;
    return true;
}

void set_limits(Stream& stream, bool stamped) {
    stream.stamped_limit = stamped ? stream.end() : nullptr;
    stream.paced_limit = stamped ? nullptr : std::min(stream.at + k_pace_bytes, stream.end());
}

void begin_piece(Stream& stream, std::uint64_t now, std::uint64_t name) {
    const bool stamped = __libc_single_threaded == 0;
    stream.append([&](Cursor& cursor) { cursor.piece(stamped, self.number, self.pieces++, now, name); });
    set_limits(stream, stamped);
}

void give_back(Process& its, Stream& stream) {
    self.stream = &no_stream;
    const Lock lock(its);
    stream.paced_limit = stream.stamped_limit = nullptr;
    stream.next = its.pool;
    its.pool = &stream;
}

void end_thread(void*) {
    Process* const its = process.load();
    self.ended = true;
    if (self.stream->records == nullptr || self.epoch != its->epoch) return;
    give_back(*its, *self.stream);
}

Process* map_process() {
    Process* its = process.load(std::memory_order_acquire);
    if (its != nullptr || unusable.load()) return its;
    void* const at = mmap(nullptr, sizeof(Process), PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED || madvise(at, sizeof(Process), MADV_WIPEONFORK) != 0) {
        if (!unusable.exchange(true)) {
            say("no memory that forked processes find empty: %s; nothing is recorded", std::strerror(errno));
        }
        return nullptr;
    }
    if (process.compare_exchange_strong(its, static_cast<Process*>(at))) {
        has_key.store(pthread_key_create(&key, end_thread) == 0);
        return static_cast<Process*>(at);
    }
    munmap(at, sizeof(Process));
    return its;
}

/// For a thread that has none: at its first operation, after fork, or after its end.
Stream* take_stream(Process& its, std::uint64_t now, std::uint64_t name) {
    Stream* stream = nullptr;
    {
        const Lock lock(its);
        if (its.state.load() == State::fresh) start(its);
        if (its.state.load() != State::recording) return nullptr;
        if (self.epoch != its.epoch) {
            self.epoch = its.epoch;
            self.number = its.threads++;
            self.pieces = 0;
            self.ended = false;
        }
        stream = its.pool;
        if (stream != nullptr) {
            its.pool = stream->next;
        } else if (its.streams < k_streams) {
            stream = &its.stream[its.streams++];
        } else {
            errno = EAGAIN;
            stop(its, now, "too many threads at a time");
            return nullptr;
        }
        if (stream->records == nullptr) {
            if (!map_chunk(its, *stream, now)) return nullptr;
        } else if (stream->at + k_least_room > stream->end() && !flush(its, *stream, now)) {
            return nullptr;
        }
    }
    self.stream = stream;
    begin_piece(*stream, now, name);
    return stream;
}

/// Its time may be before that of the operation at which recording stopped.
void lose(Process& its, std::uint64_t now) {
    if (its.state.load() != State::stopped || its.header == nullptr || now >= its.header->stopped_ticks) return;
    const Lock lock(its);
    its.header->stopped_ticks = std::min(its.header->stopped_ticks, now);
}

/// The thread's stream with room for a record, or null where it is lost.
Stream* stream_for(Process& its, std::uint64_t now, std::uint64_t name) {
    if (its.state.load() == State::stopped) return nullptr;
    Stream* const stream = self.stream;
    if (stream->records == nullptr) return take_stream(its, now, name);
    if (stream->at >= stream->end()) {
        const Lock lock(its);
        if (!flush(its, *stream, now)) {
            self.stream = &no_stream;
            return nullptr;
        }
        begin_piece(*stream, now, name);
        return stream;
    }
    const bool stamped = stream->stamped_limit != nullptr;
    if (!stamped) {
        const bool alone = __libc_single_threaded != 0;
        stream->append([&](Cursor& cursor) { cursor.clock(alone ? Code::pace : Code::stamp, now); });
        set_limits(*stream, !alone);
        if (alone) read_clocks(*its.header);
    }
    return stream;
}

// ---- operations ----------------------------------------------------------------------------------

std::uint64_t name_of(const void* block) { return reinterpret_cast<std::uintptr_t>(block) >> k_name_shift; }

/// What a record says, in registers.
struct Record {
    Code code;
    std::uint8_t alignment_log2;
    std::uint64_t name;
    std::uint64_t size;

    [[gnu::always_inline]] void put(Cursor& cursor) const {
        switch (code) {
            case Code::allocate: return cursor.allocate(name, size);
            case Code::release: return cursor.release(name);
            case Code::zeroed: return cursor.zeroed(name, size);
            case Code::aligned: return cursor.aligned(name, size, alignment_log2);
            case Code::move_begin: return cursor.move_begin(name);
            case Code::moved: return cursor.moved(name, size);
            default: return cursor.code(code);
        }
    }
};

[[gnu::cold, gnu::noinline]] void take_slowly(Record record, std::uint64_t now) {
    if (self.paused || self.busy) return;
    const int error = errno;
    self.busy = true;
    const bool first = self.stream->records == nullptr;
    Process* const its = map_process();
    Stream* const stream = its == nullptr ? nullptr : stream_for(*its, now, record.name);
    if (stream == nullptr) {
        if (its != nullptr) lose(*its, now);
    } else {
        stream->append([&](Cursor& cursor) {
            record.put(cursor);
            if (stream->stamped_limit != nullptr) cursor.time(now);
        });
    }
    self.busy = false;
    if (stream != nullptr && self.ended) give_back(*its, *stream);
    if (stream != nullptr && first && !self.ended && has_key.load()) pthread_setspecific(key, &self);
    errno = error;
}

/// While other threads live, or where the fast path ends.
template <Code code>
[[gnu::noinline]] void take(std::uint64_t name, std::uint64_t size, std::uint8_t alignment_log2) {
    const Record record{code, alignment_log2, name, size};
    Stream* const stream = self.stream;
    const std::uint64_t now = read_ticks();
    if (stream->at >= stream->stamped_limit) [[unlikely]] return take_slowly(record, now);
    Cursor cursor{stream->at, stream->name, stream->ticks};
    record.put(cursor);
    cursor.time(now);
    stream->ticks = cursor.ticks;
    stream->publish(cursor);
}

/// While one thread lives a record has no time of its own.
template <Code code>
[[gnu::always_inline]] inline void record(std::uint64_t name, std::uint64_t size = 0, std::uint8_t alignment_log2 = 0) {
    Stream* const stream = self.stream;
    if (stream->at < stream->paced_limit && __libc_single_threaded != 0) [[likely]] {
        Cursor cursor{stream->at, stream->name, 0};
        Record{code, alignment_log2, name, size}.put(cursor);
        stream->publish(cursor);
    } else {
        take<code>(name, size, alignment_log2);
    }
}

struct Watch {
    [[gnu::always_inline]] static void allocated(Entry entry, void* block, std::size_t size, std::size_t alignment) {
        if (block == nullptr) [[unlikely]] return;
        const std::uint64_t name = name_of(block);
        switch (entry) {
            case Entry::plain: return record<Code::allocate>(name, size);
            case Entry::zeroed: return record<Code::zeroed>(name, size);
            case Entry::aligned:
                return record<Code::aligned>(name, size, static_cast<std::uint8_t>(std::bit_width(alignment | 1) - 1));
        }
    }

    [[gnu::always_inline]] static void releasing(void* block) { record<Code::release>(name_of(block)); }
    static void reallocating(void* block) { record<Code::move_begin>(name_of(block)); }

    static void reallocated(void* moved, std::size_t size) {
        if (moved != nullptr) return record<Code::moved>(name_of(moved), size);
        if (size == 0) return record<Code::gone>(0);
        record<Code::kept>(0);
    }

    static bool pause() {
        if (self.paused) return true;
        self.paused = true;
        self.resumes = std::exchange(self.stream, &no_stream);
        return false;
    }

    static void resume(bool was) {
        if (was) return;
        self.paused = false;
        self.stream = self.resumes;
    }
};

/// Others may still allocate after this; so the recording goes on, but its end is known.
[[gnu::destructor]] void at_exit() {
    Process* const its = process.load();
    if (its == nullptr || its->state.load() != State::recording) return;
    if (its->pid != static_cast<std::uint32_t>(getpid())) return;  // a child of vfork
    read_clocks(*its->header);
    its->header->end = k_exited;
}

}  // namespace

}  // namespace claimslab::preload

#include "allocators/preload/entry_points.hpp"
