// golike_malloc_program: one check of malloc, by name; status 0 if it holds, else a line that says why.
//
// It knows nothing of golike, and passes on glibc too, but for the lines about misuse.

#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <new>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace {

[[noreturn]] void fail(const char* what, int line) {
    std::fprintf(stderr, "line %d: %s\n", line, what);
    std::_Exit(1);
}
#define CHECK(condition) ((condition) ? void() : fail(#condition, __LINE__))

// Through a volatile pointer, or the compiler knows malloc and removes what is tested.
void* (*volatile allocate)(std::size_t) = malloc;
void (*volatile release)(void*) = free;
void* (*volatile zeroed)(std::size_t, std::size_t) = calloc;
void* (*volatile resize)(void*, std::size_t) = realloc;
volatile std::size_t k_huge = SIZE_MAX;

std::size_t statm(int field) {
    std::FILE* file = std::fopen("/proc/self/statm", "r");
    std::size_t pages[2] = {};
    CHECK(file != nullptr && std::fscanf(file, "%zu %zu", &pages[0], &pages[1]) == 2);
    std::fclose(file);
    return pages[field] * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}
std::size_t resident() { return statm(1); }
constexpr std::size_t k_mib = std::size_t{1} << 20;

std::uintptr_t bits(const void* at) { return reinterpret_cast<std::uintptr_t>(at); }
bool all(const void* at, std::size_t bytes, unsigned char value) {
    const auto* b = static_cast<const unsigned char*>(at);
    return std::all_of(b, b + bytes, [value](unsigned char x) { return x == value; });
}

void family() {
    void* const mine = dlsym(RTLD_DEFAULT, "malloc");
    Dl_info info{};
    CHECK(dladdr(mine, &info) != 0);
    const std::string library = info.dli_fname;
    for (const char* name :
         {"malloc", "calloc", "realloc", "reallocarray", "free", "free_sized", "free_aligned_sized", "cfree",
          "memalign", "aligned_alloc", "posix_memalign", "valloc", "pvalloc", "malloc_usable_size",
          "malloc_trim", "mallinfo", "mallinfo2", "mallopt", "malloc_stats", "malloc_info", "__libc_malloc",
          "__libc_free", "__libc_calloc", "__libc_realloc", "__libc_memalign", "__libc_valloc",
          "__libc_pvalloc", "_Znwm", "_Znam", "_ZnwmRKSt9nothrow_t", "_ZnamRKSt9nothrow_t",
          "_ZnwmSt11align_val_t", "_ZnamSt11align_val_t", "_ZnwmSt11align_val_tRKSt9nothrow_t",
          "_ZnamSt11align_val_tRKSt9nothrow_t", "_ZdlPv", "_ZdaPv", "_ZdlPvm", "_ZdaPvm",
          "_ZdlPvSt11align_val_t", "_ZdaPvSt11align_val_t", "_ZdlPvmSt11align_val_t",
          "_ZdaPvmSt11align_val_t", "_ZdlPvRKSt9nothrow_t", "_ZdaPvRKSt9nothrow_t",
          "_ZdlPvSt11align_val_tRKSt9nothrow_t", "_ZdaPvSt11align_val_tRKSt9nothrow_t"}) {
        void* const symbol = dlsym(RTLD_DEFAULT, name);
        if (symbol == nullptr || dladdr(symbol, &info) == 0 || library != info.dli_fname) fail(name, __LINE__);
    }
}

void sizes() {
    std::map<std::uintptr_t, std::size_t> live;
    std::vector<void*> blocks;
    for (std::size_t bytes = 0; bytes < 300000; bytes += 1 + bytes / 7) {
        for (int i = 0; i < 3; ++i) {
            void* const block = allocate(bytes);
            CHECK(block != nullptr && bits(block) % 16 == 0);
            const std::size_t usable = malloc_usable_size(block);
            CHECK(usable >= bytes);
            std::memset(block, 1, usable);
            const auto next = live.upper_bound(bits(block));
            CHECK(next == live.end() || bits(block) + usable <= next->first);
            CHECK(next == live.begin() || std::prev(next)->first + std::prev(next)->second <= bits(block));
            live[bits(block)] = usable;
            blocks.push_back(block);
        }
    }
    for (void* block : blocks) release(block);
    release(nullptr);
    CHECK(malloc_usable_size(nullptr) == 0);
}

