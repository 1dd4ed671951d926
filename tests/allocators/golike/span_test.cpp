// span_test: division by multiplication is exact, spans count right, sets lose nothing, the page map
// knows every object's begin.

#include "allocators/golike/malloc_classes.hpp"
#include "allocators/golike/page_map.hpp"
#include "allocators/golike/span.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <vector>

namespace {

using namespace golike;

TEST(Reciprocal, DividesEveryOffsetOfEverySpanExactly) {
    for (std::size_t c = 1; c < k_size_classes; ++c) {
        const std::size_t bytes = k_classes[c].bytes;
        for (std::uint32_t offset = 0; offset < k_classes[c].pages * k_page_bytes; ++offset) {
            ASSERT_EQ(object_index(offset, c), offset / bytes) << bytes;
            ASSERT_EQ(is_object_begin(offset, k_reciprocals[c]), offset % bytes == 0) << bytes;
        }
    }
    EXPECT_FALSE(is_object_begin(0, 0));
}

TEST(PageMap, PhaseAndOffsetTellEveryBegin) {
    PageMap map;
    ASSERT_TRUE(map.cover(100));
    for (std::size_t c = 1; c < k_size_classes; ++c) {
        const auto pages = static_cast<std::uint32_t>(k_classes[c].pages);
        map.set_small(20, pages, static_cast<std::uint8_t>(c));
        for (std::uint32_t page = 0; page < pages; ++page) {
            const PageMap::Entry entry = map.entry(20 + page);
            ASSERT_EQ(entry.size_class(), c);
            ASSERT_EQ(entry.page_in_span(), page);
            ASSERT_FALSE(entry.is_large());
            for (std::uint32_t at = 0; at < k_page_bytes; at += 8) {
                ASSERT_EQ(is_object_begin(at + entry.phase(), k_reciprocals[c]),
                          (page * k_page_bytes + at) % k_classes[c].bytes == 0);
            }
        }
        map.clear(20, pages);
        EXPECT_EQ(map.entry(20).bits, 0u);
    }
    map.release();
}

TEST(PageMap, GrowsAndKeepsItsEntries) {
    PageMap map;
    ASSERT_TRUE(map.cover(10));
    map.set_large(7);
    ASSERT_TRUE(map.cover(1 << 20));
    EXPECT_TRUE(map.entry(7).is_large());
    EXPECT_EQ(map.entry(7).size_class(), 0u);
    EXPECT_EQ(map.entry((1 << 20) - 1).bits, 0u);
    EXPECT_EQ(map.entry(std::uintptr_t{1} << 60).bits, 0u) << "however wild";
    map.release();
}

TEST(MallocClasses, AreAlignedAndTheSmallestThatFit) {
    for (std::size_t bytes = 0; bytes <= k_max_small; ++bytes) {
        const std::size_t c = malloc_class_times_16(bytes) / 16;
        ASSERT_GE(k_classes[c].bytes, bytes);
        ASSERT_EQ(k_classes[c].bytes % k_alignment, 0u);
        for (std::size_t smaller = 1; smaller < c; ++smaller) {
            ASSERT_TRUE(k_classes[smaller].bytes < bytes || k_classes[smaller].bytes % k_alignment != 0);
        }
    }
    for (std::size_t alignment = 32; alignment <= k_page_bytes; alignment *= 2) {
        for (std::size_t bytes = 0; bytes <= k_max_small; bytes += 7) {
            const std::size_t c = aligned_class_of(bytes, alignment);
            ASSERT_NE(c, 0u);
            ASSERT_GE(k_classes[c].bytes, bytes);
            ASSERT_EQ(k_classes[c].bytes % alignment, 0u);
        }
        EXPECT_EQ(aligned_class_of(k_max_small + 1, alignment), 0u);
    }
}

TEST(Span, HandsOutEveryObjectOnceAndSeesDoubleFrees) {
    for (const bool pointer_free : {true, false}) {
        for (std::size_t c = 1; c < k_size_classes; ++c) {
            auto span = std::make_unique<Span>();
            span->begin = 0x10000;
            span->pages = static_cast<std::uint32_t>(k_classes[c].pages);
            span->cut(static_cast<std::uint8_t>(c), pointer_free);
            const std::size_t bitmap = !pointer_free && k_classes[c].bytes <= 512 ? 128 : 0;
            ASSERT_EQ(span->objects, (span->pages * k_page_bytes - bitmap) / k_classes[c].bytes);
            std::uint32_t word = 0;
            for (std::uint32_t i = 0; i < span->objects; ++i) ASSERT_EQ(span->take_first(word), i);
            ASSERT_EQ(span->free_count, 0u);
            ASSERT_TRUE(span->put_back(span->index_of(span->object(span->objects / 2u))));
            ASSERT_FALSE(span->put_back(span->objects / 2u));
        }
    }
}

TEST(SpanSet, EqualsASetOfPointers) {
    std::vector<Span> spans(50);
    SpanSet partial(Span::Home::partial);
    std::set<const Span*> model;
    std::mt19937 random(1);
    for (int step = 0; step < 5000; ++step) {
        Span* const span = &spans[random() % spans.size()];
        if (model.insert(span).second) {
            partial.push(span);
            ASSERT_EQ(partial.first(), span);
            ASSERT_EQ(span->home, Span::Home::partial);
        } else {
            partial.remove(span);
            ASSERT_EQ(span->home, Span::Home::nowhere);
            model.erase(span);
        }
        std::set<const Span*> listed;
        for (const Span* s = partial.first(); s != nullptr; s = s->next) listed.insert(s);
        ASSERT_EQ(listed, model);
        ASSERT_EQ(partial.size(), model.size());
    }
}

}  // namespace
