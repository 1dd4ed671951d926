// page_heap_test: runs of pages against a model of one flag a page, and the pieces under it.

#include "allocators/golike/page_cache.hpp"
#include "allocators/golike/page_heap.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

namespace {

using namespace golike;

constexpr std::size_t k_region_bytes = std::size_t{1} << 30;

struct HeapTest : testing::Test {
    HeapTest() { heap->start(Region::reserved(k_region_bytes)); }
    ~HeapTest() override { heap->release(); }
    std::unique_ptr<PageHeap> heap = std::make_unique<PageHeap>();
};

/// One flag a page, and the slowest search that can be right.
struct Model {
    std::vector<bool> free;

    std::uint32_t first_fit(std::uint32_t pages, std::uint32_t alignment) const {
        const std::uint32_t wanted = pages + alignment - 1;
        std::uint32_t run = 0;
        for (std::uint32_t page = 0; page < free.size(); ++page) {
            run = free[page] ? run + 1 : 0;
            if (run == wanted) return (page + 1 - run + alignment - 1) / alignment * alignment;
        }
        return PageSummary::k_none;
    }
    void set(std::uint32_t first, std::uint32_t pages, bool is_free) {
        if (free.size() < first + pages) free.resize(first + pages, false);
        std::fill_n(free.begin() + first, pages, is_free);
    }
};

void expect_equal(PageHeap& heap, const Model& model) {
    ASSERT_EQ(heap.end_page(), model.free.size());
    for (std::uint32_t page = 0; page < model.free.size(); ++page) {
        const PageBits& bits = heap.free_bits(page / k_chunk_pages);
        ASSERT_EQ(bits.test(page % k_chunk_pages), model.free[page]) << "page " << page;
    }
    for (std::uint32_t chunk = 0; chunk * k_chunk_pages < heap.end_page(); ++chunk) {
        ASSERT_EQ(heap.summary().at(4, chunk), heap.free_bits(chunk).summarize()) << "chunk " << chunk;
        for (std::uint32_t w = 0; w < k_chunk_pages / 64; ++w) {
            ASSERT_EQ(heap.dirty_bits(chunk).word(w) & ~heap.free_bits(chunk).word(w), 0u);
        }
    }
    for (std::uint32_t level = 4; level-- > 0;) {
        Summary below[8];
        for (std::uint32_t i = 0; i < 8; ++i) below[i] = heap.summary().at(level + 1, i);
        ASSERT_EQ(heap.summary().at(level, 0),
                  PageSummary::merge(below, PageSummary::pages_per_entry(level + 1)));
    }
}

TEST_F(HeapTest, TakesWhatAModelTakes) {
    for (unsigned seed = 1; seed <= 8; ++seed) {
        std::mt19937 random(seed);
        auto own = std::make_unique<PageHeap>();
        own->start(Region::reserved(k_region_bytes));
        Model model;
        std::vector<PageRange> live;
        const unsigned longest = seed % 2 ? 40 : 1500;
        for (int step = 0; step < 1500; ++step) {
            if (live.empty() || random() % 5 < 3) {
                const auto pages = static_cast<std::uint32_t>(1 + random() % longest);
                const std::uint32_t alignment = random() % 8 ? 1 : 1u << random() % 6;
                std::uint32_t expected = model.first_fit(pages, alignment);
                const PageRun run = own->allocate(pages, alignment);
                if (run.pages == 0) continue;  // the region is full
                if (expected == PageSummary::k_none) {
                    model.set(static_cast<std::uint32_t>(model.free.size()),
                              own->end_page() - static_cast<std::uint32_t>(model.free.size()), true);
                    expected = model.first_fit(pages, alignment);
                }
                ASSERT_EQ(run.first, expected) << "seed " << seed << ", step " << step;
                model.set(run.first, pages, false);
                live.push_back(run);
            } else {
                const std::size_t i = random() % live.size();
                own->free(live[i]);
                model.set(live[i].first, live[i].pages, true);
                live[i] = live.back();
                live.pop_back();
            }
            if (step % 100 == 0) expect_equal(*own, model);
        }
        expect_equal(*own, model);
        for (const PageRange& range : live) own->free(range);
        EXPECT_EQ(own->totals().free, own->totals().grown);
        own->release();
    }
}

TEST_F(HeapTest, ARunMayCrossChunks) {
    const PageRun run = heap->allocate(3 * k_chunk_pages + 7);
    ASSERT_EQ(run.pages, 3 * k_chunk_pages + 7);
    std::memset(reinterpret_cast<void*>(heap->address(run.first)), 1, run.pages * k_page_bytes);
    heap->free(run);
    const PageRun again = heap->allocate(2 * k_chunk_pages);
    EXPECT_EQ(again.first, run.first);
}

TEST_F(HeapTest, TellsWhichPagesAreDirty) {
    const PageRun run = heap->allocate(10);
    EXPECT_EQ(run.dirty_count, 0u);
    heap->free({run.first + 2, 3});
    heap->free({run.first + 7, 3});
    const PageRun low = heap->allocate(3);
    EXPECT_EQ(low.first, run.first + 2);
    ASSERT_EQ(low.dirty_count, 1u);
    EXPECT_EQ(low.dirty[0].first, low.first);
    EXPECT_EQ(low.dirty[0].pages, 3u);
    const PageRun high = heap->allocate(5);  // three dirty pages and two that were never touched
    ASSERT_EQ(high.first, run.first + 7);
    ASSERT_EQ(high.dirty_count, 1u);
    EXPECT_EQ(high.dirty[0].pages, 3u);
}

TEST_F(HeapTest, WhatIsScavengedReadsAsZero) {
    const PageRun run = heap->allocate(100);
    auto* const bytes = reinterpret_cast<unsigned char*>(heap->address(run.first));
    std::memset(bytes, 7, 100 * k_page_bytes);
    heap->free(run);
    EXPECT_EQ(heap->scavenge(0), 100u);
    EXPECT_EQ(heap->totals().dirty, 0u);
    const PageRun again = heap->allocate(100);
    EXPECT_EQ(again.first, run.first);
    EXPECT_EQ(again.dirty_count, 0u);
    EXPECT_EQ(std::count(bytes, bytes + 100 * k_page_bytes, 0), std::ptrdiff_t{100} * 8192);
}

TEST_F(HeapTest, KeepsATenthAndGivesTheRestBack) {
    const PageRun used = heap->allocate(20480);
    const PageRun gone = heap->allocate(20480);
    std::memset(reinterpret_cast<void*>(heap->address(gone.first)), 1, 1);
    heap->free(gone);
    const auto kept = heap->totals().dirty;
    EXPECT_LE(kept, 1024u + 2048u + 256u);
    EXPECT_GE(kept, 1024u);
    heap->free(used);
}

TEST_F(HeapTest, ExtendsIntoFreePagesOnly) {
    const PageRun a = heap->allocate(4);
    const PageRun b = heap->allocate(4);
    EXPECT_FALSE(heap->extend(a, 1));
    heap->free(b);
    EXPECT_TRUE(heap->extend(a, 4));
    const PageRun c = heap->allocate(1);
    EXPECT_EQ(c.first, a.first + 8);
    heap->free(c);
    EXPECT_TRUE(heap->extend({a.first, 8}, 2000)) << "beyond what the heap has grown to";
}

TEST_F(HeapTest, RefusesMoreThanItsRegion) {
    EXPECT_EQ(heap->allocate(k_region_bytes / k_page_bytes + 1).pages, 0u);
    const PageRun all = heap->allocate(k_region_bytes / k_page_bytes);
    EXPECT_EQ(all.pages, k_region_bytes / k_page_bytes);
    EXPECT_EQ(heap->allocate(1).pages, 0u);
    heap->free(all);
    EXPECT_EQ(heap->allocate(1).first, all.first);
}

TEST_F(HeapTest, ACacheTakesABlockAndGivesTheRestBack) {
    PageCache cache;
    std::vector<bool> seen(64, false);
    for (int i = 0; i < 21; ++i) {
        const PageRange range = cache.allocate(*heap, 3);
        ASSERT_EQ(range.pages, 3u);
        ASSERT_LT(range.first, 63u);
        for (std::uint32_t p = range.first; p < range.first + 3; ++p) {
            EXPECT_FALSE(seen[p]);
            seen[p] = true;
        }
    }
    EXPECT_EQ(heap->allocate(1).first, 64u) << "the block of 64 belongs to the cache";
    cache.flush(*heap);
    EXPECT_EQ(heap->allocate(1).first, 63u) << "its last page was never used";
}

TEST(FindRun, EqualsASearchBitByBit) {
    std::mt19937_64 random(1);
    for (int i = 0; i < 20000; ++i) {
        const std::uint64_t bits = random() & (i % 3 ? random() | random() : ~std::uint64_t{0});
        const auto length = static_cast<std::uint32_t>(1 + random() % 64);
        std::uint32_t expected = 64;
        for (std::uint32_t at = 0; at + length <= 64 && expected == 64; ++at) {
            const std::uint64_t ones = length == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << length) - 1;
            if ((bits >> at & ones) == ones) expected = at;
        }
        ASSERT_EQ(find_run_in_word(bits, length), expected) << std::hex << bits << ' ' << length;
    }
}

