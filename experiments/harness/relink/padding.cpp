// padding: an object that only takes up room, linked first into <topic>_relinked.
//
// The sizes move whatever follows to another page and, as functions begin at multiples of 16, by 48
// bytes within its cache line.

namespace {

[[gnu::used]] char data_padding[1072] = {1};

[[gnu::used, gnu::noinline]] void code_padding() { asm volatile(".skip 4128"); }

}  // namespace
