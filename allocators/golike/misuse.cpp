// misuse: the line is made by hand, since printf may allocate.

#include "allocators/golike/misuse.hpp"

#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace golike {

void die_of_misuse(const char* what, std::uintptr_t pointer) {
    char line[160] = "golike: ";
    std::size_t at = std::strlen(line);
    const std::size_t length = std::strlen(what);
    std::memcpy(line + at, what, length);
    at += length;
    std::memcpy(line + at, ": 0x", 4);
    at += 4;
    int shift = 60;
    while (shift > 0 && pointer >> shift == 0) shift -= 4;
    for (; shift >= 0; shift -= 4) line[at++] = "0123456789abcdef"[pointer >> shift & 15];
    line[at++] = '\n';
    if (write(STDERR_FILENO, line, at) < 0) {
        // Nobody can be told.
    }
    std::abort();
}

}  // namespace golike
