// heap_test: the class face decides as Go does, and nothing overlaps, with one thread and with four.

#include "allocators/golike/heap.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <random>
#include <set>
#include <thread>
#include <vector>

namespace {

using namespace golike;

struct HeapTest : testing::Test {
    std::unique_ptr<Heap> heap = std::make_unique<Heap>(std::size_t{1} << 30);
    Heap::Cache cache;

    std::uintptr_t address(std::size_t bytes, Pointers pointers) {
        return reinterpret_cast<std::uintptr_t>(heap->allocate(cache, bytes, pointers));
    }
};

TEST_F(HeapTest, ObjectsOfAClassFollowEachOther) {
    const std::uintptr_t first = address(33, Pointers::none);
    for (std::uintptr_t i = 1; i < 170; ++i) ASSERT_EQ(address(33, Pointers::none), first + i * 48);
    EXPECT_EQ(address(33, Pointers::none), first + k_page_bytes) << "170 objects fill a span";
}

TEST_F(HeapTest, PointersHaveSpansOfTheirOwn) {
    const Span* with = heap->span_of(heap->allocate(cache, 64, Pointers::some));
    const Span* without = heap->span_of(heap->allocate(cache, 64, Pointers::none));
    EXPECT_NE(with, without);
    EXPECT_FALSE(with->pointer_free);
    EXPECT_TRUE(without->pointer_free);
    EXPECT_EQ(without->objects, 128u);
    EXPECT_EQ(with->objects, 126u) << "the bitmap takes 128 bytes of the span";
}

TEST_F(HeapTest, LargeObjectsWithPointersHaveAHeader) {
    EXPECT_EQ(heap->span_of(heap->allocate(cache, 1024, Pointers::some))->object_bytes(), 1152u);
    EXPECT_EQ(heap->span_of(heap->allocate(cache, 1024, Pointers::none))->object_bytes(), 1024u);
    EXPECT_EQ(address(1024, Pointers::some) % 16, 8u);
    EXPECT_EQ(heap->span_of(heap->allocate(cache, 512, Pointers::some))->object_bytes(), 512u);
    EXPECT_EQ(heap->span_of(heap->allocate(cache, 32760, Pointers::some))->object_bytes(), 32768u);
    EXPECT_EQ(heap->span_of(heap->allocate(cache, 32761, Pointers::none)), nullptr) << "pages, no class";
}

TEST_F(HeapTest, TinyObjectsShareABlock) {
    const std::uintptr_t a = address(1, Pointers::none);
    EXPECT_EQ(address(8, Pointers::none), a + 8) << "aligned by its size";
    const std::uintptr_t b = address(8, Pointers::none);
    EXPECT_EQ(b, a + 16) << "the first block is full";
    EXPECT_EQ(address(2, Pointers::none), b + 8);
    EXPECT_EQ(address(4, Pointers::none), b + 12);
    EXPECT_EQ(address(12, Pointers::none), b + 16);
    EXPECT_EQ(address(8, Pointers::some) % 8, 0u) << "with pointers: a class of its own";
    EXPECT_FALSE(heap->release(reinterpret_cast<void*>(a), 1, Pointers::none));
}

TEST_F(HeapTest, NothingHasOneAddress) {
    EXPECT_EQ(heap->allocate(cache, 0, Pointers::none), heap->allocate(cache, 0, Pointers::some));
}

TEST_F(HeapTest, AFreedObjectComesBackWithItsSpanZeroed) {
    std::vector<void*> objects;
    for (int i = 0; i < 8; ++i) objects.push_back(heap->allocate(cache, 1024, Pointers::none));
    std::memset(objects[3], 1, 1024);
    EXPECT_TRUE(heap->release(objects[3], 1024, Pointers::none));
    EXPECT_FALSE(heap->release(objects[3], 1024, Pointers::none)) << "free already";
    void* const again = heap->allocate(cache, 1024, Pointers::none);
    EXPECT_EQ(again, objects[3]) << "the span was given back full but for it";
    const auto* bytes = static_cast<unsigned char*>(again);
    EXPECT_EQ(std::count(bytes, bytes + 1024, 0), 1024);
}

TEST_F(HeapTest, EverythingFreedIsPagesAgain) {
    std::mt19937 random(3);
    struct Object { void* at; std::size_t bytes; Pointers pointers; };
    std::vector<Object> objects;
    for (int i = 0; i < 20000; ++i) {
        const std::size_t bytes = 16 + (random() % 50 ? random() % 2000 : random() % 100000);
        const auto pointers = random() % 2 ? Pointers::some : Pointers::none;
        objects.push_back({heap->allocate(cache, bytes, pointers), bytes, pointers});
        ASSERT_NE(objects.back().at, nullptr);
    }
    std::shuffle(objects.begin(), objects.end(), random);
    for (const Object& o : objects) ASSERT_TRUE(heap->release(o.at, o.bytes, o.pointers));
    heap->close(cache);
    for (std::size_t c = 2; c < k_span_classes; ++c) heap->central(c).release_free_spans(heap->pages());
    const PageHeap::Totals totals = heap->pages().totals();
    EXPECT_EQ(totals.free, totals.grown);
}

TEST_F(HeapTest, FourThreadsNeverShareAByte) {
    struct Object { unsigned char* at; std::size_t bytes; Pointers pointers; unsigned char tag; };
    constexpr int k_slots = 512;
    std::vector<std::atomic<Object*>> slots(k_slots);
    std::atomic<int> damaged{0};
    const auto check_and_free = [&](const Object* o) {
        for (std::size_t i = 0; i < o->bytes; ++i) damaged += o->at[i] != o->tag;
        damaged += !heap->release(o->at, o->bytes, o->pointers);
        delete o;
    };
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            Heap::Cache own;
            std::mt19937 random(t);
            for (int i = 0; i < 8000; ++i) {
                const std::size_t bytes = 16 + random() % (i % 20 ? 500 : 40000);
                const auto pointers = random() % 2 ? Pointers::some : Pointers::none;
                const auto tag = static_cast<unsigned char>(random());
                auto* at = static_cast<unsigned char*>(heap->allocate(own, bytes, pointers));
                for (std::size_t b = 0; b < bytes; ++b) damaged += at[b] != 0;
                std::memset(at, tag, bytes);
                if (const Object* old = slots[random() % k_slots].exchange(new Object{at, bytes, pointers, tag})) {
                    check_and_free(old);
                }
            }
            heap->close(own);
        });
    }
    for (auto& thread : threads) thread.join();
    for (auto& slot : slots) {
        if (const Object* o = slot.load()) check_and_free(o);
    }
    EXPECT_EQ(damaged, 0);
}

}  // namespace
