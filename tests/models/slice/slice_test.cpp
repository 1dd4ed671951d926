// slice_test: what Go promises of slices, and what C++ promises of containers.

#include "models/slice/slice.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace lab::go;
using Ints = slice<std::int64_t>;
using Strings = slice<std::string>;

template <class Slice>
std::vector<typename Slice::value_type> values(const Slice& s) {
    return {s.begin(), s.end()};
}

template <class Error, class Action>
std::string message(Action action) {
    try {
        action();
    } catch (const Error& error) {
        return error.what();
    }
    return "nothing was thrown";
}

// ---- Go ----

template <class Slice>
class Sharing : public testing::Test {};
using Shareables = testing::Types<
    Ints, slice<std::int64_t, growth::doubling, memory::moving>,
    slice<std::int64_t, growth::doubling, memory::reserving<memory::Pages::usual, 32>>>;
TYPED_TEST_SUITE(Sharing, Shareables);

TYPED_TEST(Sharing, AWriteShowsInEverySliceOfTheArray) {
    TypeParam s{0, 1, 2, 3};
    TypeParam t = s.sub(1, 3);
    t[0] = 10;
    s[2] = 20;
    EXPECT_EQ(values(s), (std::vector<std::int64_t>{0, 10, 20, 3}));
    EXPECT_EQ(values(t), (std::vector<std::int64_t>{10, 20}));
    EXPECT_EQ(t.capacity(), s.capacity() - 1);
}

TYPED_TEST(Sharing, AppendWithRoomOverwritesAndWithoutMoves) {
    TypeParam s{0, 1, 2, 3};
    TypeParam part = s.sub(0, 2);
    part.append(9);
    EXPECT_EQ(s[2], 9);
    TypeParam limited = s.sub(0, 2, 2);
    limited.append(8);
    EXPECT_EQ(s[2], 9);
    EXPECT_NE(limited.data(), s.data());
}

TYPED_TEST(Sharing, WhatLiesBehindTheLengthIsZero) {
    TypeParam s = TypeParam::make(1, 6);
    s[0] = 7;
    EXPECT_EQ(values(s.sub(0, 6)), (std::vector<std::int64_t>{7, 0, 0, 0, 0, 0}));
    TypeParam grown{1, 2, 3};
    grown.append(4);
    TypeParam whole = grown.sub(0, grown.capacity());
    for (std::size_t i = 4; i < whole.size(); ++i) EXPECT_EQ(whole[i], 0);
}

TYPED_TEST(Sharing, TheArrayLivesAsLongAsItsLastSlice) {
    TypeParam tail;
    {
        TypeParam s{1, 2, 3, 4};
        tail = s.sub(2, 4);
        for (int i = 0; i < 100; ++i) s.append(i);
    }
    EXPECT_EQ(values(tail), (std::vector<std::int64_t>{3, 4}));
}

// Go tree: src/runtime/slice_test.go and test/append.go state the same of append and copy.
TYPED_TEST(Sharing, AppendAndCopyOfTheSameArrayMoveAsIfThroughACopy) {
    TypeParam s{1, 2, 3, 4, 0, 0, 0, 0};
    TypeParam head = s.sub(0, 1);
    head.append_all(s.sub(0, 4));
    EXPECT_EQ(values(s), (std::vector<std::int64_t>{1, 1, 2, 3, 4, 0, 0, 0}));
    EXPECT_EQ(s.sub(1, 8).copy(s), 7u);
    EXPECT_EQ(values(s), (std::vector<std::int64_t>{1, 1, 1, 2, 3, 4, 0, 0}));
    EXPECT_EQ(s.copy(s.sub(2, 8)), 6u);
    EXPECT_EQ(values(s), (std::vector<std::int64_t>{1, 2, 3, 4, 0, 0, 0, 0}));
}

TYPED_TEST(Sharing, AppendOfItselfAlsoWhenItGrows) {
    TypeParam alone{1, 2, 3};
    for (int i = 0; i < 6; ++i) alone.append_all(alone);
    EXPECT_EQ(alone.size(), 3u * 64);
    for (std::size_t i = 0; i < alone.size(); ++i)
        EXPECT_EQ(alone[i], static_cast<std::int64_t>(i % 3 + 1));

    TypeParam shared{1, 2, 3};
    TypeParam other = shared.sub(1, 3);
    other.append_all(shared);
    EXPECT_EQ(values(other), (std::vector<std::int64_t>{2, 3, 1, 2, 3}));
    other.append(other[0]);
    EXPECT_EQ(other[5], 2);
}

