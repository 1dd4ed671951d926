// mixes: sizes of blocks as fleets of servers ask for them.
//
//   share of blocks up to     64 B   256 B   1 KiB   8 KiB  32 KiB   1 MiB
//     lean                    72 %    94 %    98 %  99.7 % 99.98 %   100 %
//     heavy                   59 %    80 %    88 %  98.0 %  99.9 %   100 %
//
// Published fleet profiles (fleetbench's ten, as summarised in docs) have 59–72 % of all blocks up to
// 64 bytes, 80–94 % up to 256, 88–98 % up to 1 KiB, at least 99 % up to 32 KiB, and means of 197 to
// 1334 bytes. The two mixes are the ends of that range. Within a bucket sizes are spread evenly on a
// logarithmic scale.
//
// Gives up    How sizes follow each other: real programs ask for the same size many times in a row.

#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "memory.hpp"

namespace lab::allocation {

struct Bucket {
    double up_to_share;
    double up_to_bytes;
};
using Mix = std::array<Bucket, 6>;

inline constexpr double k_smallest_bytes = 8;
inline constexpr Mix k_lean{{{0.72, 64}, {0.94, 256}, {0.98, 1024}, {0.997, 8192}, {0.9998, 32768}, {1, 1048576}}};
inline constexpr Mix k_heavy{{{0.59, 64}, {0.80, 256}, {0.88, 1024}, {0.98, 8192}, {0.999, 32768}, {1, 1048576}}};

/// The size below which `share` of all blocks lie, at least 8 bytes.
inline std::size_t quantile(const Mix& mix, double share) {
    double from_share = 0;
    double from_bytes = k_smallest_bytes;
    for (const Bucket& bucket : mix) {
        if (share <= bucket.up_to_share) {
            const double part = (share - from_share) / (bucket.up_to_share - from_share);
            return static_cast<std::size_t>(from_bytes * std::pow(bucket.up_to_bytes / from_bytes, part));
        }
        from_share = bucket.up_to_share;
        from_bytes = bucket.up_to_bytes;
    }
    return static_cast<std::size_t>(mix.back().up_to_bytes);
}

/// 65536 sizes of the mix in random order, so that drawing one costs a load: each mix exactly, the
/// same in every process.
inline std::vector<std::uint32_t> sizes_of(const Mix& mix) {
    constexpr std::size_t k_sizes = 65536;
    std::vector<std::uint32_t> sizes(k_sizes);
    for (std::size_t i = 0; i < k_sizes; ++i) {
        const double share = (static_cast<double>(i) + 0.5) / k_sizes;
        sizes[i] = static_cast<std::uint32_t>(quantile(mix, share));
    }
    Rng rng{0x9e3779b97f4a7c15U};
    for (std::size_t i = k_sizes - 1; i > 0; --i) std::swap(sizes[i], sizes[rng.below(i + 1)]);
    return sizes;
}

}  // namespace lab::allocation
