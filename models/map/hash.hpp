// hash: the maps' hash functions, each with a seed that every map draws for itself.
//
//   key ^ seed  --times a second secret-->  [ high | low ]  --each ^ a secret, multiplied-->  folded
//
// All 64 bits of a hash may be used, high and low alike. A key that is equal to another has the same
// hash: -0.0 and 0.0 too. A NaN is equal to nothing, so its hash is drawn anew each time, as in Go;
// else a million of them would share one place.
//
// Invariants  Both factors of every multiplication depend on the seed. With a public factor, keys that
//             contain it make the product 0 and so collide under every seed.
// Costs       An integer: two multiplications. A string: one a 16 bytes, and two for the rest.
// Gives up    Go's hash values: they come from AES instructions and its own seeds.
// Rejected    One multiplication: keys a multiple of 1024 apart then fill buckets so evenly that 3 %
//             overflow at load 6.5, not the 21 % of random hashes that Go's have (hash_test.cpp).
//             Multiplying without folding, high bits only: keys that differ in their high bits alone
//             then share all control bytes, and an unlucky seed puts a sequence in few places.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <string_view>
#include <type_traits>

namespace lab::go {

namespace hashing {

// Digits of pi: odd, and half of their bits are set.
inline constexpr std::uint64_t k_first = 0x243f6a8885a308d3;
inline constexpr std::uint64_t k_second = 0xa4093822299f31d1;

constexpr std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
    __extension__ using Product = unsigned __int128;
    const Product product = static_cast<Product>(a) * b;
    return static_cast<std::uint64_t>(product >> 64) ^ static_cast<std::uint64_t>(product);
}

/// Two words that depend on the seed and differ from it.
constexpr std::uint64_t second_secret(std::uint64_t seed) { return k_second ^ (seed << 1); }
constexpr std::uint64_t third_secret(std::uint64_t seed) { return k_first ^ (seed >> 1); }

constexpr std::uint64_t finish(std::uint64_t a, std::uint64_t b, std::uint64_t seed) {
    __extension__ using Product = unsigned __int128;
    const Product product = static_cast<Product>(a ^ seed) * (b ^ second_secret(seed));
    return fold(static_cast<std::uint64_t>(product) ^ third_secret(seed),
                static_cast<std::uint64_t>(product >> 64) ^ seed);
}

constexpr std::uint64_t word(std::uint64_t key, std::uint64_t seed) {
    return finish(key, 0, seed);
}

/// A sequence in which every 64-bit number comes once; each map and each NaN draws one.
class Sequence {
   public:
    explicit Sequence(std::uint64_t start) : state_(start) {}
    std::uint64_t next() {
        state_ += k_second;
        return fold(state_ ^ k_first, state_ | 1);
    }

   private:
    std::uint64_t state_;
};

inline Sequence& seeds() {
    thread_local Sequence sequence((std::uint64_t{std::random_device{}()} << 32) ^
                                   std::random_device{}());
    return sequence;
}

/// From here on, this thread's maps get the same seeds and orders every time. For tests.
inline void restart_seeds(std::uint64_t start) {
    seeds() = Sequence(start);
}

inline std::uint64_t fresh_seed() {
    return seeds().next();
}

inline std::uint64_t read8(const char* from) {
    std::uint64_t word;
    std::memcpy(&word, from, 8);
    return word;
}

inline std::uint64_t read4(const char* from) {
    std::uint32_t word;
    std::memcpy(&word, from, 4);
    return word;
}

/// Any bytes. Overlapping reads at both ends, so that no length needs a loop over single bytes.
inline std::uint64_t bytes(const char* from, std::size_t size, std::uint64_t seed) {
    std::uint64_t state = third_secret(seed);
    std::uint64_t a;
    std::uint64_t b;
    if (size > 16) {
        const char* const last = from + size - 16;
        for (; from < last; from += 16)
            state = fold(read8(from) ^ second_secret(seed), read8(from + 8) ^ state);
        a = read8(last);
        b = read8(last + 8);
    } else if (size >= 8) {
        a = read8(from);
        b = read8(from + size - 8);
    } else if (size >= 4) {
        a = read4(from);
        b = read4(from + size - 4);
    } else if (size > 0) {
        const auto at = [from](std::size_t i) { return static_cast<unsigned char>(from[i]); };
        a = (std::uint64_t{at(0)} << 16) | (std::uint64_t{at(size / 2)} << 8) | at(size - 1);
        b = 0;
    } else {
        a = b = 0;
    }
    return finish(a ^ state, b ^ size, seed);
}

}  // namespace hashing

/// hash(key, seed). Specialise it for a type of your own, or give the map another Hash.
template <class K>
struct seeded_hash;

template <class K>
    requires std::integral<K> || std::is_enum_v<K> || std::is_pointer_v<K>
struct seeded_hash<K> {
    static_assert(sizeof(K) <= 8);
    std::uint64_t operator()(K key, std::uint64_t seed) const noexcept {
        if constexpr (std::is_pointer_v<K>) {
            return hashing::word(reinterpret_cast<std::uintptr_t>(key), seed);
        } else {
            return hashing::word(static_cast<std::uint64_t>(key), seed);
        }
    }
};

template <std::floating_point K>
    requires(sizeof(K) <= 8)
struct seeded_hash<K> {
    std::uint64_t operator()(K key, std::uint64_t seed) const noexcept {
        if (key != key) return hashing::fresh_seed();
        const double same = key == 0 ? 0.0 : static_cast<double>(key);
        return hashing::word(std::bit_cast<std::uint64_t>(same), seed);
    }
};

template <>
struct seeded_hash<std::string_view> {
    using is_transparent = void;  // a string may be looked up by anything that is a view
    std::uint64_t operator()(std::string_view key, std::uint64_t seed) const noexcept {
        return hashing::bytes(key.data(), key.size(), seed);
    }
};
template <>
struct seeded_hash<std::string> : seeded_hash<std::string_view> {};

/// Arrays and structs without padding, compared byte by byte.
template <class K>
    requires(std::is_class_v<K> && std::has_unique_object_representations_v<K>)
struct seeded_hash<K> {
    std::uint64_t operator()(const K& key, std::uint64_t seed) const noexcept {
        return hashing::bytes(reinterpret_cast<const char*>(&key), sizeof(K), seed);
    }
};

/// Whether assigning to an entry stores the new key over an equal old one, as Go does where equal
/// keys can be told apart: 0.0 and -0.0.
template <class K>
inline constexpr bool k_assignment_updates_key = std::floating_point<K>;

}  // namespace lab::go