void zero() {
    for (int round = 0; round < 3; ++round) {
        for (std::size_t bytes = 1; bytes < 40 * k_mib; bytes += bytes / 2 + 1) {
            void* const block = zeroed(1, bytes);
            CHECK(block != nullptr && all(block, bytes, 0));
            std::memset(block, 0xff, malloc_usable_size(block));
            release(block);
        }
    }
    const std::size_t before = resident();
    void* const lazy = zeroed(k_mib, 1024);
    CHECK(lazy != nullptr && resident() < before + 8 * k_mib);
    release(lazy);
}

void contents() {
    std::mt19937 random(1);
    struct Block { unsigned char* at = nullptr; std::size_t bytes = 0; unsigned char tag = 0; };
    std::vector<Block> blocks(50);
    for (int i = 0; i < 20000; ++i) {
        Block& b = blocks[random() % blocks.size()];
        const std::size_t bytes = 1 + random() % (i % 10 ? 3000 : i % 100 ? 100000 : 3000000);
        auto* const at = static_cast<unsigned char*>(resize(b.at, bytes));
        CHECK(at != nullptr && all(at, std::min(bytes, b.bytes), b.tag));
        b = {at, bytes, static_cast<unsigned char>(i)};
        std::memset(at, b.tag, bytes);
    }
    void* const block = allocate(100);
    std::memset(block, 9, 100);
    CHECK(resize(block, k_huge / 4) == nullptr && errno == ENOMEM && all(block, 100, 9));
    CHECK(resize(block, 0) == nullptr);
    CHECK(reallocarray(nullptr, k_huge / 2, 3) == nullptr && errno == ENOMEM);
}

void errors() {
    for (const std::size_t bytes : {std::size_t{PTRDIFF_MAX} + 1, k_huge, k_huge - 4096, std::size_t{1} << 50}) {
        errno = 0;
        CHECK(allocate(bytes) == nullptr && errno == ENOMEM);
        errno = 0;
        CHECK(zeroed(bytes, 1) == nullptr && errno == ENOMEM);
        errno = 0;
        CHECK(memalign(64, bytes) == nullptr && errno == ENOMEM);
        errno = 0;
        CHECK(pvalloc(bytes) == nullptr && errno == ENOMEM);
    }
    errno = 0;
    CHECK(zeroed(k_huge / 2, 3) == nullptr && errno == ENOMEM);
    void* block = nullptr;
    errno = 7;
    CHECK(posix_memalign(&block, 3, 10) == EINVAL && posix_memalign(&block, 4, 10) == EINVAL);
    CHECK(posix_memalign(&block, 64, k_huge) == ENOMEM && errno == 7);
    for (const std::size_t bytes : {std::size_t{10}, std::size_t{50000}, 300 * k_mib}) {
        void* const at = allocate(bytes);
        CHECK(at != nullptr);
        std::memset(at, 1, bytes);
        errno = 42;
        release(at);
        CHECK(errno == 42);
    }
}

void alignments() {
    for (std::size_t alignment = 8; alignment <= 64 * k_mib; alignment *= 2) {
        for (const std::size_t bytes : {std::size_t{0}, std::size_t{1}, alignment, 3 * alignment / 2 + 1}) {
            void* p = nullptr;
            CHECK(posix_memalign(&p, alignment, bytes) == 0);
            void* const q = aligned_alloc(alignment, bytes);
            void* const r = memalign(alignment, bytes);
            for (void* at : {p, q, r}) {
                CHECK(at != nullptr && bits(at) % alignment == 0 && malloc_usable_size(at) >= bytes);
                if (bytes < k_mib) std::memset(at, 1, bytes);
            }
            for (void* at : {p, q, r}) release(at);
        }
    }
    const volatile std::size_t no_power_of_two = 48;  // volatile: clang knows what is odd about it
    void* const odd = memalign(no_power_of_two, 10);
    CHECK(bits(odd) % 64 == 0);
    void* const v = valloc(10);
    void* const pv = pvalloc(10);
    CHECK(bits(v) % 4096 == 0 && bits(pv) % 4096 == 0 && malloc_usable_size(pv) >= 4096);
    for (void* at : {odd, v, pv}) release(at);
}

