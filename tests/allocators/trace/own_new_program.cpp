// own_new_program: brings its own operator new, which puts a header before each block.

#include <cstdio>
#include <cstdlib>
#include <new>

void* operator new(std::size_t size) {
    void* const block = std::malloc(size + 80000);
    if (block == nullptr) throw std::bad_alloc();
    return static_cast<char*>(block) + 64;
}
void operator delete(void* block) noexcept { std::free(static_cast<char*>(block) - 64); }
void operator delete(void* block, std::size_t) noexcept { operator delete(block); }

int main() {
    long* volatile number = new long(5);  // volatile, or the compiler may leave both out
    int* volatile other = new int(6);
    delete other;
    std::printf("%ld\n", *number);
    delete number;
    return 0;
}
