// PageBits: one bit for each of the 512 pages of a chunk (4 MiB), and Summary, what a search needs
// to know of a piece of the heap without looking inside.
//
//   bits     1 1 1 0 0 1 1 1 1 0 ... 0 1 1      1: the page has the property (free, or dirty)
//   summary  start = 3   max = 4   end = 2      pages free at the begin, in the longest run, at the end
//
// Invariants  start, end <= max <= pages of the piece; a wholly free piece has all three equal.
// Costs       12 bytes a summary. Go packs one into 8 (mpagealloc.go), since it keeps them for all
//             addresses there are, and must then unpack.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

namespace golike {

inline constexpr std::uint32_t k_chunk_pages = 512;

class Summary {
public:
    constexpr Summary() = default;
    constexpr Summary(std::uint32_t start, std::uint32_t max, std::uint32_t end)
        : start_(start), max_(max), end_(end) {}

    constexpr std::uint32_t start() const { return start_; }
    constexpr std::uint32_t max() const { return max_; }
    constexpr std::uint32_t end() const { return end_; }
    friend constexpr bool operator==(Summary, Summary) = default;

private:
    std::uint32_t start_ = 0;
    std::uint32_t max_ = 0;
    std::uint32_t end_ = 0;
};

/// The first bit of the first run of `length` ones (1 to 64) in `bits`; 64 if there is none.
constexpr std::uint32_t find_run_in_word(std::uint64_t bits, std::uint32_t length) {
    // After the loop a bit is one if it begins a run: each step joins runs already known.
    if (length > 64) return 64;
    std::uint32_t known = 1;
    while (known < length && bits != 0) {
        const std::uint32_t step = std::min(known, length - known);
        bits &= bits >> step;
        known += step;
    }
    return static_cast<std::uint32_t>(std::countr_zero(bits));
}

constexpr std::uint32_t longest_run_in_word(std::uint64_t bits) {
    std::uint32_t longest = 0;
    while (bits != 0) {
        bits >>= std::countr_zero(bits);
        const int run = std::countr_one(bits);
        longest = std::max(longest, static_cast<std::uint32_t>(run));
        bits = run == 64 ? 0 : bits >> run;
    }
    return longest;
}

class PageBits {
public:
    static constexpr std::uint32_t k_none = k_chunk_pages;

    void set(std::uint32_t first, std::uint32_t count) {
        each_word(first, count, [this](std::uint32_t w, std::uint64_t mask) { words_[w] |= mask; });
    }
    void clear(std::uint32_t first, std::uint32_t count) {
        each_word(first, count, [this](std::uint32_t w, std::uint64_t mask) { words_[w] &= ~mask; });
    }
    std::uint32_t count(std::uint32_t first, std::uint32_t count) const {
        int ones = 0;
        each_word(first, count, [&](std::uint32_t w, std::uint64_t mask) {
            ones += std::popcount(words_[w] & mask);
        });
        return static_cast<std::uint32_t>(ones);
    }
    bool test(std::uint32_t bit) const { return words_[bit / 64] >> bit % 64 & 1; }
    std::uint64_t word(std::uint32_t index) const { return words_[index]; }
    void set_word(std::uint32_t index, std::uint64_t value) { words_[index] = value; }

    /// The first bit at or after `from` that is one (or zero); k_none if there is none.
    std::uint32_t next(std::uint32_t from, bool one) const {
        for (std::uint32_t w = from / 64; w < words_.size(); ++w) {
            std::uint64_t bits = one ? words_[w] : ~words_[w];
            if (w == from / 64) bits &= ~std::uint64_t{0} << from % 64;
            if (bits != 0) return w * 64 + static_cast<std::uint32_t>(std::countr_zero(bits));
        }
        return k_none;
    }

    /// The last one of all; k_none if there is none.
    std::uint32_t last() const {
        for (std::uint32_t w = k_chunk_pages / 64; w-- > 0;) {
            if (words_[w] != 0) {
                return w * 64 + 63 - static_cast<std::uint32_t>(std::countl_zero(words_[w]));
            }
        }
        return k_none;
    }

    /// Where the run of ones that ends with `bit` begins.
    std::uint32_t run_begin(std::uint32_t bit) const {
        while (bit > 0 && test(bit - 1)) --bit;
        return bit;
    }

    /// The first bit of the first run of `length` ones; k_none if there is none.
    std::uint32_t find(std::uint32_t length) const {
        if (length == 1) return next(0, true);
        std::uint32_t begin = next(0, true);
        while (begin < k_none) {
            const std::uint32_t end = next(begin, false);
            if (end - begin >= length) return begin;
            begin = end < k_none ? next(end, true) : k_none;
        }
        return k_none;
    }

    Summary summarize() const {
        std::uint32_t start = k_chunk_pages, max = 0, run = 0;
        for (const std::uint64_t word : words_) {
            if (word == ~std::uint64_t{0}) {
                run += 64;
                continue;
            }
            run += static_cast<std::uint32_t>(std::countr_one(word));
            if (start == k_chunk_pages) start = run;
            max = std::max(max, run);
            if (find_run_in_word(word, max + 1) < 64) max = longest_run_in_word(word);
            run = static_cast<std::uint32_t>(std::countl_one(word));
        }
        if (start == k_chunk_pages) return {run, run, run};
        return {start, std::max(max, run), run};
    }

private:
    template <class Action>
    static void each_word(std::uint32_t first, std::uint32_t count, Action action) {
        while (count > 0) {
            const std::uint32_t bit = first % 64;
            const std::uint32_t here = std::min(count, 64 - bit);
            const std::uint64_t ones = here == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << here) - 1;
            action(first / 64, ones << bit);
            first += here;
            count -= here;
        }
    }

    std::array<std::uint64_t, k_chunk_pages / 64> words_{};
};

}  // namespace golike
