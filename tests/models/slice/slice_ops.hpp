// slice_ops: one body that does what a string of bytes says to slices and to a reference, and
// compares.
//
// The reference holds each array as a plain vector of its full capacity, all zero at first, and
// each slice as array, offset, length and capacity: Go's definition, without any trick. After every
// step all slices agree in length, capacity and elements, and two slices share elements exactly
// where the reference says so. Used with random bytes, with the stored corpus, and by libFuzzer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "models/slice/slice.hpp"

namespace lab::test {

template <class T>
T element(std::uint32_t number) {
    if constexpr (std::is_same_v<T, std::string>) {
        return number == 0 ? T() : T(number % 40, 'x') + std::to_string(number);
    } else {
        return static_cast<T>(number);
    }
}

/// Reads what to do next; an empty string does nothing more.
class Script {
   public:
    explicit Script(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
    bool ends() const { return bytes_.empty(); }
    std::size_t below(std::size_t limit) {
        if (bytes_.empty() || limit == 0) return 0;
        const std::size_t byte = bytes_.front();
        bytes_ = bytes_.subspan(1);
        return byte % limit;
    }

   private:
    std::span<const std::uint8_t> bytes_;
};

template <class T, class Growth, class Memory>
class SliceOps {
   public:
    /// The empty string, or the first thing that differs from the reference.
    static std::string run(std::span<const std::uint8_t> bytes) {
        Script script(bytes);
        SliceOps ops;
        for (std::size_t step = 0; !script.ends(); ++step) {
            const std::string what = ops.step(script);
            const std::string difference = ops.compare();
            if (!difference.empty())
                return "step " + std::to_string(step) + ", " + what + ": " + difference;
        }
        return "";
    }

   private:
    using Slice = go::slice<T, Growth, Memory>;
    struct Reference {
        std::shared_ptr<std::vector<T>> array;
        std::size_t offset = 0;
        std::size_t len = 0;
        std::size_t cap = 0;

        T& at(std::size_t i) const { return (*array)[offset + i]; }
        std::vector<T> values() const {
            std::vector<T> out;
            for (std::size_t i = 0; i < len; ++i) out.push_back(at(i));
            return out;
        }
    };
    struct Pair {
        Slice real;
        Reference reference;
    };
    static constexpr std::size_t k_slices = 6;
    static constexpr std::size_t k_longest = 5000;

    static void append(Reference& r, const std::vector<T>& values) {
        if (r.len + values.size() > r.cap) {
            const std::size_t cap = Growth{}.next(r.cap, r.len + values.size(), sizeof(T));
            auto fresh = std::make_shared<std::vector<T>>(cap);
            for (std::size_t i = 0; i < r.len; ++i) (*fresh)[i] = r.at(i);
            r = {std::move(fresh), 0, r.len, cap};
        }
        for (const T& value : values) r.at(r.len++) = value;
    }

    static Reference sub(const Reference& r, std::size_t from, std::size_t to, std::size_t limit) {
        return {r.array, r.offset + from, to - from, limit - from};
    }

    void place(Script& script, Pair made) {
        if (pairs_.size() < k_slices) {
            pairs_.push_back(std::move(made));
        } else {
            pairs_[script.below(k_slices)] = std::move(made);
        }
    }