TEST(PageBits, SummaryEqualsACountBitByBit) {
    std::mt19937 random(1);
    for (int i = 0; i < 5000; ++i) {
        PageBits bits;
        if (i % 2) bits.set(0, k_chunk_pages);
        for (auto runs = static_cast<unsigned>(random() % 40); runs > 0; --runs) {
            const auto first = static_cast<std::uint32_t>(random() % k_chunk_pages);
            const auto wanted = static_cast<std::uint32_t>(random() % (runs % 3 ? 10 : 200));
            const std::uint32_t count = std::min(wanted, k_chunk_pages - first);
            runs % 2 ? bits.set(first, count) : bits.clear(first, count);
        }
        std::uint32_t start = 0, max = 0, run = 0;
        bool whole = true;
        for (std::uint32_t bit = 0; bit < k_chunk_pages; ++bit) {
            run = bits.test(bit) ? run + 1 : 0;
            max = std::max(max, run);
            whole = whole && bits.test(bit);
            if (whole) start = run;
        }
        ASSERT_EQ(bits.summarize(), Summary(start, max, run));
        if (max > 0) {
            const std::uint32_t at = bits.find(max);
            ASSERT_EQ(bits.count(at, max), max);
        }
    }
}

TEST(Scavenger, RegretIsKeptAndForgotten) {
    Scavenger scavenger;
    for (int i = 0; i < 16; ++i) scavenger.let_time_pass();
    EXPECT_EQ(scavenger.retained(1000), Scavenger::k_floor_pages + 100);
    scavenger.wanted_again(5000);
    EXPECT_EQ(scavenger.retained(1000), Scavenger::k_floor_pages + 100 + 5000);
    scavenger.forget();
    EXPECT_EQ(scavenger.retained(0), Scavenger::k_floor_pages);
}

}  // namespace
