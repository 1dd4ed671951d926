// installed: the malloc libraries found on this machine when the lab was configured.

#pragma once

#include <string>
#include <vector>

namespace lab {

/// An empty library: not installed, except for glibc, which is there without being preloaded.
struct Allocator {
    std::string name;
    std::string library;
};

/// One entry for each row of allocators/CMakeLists.txt, installed or not, in that order.
const std::vector<Allocator>& installed_allocators();

}  // namespace lab
