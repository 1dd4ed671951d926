// bucket_ops_fuzz: the entry point for libFuzzer; not part of the build. Its corpus is that of
// swiss_ops_fuzz, with one byte in front that chooses the map.
//
//   clang++ -std=c++20 -g -O1 -fsanitize=fuzzer,address,undefined -I.
//   tests/models/map/bucket_ops_fuzz.cpp -o fuzz
//   ./fuzz

#include <cstdio>

#include "tests/models/map/bucket_ops.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    lab::go::hashing::restart_seeds(size);
    const std::string difference = lab::test::run_bucket_ops({data, size});
    if (!difference.empty()) {
        std::fprintf(stderr, "%s\n", difference.c_str());
        __builtin_trap();
    }
    return 0;
}
