// contenders: every malloc that can be compared here: those of the system, the lab's own, the user's.
//
//   build/<preset>/bin/<program>             who asks
//   build/<preset>/lib/libgolike.so          golike
//   build/<preset>/contenders/libmine.so     alloc/mine, put there by `make … ALLOC=path/to/libmine.so`

#pragma once

#include <filesystem>
#include <vector>

#include "allocators/installed.hpp"

namespace lab {

/// The installed ones, there or not, then golike, there or not, then those of the folder by name.
/// `program` is the file that this process runs from, or would.
std::vector<Allocator> contenders(const std::filesystem::path& program);

/// The same for this process.
std::vector<Allocator> contenders();

}  // namespace lab