void stress() {
    struct Block { unsigned char* at; std::size_t bytes; unsigned char tag; };
    static std::atomic<Block*> slots[1024];
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < 4; ++t) {
        threads.emplace_back([t] {
            std::mt19937 random(t);
            for (int i = 0; i < 200000; ++i) {
                Block* fresh = nullptr;
                if (t != 3) {  // the fourth never allocates
                    const std::size_t bytes = random() % (i % 50 ? 300 : i % 500 ? 20000 : 200000);
                    const auto tag = static_cast<unsigned char>(random());
                    void* const at = i % 3 ? allocate(bytes) : i % 2 ? zeroed(1, bytes) : memalign(64, bytes);
                    CHECK(at != nullptr && bits(at) % 16 == 0);
                    std::memset(at, tag, bytes);
                    fresh = static_cast<Block*>(allocate(sizeof(Block)));
                    *fresh = {static_cast<unsigned char*>(at), bytes, tag};
                }
                if (Block* old = slots[random() % 1024].exchange(fresh)) {
                    CHECK(all(old->at, old->bytes, old->tag));
                    release(old->at);
                    release(old);
                }
            }
        });
    }
    for (auto& thread : threads) thread.join();
}

void forks() {
    std::atomic<bool> stop{false};
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < 3; ++t) {
        threads.emplace_back([&stop, t] {
            std::mt19937 random(t);
            std::vector<void*> live(200);
            while (!stop) {
                void*& slot = live[random() % live.size()];
                release(slot);
                slot = allocate(random() % (random() % 20 ? 500 : 100000));
            }
            for (void* at : live) release(at);
        });
    }
    for (int i = 0; i < 100; ++i) {
        const pid_t child = fork();
        if (child == 0) {
            alarm(20);
            std::vector<void*> live;
            for (std::size_t n = 0; n < 2000; ++n) live.push_back(allocate(n * 17 % 50000));
            std::thread([&live] { for (void* at : live) release(at); }).join();
            std::_Exit(0);
        }
        int status = 1;
        CHECK(waitpid(child, &status, 0) == child && status == 0);
    }
    stop = true;
    for (auto& thread : threads) thread.join();
}

void threads() {
    const auto burst = [](int count) {
        for (int i = 0; i < count; ++i) {
            std::thread([] {
                std::vector<void*> live;
                for (std::size_t n = 0; n < 300; ++n) live.push_back(allocate(n * 7));
                for (void* at : live) release(at);
            }).join();
        }
    };
    burst(50);
    const std::size_t before = resident();
    burst(3000);
    CHECK(resident() < before + 4 * k_mib);

    // What a dead thread leaves behind is freed and used by others.
    std::vector<void*> left;
    std::thread([&left] { for (int i = 0; i < 100000; ++i) left.push_back(allocate(100)); }).join();
    const std::size_t with = resident();
    for (void* at : left) release(at);
    for (void*& at : left) at = std::memset(allocate(100), 1, 100);
    CHECK(resident() < with + 4 * k_mib);
    for (void* at : left) release(at);
}

struct AtThreadEnd {
    void* block = allocate(100);
    ~AtThreadEnd() {
        release(block);
        release(allocate(5000));
    }
};
pthread_key_t key;
void destructors() {
    CHECK(pthread_key_create(&key, [](void* left) {
        release(allocate(64));
        release(allocate(100000));
        if (bits(left) > 1) pthread_setspecific(key, reinterpret_cast<void*>(bits(left) - 1));
    }) == 0);
    std::atexit([] { release(allocate(1000)); });
    for (int i = 0; i < 200; ++i) {
        std::thread([] {
            thread_local AtThreadEnd at_end;
            std::memset(at_end.block, 1, 100);
            pthread_setspecific(key, reinterpret_cast<void*>(std::uintptr_t{4}));
        }).join();
    }
}

void trim() {
    const std::size_t before = resident();
    std::vector<void*> live;
    live.reserve(2000000);
    for (int i = 0; i < 2000000; ++i) live.push_back(std::memset(allocate(100), 1, 100));
    CHECK(resident() > before + 200 * k_mib);
    for (void* at : live) release(at);
    std::vector<void*>().swap(live);
    CHECK(malloc_trim(0) == 1);
    CHECK(resident() < before + 4 * k_mib);
}

void return_by_itself() {
    const std::size_t before = resident();
    std::vector<void*> live;
    for (int i = 0; i < 20; ++i) live.push_back(std::memset(allocate(10 * k_mib), 1, 10 * k_mib));
    for (void* at : live) release(at);
    CHECK(resident() < before + 16 * k_mib);
}