TEST(Slice, SharedArraysMayDieInDifferentThreads) {
    Strings s{"a", "b", "c"};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([t = s.share()]() mutable {
            for (int k = 0; k < 100; ++k) t.append("x");
            ASSERT_EQ(t.size(), 103u);
        });
        s = s.sub(0, 3, 3);
    }
    s = {};
    for (std::thread& thread : threads) thread.join();
}

TEST(Slice, ElementsWithoutSizeNeverAllocate) {
    struct Nothing {};
    struct NoMemory {
        static void* allocate(std::size_t, std::size_t) { throw std::logic_error("allocated"); }
        static void* grow(void*, std::size_t, std::size_t, std::size_t, std::size_t) {
            return nullptr;
        }
        static void release(void*, std::size_t, std::size_t) {}
    };
    slice<Nothing, growth::go1_18, NoMemory> s;
    for (int i = 0; i < 1000; ++i) s.append({});
    EXPECT_EQ(s.size(), 1000u);
    EXPECT_GE(s.capacity(), 1000u);
    s.at(999) = {};
    EXPECT_EQ(s.sub(10, 20).size(), 10u);
    EXPECT_EQ((slice<Nothing, growth::go1_18, NoMemory>::make(5, std::size_t{1} << 60).capacity()),
              std::size_t{1} << 60);
}

TEST(Slice, ErrorsReadAsInGo) {
    Ints s{1, 2, 3};
    Ints t = s.sub(0, 3, 3);
    EXPECT_EQ(message<std::out_of_range>([&] { t.at(3); }), "index out of range [3] with length 3");
    EXPECT_EQ(message<std::out_of_range>([&] { t.sub(0, 4); }),
              "slice bounds out of range [:4] with capacity 3");
    EXPECT_EQ(message<std::out_of_range>([&] { t.sub(2, 1); }), "slice bounds out of range [2:1]");
    EXPECT_EQ(message<std::out_of_range>([&] { t.sub(0, 1, 4); }),
              "slice bounds out of range [::4] with capacity 3");
    EXPECT_EQ(message<std::out_of_range>([&] { t.sub(0, 3, 2); }),
              "slice bounds out of range [:3:2]");
    EXPECT_EQ(message<std::out_of_range>([&] { t.sub(2, 1, 3); }),
              "slice bounds out of range [2:1:]");
    const auto huge = std::size_t{1} << 60;
    EXPECT_EQ(message<std::length_error>([&] { Ints::make(huge); }), "makeslice: len out of range");
    EXPECT_EQ(message<std::length_error>([&] { Ints::make(0, huge); }),
              "makeslice: cap out of range");
    EXPECT_EQ(message<std::length_error>([&] { Ints::make(2, 1); }), "makeslice: cap out of range");
}

