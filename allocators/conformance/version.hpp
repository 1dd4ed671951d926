// version: what the malloc of this process says of its own version.

#pragma once

namespace lab::conformance {

/// Adds a note, if the library has a function that tells.
void note_version();

}  // namespace lab::conformance
