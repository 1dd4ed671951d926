// Object: a free object on a list, and Chain, such a list with its length.
//
//   head -> [ next | key ] -> [ next | key ] -> null       key = minus its address
//
// The key is how misuse is seen: every object on a list carries it, every object handed out has lost
// it. One that is on lists twice is found when it comes up the second time, before it is handed out
// twice; and so is a write to the second word of a freed block. The key never says that a block is
// free, only that one on a list is sound; so no content of a block can be mistaken for it.
//
// Invariants  Objects are of 16 bytes at least.
// Rejected    A secret of the process in the key: a load more, against attackers that this allocator
//             makes no promise about.
#pragma once

#include <cstdint>

namespace golike {

struct Object {
    Object* next;
    std::uintptr_t key;
};

struct Chain {
    Object* head = nullptr;
    std::uint32_t count = 0;
};

inline std::uintptr_t key_of(const Object* object) {
    return -reinterpret_cast<std::uintptr_t>(object);
}

}  // namespace golike
