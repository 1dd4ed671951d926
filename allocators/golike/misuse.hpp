// misuse: one clear line about a wrong free, and abort.
#pragma once

#include <cstdint>

namespace golike {

/// Writes "golike: <what>: 0x<pointer>" to stderr, without allocating, and aborts.
[[noreturn, gnu::cold, gnu::noinline]] void die_of_misuse(const char* what, std::uintptr_t pointer);

}  // namespace golike