void limit() {
    const std::size_t room = 200 * k_mib;
    const rlimit most{statm(0) + room, RLIM_INFINITY};
    CHECK(setrlimit(RLIMIT_AS, &most) == 0);
    for (const std::size_t bytes : {std::size_t{100000}, 3 * k_mib}) {
        std::vector<void*> live;
        live.reserve(4000);
        std::size_t total = 0;
        errno = 0;
        while (void* at = allocate(bytes)) {
            live.push_back(at);
            total += bytes;
        }
        CHECK(errno == ENOMEM);
        CHECK(total > room * 3 / 4 && total <= room);
        for (void* at : live) release(at);
        void* const again = allocate(100 * k_mib);
        CHECK(again != nullptr);
        release(again);
    }
}

int handler_calls = 0;
void new_and_delete() {
    struct alignas(256) Wide { char bytes[256]; };
    for (int i = 0; i < 100; ++i) {
        delete new int(1);
        delete[] new int[100];
        auto* const wide = new Wide;
        CHECK(bits(wide) % 256 == 0);
        delete wide;
        delete[] new Wide[3];
        delete new (std::nothrow) int;
        ::operator delete(::operator new(100, std::nothrow), std::nothrow);
        ::operator delete(::operator new(100, std::align_val_t{512}, std::nothrow), std::align_val_t{512});
    }
    CHECK(::operator new(k_huge / 2 + 5, std::nothrow) == nullptr);
    std::set_new_handler([] { if (++handler_calls == 3) throw std::bad_alloc(); });
    bool thrown = false;
    try {
        release(::operator new(k_huge / 2 + 5));
    } catch (const std::bad_alloc&) {
        thrown = true;
    }
    CHECK(thrown && handler_calls == 3);
    handler_calls = 0;
    CHECK(::operator new(k_huge / 2 + 5, std::align_val_t{64}, std::nothrow) == nullptr && handler_calls == 3);
    std::set_new_handler(nullptr);
    thrown = false;
    try {
        release(::operator new[](k_huge / 2 + 5));
    } catch (const std::bad_alloc&) {
        thrown = true;
    }
    CHECK(thrown);
}

void tell() {
    void* const block = allocate(k_mib);
    const auto before = mallinfo2();
    CHECK(before.uordblks >= k_mib);
    release(block);
    CHECK(mallinfo2().uordblks + k_mib <= before.uordblks);
    CHECK(mallopt(M_TRIM_THRESHOLD, 1) == 1);
    CHECK(malloc_info(0, stdout) == 0 && malloc_info(1, stdout) == -1);
    malloc_stats();
}

void misuse_double() {
    void* const at = allocate(64);
    release(at);
    release(at);
}
void misuse_double_later() {
    void* const a = allocate(64);
    void* const b = allocate(64);
    release(a);
    release(b);
    release(a);
    for (int i = 0; i < 3; ++i) (void)allocate(64);
}
void misuse_write() {
    auto* const at = static_cast<volatile std::uint64_t*>(allocate(64));
    release(const_cast<std::uint64_t*>(at));
    at[1] = 1;
    (void)allocate(64);
}
void misuse_double_large() {
    void* const at = allocate(3 * k_mib);
    release(at);
    release(at);
}
void misuse_inside() { release(static_cast<char*>(allocate(64)) + 32); }
void misuse_inside_large() { release(static_cast<char*>(allocate(k_mib)) + 8192); }
void misuse_stack() {
    alignas(16) volatile char here[64] = {};
    release(const_cast<char*>(here));
}
void misuse_foreign() {
    release(static_cast<char*>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) + 64);
}

const std::map<std::string, void (*)()> k_checks{
    {"family", family}, {"sizes", sizes}, {"zero", zero}, {"contents", contents}, {"errors", errors},
    {"alignments", alignments}, {"stress", stress}, {"forks", forks}, {"threads", threads},
    {"destructors", destructors}, {"trim", trim}, {"return_by_itself", return_by_itself}, {"limit", limit},
    {"new_and_delete", new_and_delete}, {"tell", tell}, {"misuse_double", misuse_double},
    {"misuse_double_later", misuse_double_later}, {"misuse_write", misuse_write},
    {"misuse_double_large", misuse_double_large}, {"misuse_inside", misuse_inside},
    {"misuse_inside_large", misuse_inside_large}, {"misuse_stack", misuse_stack},
    {"misuse_foreign", misuse_foreign}};

}  // namespace

int main(int argc, char** argv) {
    const auto check = k_checks.find(argc == 2 ? argv[1] : "");
    if (check == k_checks.end()) {
        for (const auto& [name, run] : k_checks) std::puts(name.c_str());
        return 2;
    }
    check->second();
    return 0;
}
