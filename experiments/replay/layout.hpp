// Layout: a script in one piece of memory, read only, that no malloc knows of.
//
//   [Head] [one Part a thread] [steps of thread 0] [moves] [starts] [steps of thread 1] ...
//
// Compiling a trace asks malloc for far more than a replay may leave behind in it, so that happens in
// a child process, which hands the layout over through a file without a name.
#pragma once

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "script.hpp"

namespace lab::replay {

/// Places of crossing blocks in the null memory; more than that are rarely alive at once.
inline constexpr std::uint32_t k_crossing_places = 65536;
inline constexpr std::uint32_t k_crossing = std::uint32_t{1} << 31;

struct ThreadLayout {
    std::span<const Step> steps;
    std::span<const Move> moves;
    std::span<const Start> starts;
    std::uint32_t first_slot;
};

class Layout {
   public:
    explicit Layout(const Script& script) : Layout(write(script)) {}

    /// What `make()` returns, made in a child process. Throws std::runtime_error with its words.
    template <class Make>
    static Layout made_apart(Make make);

    Layout(Layout&& other) noexcept
        : bytes_(std::exchange(other.bytes_, nullptr)), size_(std::exchange(other.size_, 0)) {}
    Layout& operator=(Layout&&) = delete;
    ~Layout() {
        if (bytes_ != nullptr) munmap(const_cast<char*>(bytes_), size_);
    }

    std::size_t threads() const { return head().threads; }
    std::size_t slots() const { return head().slots; }
    std::size_t crossings() const { return head().crossings; }
    std::size_t alive_at_once() const { return head().alive_at_once; }
    std::uint64_t steps() const { return head().steps; }
    std::uint64_t longest_bytes() const { return head().longest_bytes; }
    std::uint64_t peak_live_bytes() const { return head().peak_live_bytes; }
    std::uint64_t left_out() const { return head().left_out; }

    /// A block's place among all: its slot of its thread, or one of the crossing places.
    static std::uint32_t place(bool crosses, std::uint32_t slot, std::uint32_t first_slot, std::size_t slots) {
        return crosses ? static_cast<std::uint32_t>(slots) + slot % k_crossing_places : first_slot + slot;
    }
    std::size_t places() const { return slots() + std::min<std::size_t>(crossings(), k_crossing_places); }

    ThreadLayout thread(std::size_t t) const {
        const Part& part = parts()[t];
        const char* at = bytes_ + part.offset;
        const auto* steps = reinterpret_cast<const Step*>(at);
        const auto* moves = reinterpret_cast<const Move*>(steps + part.steps);
        const auto* starts = reinterpret_cast<const Start*>(moves + part.moves);
        return {{steps, part.steps}, {moves, part.moves}, {starts, part.starts}, part.first_slot};
    }

    /// A page that a forked child has not read yet is not there for it.
    void prefault() const {
        constexpr std::size_t k_page_bytes = 4096;
        for (std::size_t at = 0; at < size_; at += k_page_bytes) (void)static_cast<const volatile char*>(bytes_)[at];
    }

   private:
    struct Head {
        std::uint64_t threads, slots, crossings, alive_at_once, steps, longest_bytes, peak_live_bytes, left_out;
    };
    struct Part {
        std::uint64_t offset, steps, moves, starts;
        std::uint32_t first_slot, unused;
    };

    /// Takes over the file.
    explicit Layout(int file) {
        struct stat status {};
        void* at = MAP_FAILED;
        if (fstat(file, &status) == 0 && status.st_size > 0) {
            size_ = static_cast<std::size_t>(status.st_size);
            at = mmap(nullptr, size_, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
        }
        close(file);
        if (at == MAP_FAILED) throw std::runtime_error("the script of the trace does not fit into memory");
        bytes_ = static_cast<const char*>(at);
    }

    const Head& head() const { return *reinterpret_cast<const Head*>(bytes_); }
    const Part* parts() const { return reinterpret_cast<const Part*>(bytes_ + sizeof(Head)); }

    static int open_nameless() {
        const int file = memfd_create("script", MFD_CLOEXEC);
        if (file < 0) throw std::runtime_error(std::string("memfd_create: ") + std::strerror(errno));
        return file;
    }
    static int write(const Script& script) {
        const int file = open_nameless();
        write(script, file);
        return file;
    }
    static void write(const Script& script, int file);

    const char* bytes_ = nullptr;
    std::size_t size_ = 0;
};

inline void Layout::write(const Script& script, int file) {
    Head head{script.threads.size(), 0, script.crossings, script.alive_at_once, 0,
              script.longest_bytes, script.peak_live_bytes, script.left_out};
    std::vector<Part> parts;
    std::uint64_t offset = sizeof(Head) + script.threads.size() * sizeof(Part);
    for (const ThreadScript& thread : script.threads) {
        parts.push_back({offset, thread.steps.size(), thread.moves.size(), thread.starts.size(),
                         static_cast<std::uint32_t>(head.slots), 0});
        offset += thread.steps.size() * sizeof(Step) + thread.moves.size() * sizeof(Move) +
                  thread.starts.size() * sizeof(Start);
        head.slots += thread.slots;
        head.steps += thread.steps.size();
    }
    if (head.slots >= k_crossing) throw std::runtime_error("the trace has more than 2^31 blocks at once");
    const auto put = [file](const void* data, std::size_t bytes) {
        for (std::size_t done = 0; done < bytes;) {
            const ssize_t wrote = ::write(file, static_cast<const char*>(data) + done, bytes - done);
            if (wrote < 0) throw std::runtime_error(std::string("the script of the trace: ") + std::strerror(errno));
            done += static_cast<std::size_t>(wrote);
        }
    };
    const auto put_all = [&put](const auto& list) { put(list.data(), list.size() * sizeof(list[0])); };
    put(&head, sizeof head);
    put_all(parts);
    for (const ThreadScript& thread : script.threads) {
        put_all(thread.steps);
        put_all(thread.moves);
        put_all(thread.starts);
    }
}

template <class Make>
Layout Layout::made_apart(Make make) {
    const int file = open_nameless();
    int words[2];
    if (pipe(words) != 0) throw std::runtime_error("cannot make a pipe");
    const pid_t child = fork();
    if (child < 0) throw std::runtime_error("cannot fork");
    if (child == 0) {
        int status = 1;
        try {
            write(make(), file);
            status = 0;
        } catch (const std::bad_alloc&) {
            dprintf(words[1], "out of memory");
        } catch (const std::exception& error) {
            dprintf(words[1], "%s", error.what());
        }
        _exit(status);
    }
    close(words[1]);
    std::string said;
    char some[512];
    for (ssize_t got = 0; (got = read(words[0], some, sizeof some)) > 0;) said.append(some, static_cast<std::size_t>(got));
    close(words[0]);
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (status != 0) {
        close(file);
        throw std::runtime_error(said.empty() ? "reading the trace was killed" : said);
    }
    return Layout(file);
}

}  // namespace lab::replay