TEST(Slice, PresizingNeverMoves) {
    Ints s = Ints::make(0, 10'000);
    s.append(0);
    const auto* array = s.data();
    for (int i = 1; i < 10'000; ++i) s.append(i);
    EXPECT_EQ(s.data(), array);
    EXPECT_EQ(s.capacity(), 10'000u);
}

// ---- C++ ----

TEST(Slice, HoldsMoveOnlyElements) {
    slice<std::unique_ptr<int>> s;
    for (int i = 0; i < 1000; ++i) s.append(std::make_unique<int>(i));
    for (int i = 0; i < 1000; ++i) ASSERT_EQ(*s[static_cast<std::size_t>(i)], i);
    const slice<std::unique_ptr<int>> taken = std::move(s);
    EXPECT_EQ(taken.size(), 1000u);
    static_assert(!Shareable<std::unique_ptr<int>>);
}

TEST(Slice, OverAlignedElementsAreAligned) {
    struct alignas(64) Line {
        char bytes[64] = {};
    };
    slice<Line, growth::doubling, memory::moving> s;
    for (int i = 0; i < 100; ++i) {
        s.append({});
        ASSERT_EQ(reinterpret_cast<std::uintptr_t>(s.data()) % 64, 0u);
    }
}

// Fails the allocation that a test names.
struct Failing {
    static inline int left = -1;  // negative: never fails
    static bool fails() { return left == 0 || (left > 0 && --left == 0); }
    static void* allocate(std::size_t bytes, std::size_t align) {
        return fails() ? nullptr : memory::copying::allocate(bytes, align);
    }
    static void* grow(void* old, std::size_t old_bytes, std::size_t used, std::size_t bytes,
                      std::size_t align) {
        return fails() ? nullptr : memory::copying::grow(old, old_bytes, used, bytes, align);
    }
    static void release(void* old, std::size_t bytes, std::size_t align) {
        memory::copying::release(old, bytes, align);
    }
};

template <class T>
void survives_failure(T a, T b) {
    Failing::left = -1;
    slice<T, growth::doubling, Failing> s;
    EXPECT_NO_THROW(s.append(a));
    slice<T, growth::doubling, Failing> other = s.share();
    slice<T, growth::doubling, Failing> alone;
    alone.append(b);
    Failing::left = 0;
    EXPECT_THROW(s.append(b), std::bad_alloc);              // shared
    EXPECT_THROW(alone.append(a), std::bad_alloc);          // owned
    EXPECT_THROW(alone.append_all(alone), std::bad_alloc);  // many
    EXPECT_THROW((slice<T, growth::doubling, Failing>::make(1)), std::bad_alloc);
    Failing::left = -1;
    EXPECT_EQ(values(s), std::vector<T>{a});
    EXPECT_EQ(values(other), std::vector<T>{a});
    EXPECT_EQ(values(alone), std::vector<T>{b});
    EXPECT_EQ(s.capacity(), 1u);
    s.append(b);
    alone.append(a);
    EXPECT_EQ(values(s), (std::vector<T>{a, b}));
    EXPECT_EQ(values(alone), (std::vector<T>{b, a}));
}

TEST(Slice, FailedAllocationsChangeNothing) {
    survives_failure<std::int64_t>(1, 2);
    survives_failure<std::string>("a string too long to be stored in place",
                                  "another one, equally long");
}

TEST(Slice, AReservationThatIsFullFailsLikeAnyAllocation) {
    slice<std::int64_t, growth::doubling, memory::reserving<memory::Pages::usual, 4096, 16384>> s;
    for (int i = 0; i < 2048; ++i) s.append(i);
    EXPECT_THROW(s.append(0), std::bad_alloc);
    EXPECT_EQ(s.size(), 2048u);
    EXPECT_EQ(s[2047], 2047);
}

// Counts its live objects, and throws when the copy or move that a test names is made.
template <bool NoexceptMove>
struct Fragile {
    static inline int live = 0;
    static inline int left = -1;
    static void step() {
        if (left > 0 && --left == 0) throw std::runtime_error("fragile");
    }
    int value = 0;
    Fragile() { ++live; }
    explicit Fragile(int v) : value(v) { ++live; }
    Fragile(const Fragile& other) : value(other.value) {
        step();
        ++live;
    }
    Fragile(Fragile&& other) noexcept(NoexceptMove) : value(other.value) {
        if constexpr (!NoexceptMove) step();
        other.value = -1;
        ++live;
    }
    Fragile& operator=(const Fragile& other) {
        step();
        value = other.value;
        return *this;
    }
    ~Fragile() { --live; }
};

template <bool NoexceptMove>
void survives_every_throw() {
    using T = Fragile<NoexceptMove>;
    for (int fail = 1; fail < 40; ++fail) {
        {
            slice<T, growth::doubling> s;
            for (int i = 0; i < 8; ++i) s.append(T(i));
            slice<T, growth::doubling> source;
            for (int i = 8; i < 12; ++i) source.append(T(i));
            const std::size_t cap = s.capacity();
            T::left = fail;
            bool thrown = false;
            try {
                s.append_all(source);
                s.append(T(12));
            } catch (const std::runtime_error&) {
                thrown = true;
            }
            T::left = -1;
            ASSERT_TRUE(s.size() == 8 || s.size() == 12 || s.size() == 13);
            if (s.size() == 8) {
                EXPECT_TRUE(thrown);
                EXPECT_EQ(s.capacity(), cap);
            }
            for (std::size_t i = 0; i < s.size(); ++i)
                ASSERT_EQ(s[i].value, static_cast<int>(i)) << "fail " << fail;
        }
        ASSERT_EQ(T::live, 0) << "fail " << fail;
    }
}

TEST(Slice, AThrowingElementChangesNothingAndLeaksNothing) {
    survives_every_throw<true>();
    survives_every_throw<false>();
}

TEST(Slice, AThrowWhileSharingBeginsLeavesTheSliceOwning) {
    struct ThrowsOnThird {
        std::string text = [] {
            static int made = 0;
            if (++made == 3) throw std::runtime_error("third");
            return std::string("zero value, too long to be stored in place");
        }();
    };
    auto s = slice<ThrowsOnThird>::make(0, 4);
    EXPECT_THROW(s.share(), std::runtime_error);
    EXPECT_EQ(s.size(), 0u);
    EXPECT_EQ(s.sub(0, 4).size(), 4u);
}

}  // namespace
