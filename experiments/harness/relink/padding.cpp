// padding: an object that only takes up room, linked first into <topic>_relinked.
//
// The sizes are multiples of 16, to keep functions aligned, but not of 64 or 4096: whatever follows
// moves to other cache lines and other pages.

namespace {

[[gnu::used]] char data_padding[1072] = {1};

[[gnu::used, gnu::noinline]] void code_padding() { asm volatile(".skip 4144"); }

}  // namespace