    std::string step(Script& script) {
        if (pairs_.empty()) pairs_.push_back({});
        Pair& p = pairs_[script.below(pairs_.size())];
        const std::size_t cap = p.real.capacity();
        switch (script.below(9)) {
            case 0: {
                const T value = element<T>(++number_);
                p.real.append(value);
                append(p.reference, {value});
                return "append one";
            }
            case 1: {
                for (std::size_t i = script.below(64); i > 0 && p.real.size() < k_longest; --i) {
                    const T value = element<T>(++number_);
                    p.real.append(value);
                    append(p.reference, {value});
                }
                return "append some";
            }
            case 2: {
                Pair& from = pairs_[script.below(pairs_.size())];
                if (p.real.size() + from.real.size() > k_longest) return "skip";
                const std::vector<T> values = from.reference.values();
                p.real.append_all(from.real);
                append(p.reference, values);
                return "append a slice";
            }
            case 3: {
                const std::size_t to = script.below(cap + 1);
                const std::size_t from = script.below(to + 1);
                place(script, {p.real.sub(from, to), sub(p.reference, from, to, cap)});
                return "s[a:b]";
            }
            case 4: {
                const std::size_t limit = script.below(cap + 1);
                const std::size_t to = script.below(limit + 1);
                const std::size_t from = script.below(to + 1);
                place(script, {p.real.sub(from, to, limit), sub(p.reference, from, to, limit)});
                return "s[a:b:c]";
            }
            case 5: {
                if (p.real.empty()) return "skip";
                const std::size_t i = script.below(p.real.size());
                p.real[i] = element<T>(++number_);
                p.reference.at(i) = element<T>(number_);
                return "s[i] = x";
            }
            case 6: {
                Pair& from = pairs_[script.below(pairs_.size())];
                const std::vector<T> values = from.reference.values();
                const std::size_t count = std::min(values.size(), p.real.size());
                if (p.real.copy(from.real) != count) return "copy returned another count";
                for (std::size_t i = 0; i < count; ++i) p.reference.at(i) = values[i];
                return "copy";
            }
            case 7: {
                const std::size_t room = script.below(40);
                const std::size_t len = script.below(room + 1);
                place(script, {Slice::make(len, room),
                               {std::make_shared<std::vector<T>>(room), 0, len, room}});
                return "make";
            }
            default: {
                place(script, {p.real.share(), p.reference});
                return "t = s";
            }
        }
    }

    std::string compare() {
        for (std::size_t k = 0; k < pairs_.size(); ++k) {
            const auto& [real, reference] = pairs_[k];
            const std::string name = "slice " + std::to_string(k);
            if (real.size() != reference.len) return name + " has another length";
            if (real.capacity() != reference.cap) return name + " has another capacity";
            for (std::size_t i = 0; i < real.size(); ++i) {
                if (real[i] != reference.at(i)) return name + "[" + std::to_string(i) + "] differs";
            }
            for (std::size_t j = 0; j < k; ++j) {
                const Pair& other = pairs_[j];
                if (real.empty() || other.real.empty()) continue;
                const bool same_place = real.data() == other.real.data();
                const bool expected = reference.array == other.reference.array &&
                                      reference.offset == other.reference.offset;
                if (same_place != expected)
                    return name + " and " + std::to_string(j) + " share wrongly";
            }
        }
        return "";
    }

    std::vector<Pair> pairs_;
    std::uint32_t number_ = 0;
};

/// All combinations of element and memory that differ in code; the first byte chooses one.
inline std::string run_slice_ops(std::span<const std::uint8_t> bytes) {
    using namespace lab::go;
    if (bytes.empty()) return "";
    const auto rest = bytes.subspan(1);
    // Thresholds so low that short slices cross them.
    using Reserving = memory::reserving<memory::Pages::usual, 512, std::size_t{1} << 20>;
    switch (bytes[0] % 6) {
        case 0:
            return SliceOps<std::int64_t, growth::go1_18, memory::copying>::run(rest);
        case 1:
            return SliceOps<std::int64_t, growth::doubling, memory::moving>::run(rest);
        case 2:
            return SliceOps<std::int64_t, growth::go1_17, Reserving>::run(rest);
        case 3:
            return SliceOps<std::uint8_t, growth::go1_18, memory::moving>::run(rest);
        case 4:
            return SliceOps<std::string, growth::go1_18, memory::copying>::run(rest);
        default:
            return SliceOps<std::string, growth::one_and_a_half, Reserving>::run(rest);
    }
}

}  // namespace lab::test
