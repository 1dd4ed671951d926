// recorded_program: one situation a word, for the recorder; sizes tell the test which call was which.

#include <dlfcn.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <new>
#include <string>
#include <thread>
#include <vector>

namespace {

void* volatile sink;
volatile std::size_t too_much = PTRDIFF_MAX;  // unknown to the compiler, which would object

void* keep(void* block) {
    sink = block;
    return block;
}

void once(std::size_t size) { free(keep(malloc(size))); }

// ---- before main ---------------------------------------------------------------------------------

void* early_block;

[[gnu::constructor(101)]] void early() {
    early_block = keep(malloc(50001));
    dlsym(RTLD_DEFAULT, "no_such_symbol_anywhere");
    dlerror();
}

struct Late {
    ~Late() { once(50002); }
} late;

// ---- situations ----------------------------------------------------------------------------------

void family() {
    free(keep(malloc(60001)));
    free(keep(calloc(2, 30001)));
    free(keep(realloc(nullptr, 60003)));
    void* grown = keep(malloc(60004));
    grown = keep(realloc(grown, 600040));
    free(grown);
    void* array = keep(reallocarray(nullptr, 3, 20005));
    free(array);
    free(keep(memalign(128, 60006)));
    free(keep(aligned_alloc(256, 60160)));
    void* block = nullptr;
    if (posix_memalign(&block, 512, 60008) == 0) free(keep(block));
    free(keep(valloc(60009)));
    free(keep(pvalloc(60010)));
    delete[] static_cast<char*>(keep(new char[60011]));
    ::operator delete(keep(::operator new(60032, std::align_val_t{64})), std::align_val_t{64});
    ::operator delete(keep(::operator new(60013, std::nothrow)), std::nothrow);
    ::operator delete(keep(::operator new(60014)));
    // Failures leave no trace.
    if (keep(malloc(too_much)) != nullptr || keep(calloc(too_much, 4)) != nullptr) abort();
    void* stays = keep(malloc(60015));
    if (keep(realloc(stays, too_much)) != nullptr) abort();
    free(stays);
    void* gone = keep(malloc(60016));
    if (realloc(gone, 0) != nullptr) abort();
    free(nullptr);
    try {
        keep(::operator new(too_much));
        abort();
    } catch (const std::bad_alloc&) {
    }
}

void threads() {
    std::atomic<void*> slots[64]{};
    std::vector<std::thread> pool;
    for (unsigned t = 0; t < 4; ++t) {
        pool.emplace_back([&slots, t] {
            unsigned long random = 88172645463325252UL + t;
            for (int i = 0; i < 20000; ++i) {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                void* mine = malloc(16 + (random >> 40) % 100);
                if (random % 5 == 0) mine = realloc(mine, 1 + (random >> 20) % 3000);
                free(slots[random % 64].exchange(mine));
            }
        });
    }
    for (std::thread& thread : pool) thread.join();
    for (auto& slot : slots) free(slot.load());
}

void kill_threads() {
    std::thread([] {
        usleep(20000);
        raise(SIGKILL);
    }).detach();
    for (;;) threads();
}

/// Two threads hand one size to and fro, so that addresses go from one to the other at once.
void reuse() {
    std::atomic<void*> box{nullptr};
    std::atomic<bool> done{false};
    std::thread taker([&] {
        while (!done.load()) {
            void* const block = box.exchange(nullptr);
            free(block);
            if (block == nullptr) sched_yield();
        }
        free(box.exchange(nullptr));
    });
    for (int i = 0; i < 20000; ++i) {
        void* const block = malloc(4000);
        for (void* none = nullptr; !box.compare_exchange_weak(none, block); none = nullptr) sched_yield();
    }
    done = true;
    taker.join();
}

void many() {
    for (int i = 0; i < 4000; ++i) std::thread([] { once(70001); }).join();
}

pthread_key_t late_key;

struct OfThread {
    std::unique_ptr<char[]> bytes{new char[71001]};
    ~OfThread() { once(71002); }
};

void destructors() {
    pthread_key_create(&late_key, [](void* value) {
        free(value);
        static thread_local int rounds = 0;  // to be called again, after all others
        once(71004);
        if (++rounds < 4) pthread_setspecific(late_key, malloc(71003));
    });
    for (int i = 0; i < 50; ++i) {
        std::thread([] {
            static thread_local OfThread mine;
            sink = mine.bytes.get();
            pthread_setspecific(late_key, malloc(71003));
        }).join();
    }
}

void in_child(void* inherited, std::size_t size) {
    free(inherited);
    for (int i = 0; i < 10; ++i) once(size);
    _exit(0);
}

void forks() {
    std::atomic<bool> done{false};
    std::vector<std::thread> pool;
    for (int t = 0; t < 3; ++t) {
        pool.emplace_back([&done] {
            while (!done.load()) once(72000);
        });
    }
    void* inherited = keep(malloc(72001));
    for (int i = 0; i < 8; ++i) {
        if (fork() == 0) in_child(inherited, 72002);
    }
    done = true;
    for (std::thread& thread : pool) thread.join();
    if (syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr) == 0) in_child(inherited, 72003);
    while (wait(nullptr) > 0) {
    }
    once(72004);
}

void spawns(char* self) {
    char word[] = "one";
    char* arguments[] = {self, word, nullptr};
    pid_t child = 0;
    posix_spawn(&child, self, nullptr, nullptr, arguments, environ);
    waitpid(child, nullptr, 0);
    child = vfork();
    if (child == 0) {
        execv(self, arguments);
        _exit(1);
    }
    waitpid(child, nullptr, 0);
    once(73002);
}

void executes(char* self) {
    char word[] = "one";
    char* arguments[] = {self, word, nullptr};
    once(74001);
    execv(self, arguments);
}

void fill(int operations) {
    for (int i = 0; i < operations; ++i) once(static_cast<std::size_t>(i % 5000));
}

/// Closes what it has not opened, and writes to a file that gets the lowest number.
void closes(const char* own_file) {
    for (int file = 3; file < 64; ++file) close(file);
    const int file = open(own_file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (file != 3 || chdir("/") != 0) abort();
    fill(200000);
    if (write(file, "mine", 4) != 4) abort();
}

}  // namespace

int main(int argc, char** argv) {
    const std::string word = argc > 1 ? argv[1] : "";
    const std::map<std::string, void (*)()> simple = {
        {"family", family}, {"threads", threads}, {"kill_threads", kill_threads}, {"reuse", reuse},
        {"many", many},     {"destructors", destructors}, {"forks", forks},
        {"one", [] { once(73001); }},
        {"fill", [] { fill(400000); }},
        {"kill", [] { fill(100000); once(75001); raise(SIGKILL); }},
        {"leave", [] { once(75002); _exit(3); }},
        {"crash", [] { once(75003); abort(); }},
        {"run", [] { fill(100000); }},
    };
    if (const auto found = simple.find(word); found != simple.end()) {
        found->second();
    } else if (word == "spawns") {
        spawns(argv[0]);
    } else if (word == "executes") {
        executes(argv[0]);
    } else if (word == "closes") {
        closes(argv[2]);
    } else {
        return 2;
    }
    free(early_block);
    std::puts("done");
    return 0;
}
