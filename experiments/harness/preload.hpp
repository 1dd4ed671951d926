// preload: restarts the program under a library by LD_PRELOAD, and proves who serves malloc.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/value.hpp"

namespace lab {

/// The file that this program runs from.
std::string own_program();

/// Restarts the program under `library`, once, and then does not return. In the restarted process:
/// nothing if the library really serves malloc. Otherwise the reason why it does not.
std::optional<NotRun> serve_malloc_with(const std::string& subject, const std::string& library,
                                        char** argv);

/// True if this process, or the one that started it, is such a restarted one.
bool restarted_for(const std::string& library);

/// LD_PRELOAD with `library` in front of what is there already.
std::string preload_in_front(const std::string& library);

}  // namespace lab
