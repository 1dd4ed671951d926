// no_malloc_library: a library that can be preloaded and serves no malloc.

extern "C" int lab_no_malloc();
extern "C" int lab_no_malloc() { return 0; }
