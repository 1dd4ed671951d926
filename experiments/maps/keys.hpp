// keys: the n-th key of every kind, as keys_test.go of the Go peer makes it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lab::maps {

/// A bijection of 64-bit numbers (the finaliser of SplitMix64), so keys never repeat.
constexpr std::uint64_t mix(std::uint64_t i) {
    std::uint64_t z = (i + 1) * 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

/// The distance from a key that is there to one that is not.
inline constexpr std::uint64_t k_absent = std::uint64_t{1} << 32;

/// The bucket count that libstdc++ takes for 10,000 entries: an identity hash puts all multiples of
/// it into one bucket.
inline constexpr std::uint64_t k_hostile_stride = 10273;

inline std::string hex(std::uint64_t number) {
    std::array<char, 17> text{};
    std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(number));
    return {text.data(), 16};
}

struct RandomInts {
    using Key = std::int64_t;
    static constexpr const char* k_name = "int64";
    static Key at(std::uint64_t i) { return static_cast<Key>(mix(i)); }
};

struct SequentialInts {
    using Key = std::int64_t;
    static constexpr const char* k_name = "sequential";
    static Key at(std::uint64_t i) { return static_cast<Key>(i); }
};

struct HostileInts {
    using Key = std::int64_t;
    static constexpr const char* k_name = "hostile";
    static Key at(std::uint64_t i) { return static_cast<Key>(i * k_hostile_stride); }
};

/// 8 letters: 40 bits of an odd multiple of i.
struct ShortTexts {
    using Key = std::string;
    static constexpr const char* k_name = "str8";
    static Key at(std::uint64_t i) {
        constexpr std::string_view k_letters = "abcdefghijklmnopqrstuvwxyz234567";
        std::uint64_t bits = i * 0x9e3779b97f4a7c15;
        std::string text(8, ' ');
        for (char& letter : text) {
            letter = k_letters[bits & 31];
            bits >>= 5;
        }
        return text;
    }
};

/// 20 bytes: too long to lie within a std::string.
struct MiddleTexts {
    using Key = std::string;
    static constexpr const char* k_name = "str20";
    static Key at(std::uint64_t i) { return "key-" + hex(mix(i)); }
};

/// 100 bytes, of which the first 84 are the same in all.
struct LongTexts {
    using Key = std::string;
    static constexpr const char* k_name = "str100";
    static Key at(std::uint64_t i) {
        return "https://example.org/a/path/that/all/keys/have/in/common/and/that/must/be/compared/0/" +
               hex(mix(i));
    }
};

struct WideKeys {
    using Key = std::array<std::uint64_t, 8>;
    static constexpr const char* k_name = "bytes64";
    static Key at(std::uint64_t i) {
        Key key;
        for (std::size_t word = 0; word < key.size(); ++word) key[word] = mix(i) + word;
        return key;
    }
};

constexpr std::int64_t value_of(std::uint64_t i) {
    return static_cast<std::int64_t>(i) + 1;
}

/// 0 … n-1 in the order in which keys are looked up.
inline std::vector<std::size_t> shuffled(std::size_t n) {
    std::vector<std::size_t> order(n);
    std::iota(order.begin(), order.end(), std::size_t{0});
    for (std::size_t i = n; i-- > 1;) std::swap(order[i], order[mix(i) % (i + 1)]);
    return order;
}

}  // namespace lab::maps
