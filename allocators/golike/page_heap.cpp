// page_heap: search, taking, giving back, growth and scavenging of runs of pages.

#include "allocators/golike/page_heap.hpp"

#include <algorithm>

namespace golike {

namespace {

constexpr std::uint32_t round_up(std::uint32_t value, std::uint32_t to) {
    return (value + to - 1) & ~(to - 1);
}

}  // namespace

void PageRun::add_dirty(PageRange range) {
    PageRange* const last = dirty_count > 0 ? &dirty[dirty_count - 1] : nullptr;
    const bool neighbours = last != nullptr && last->first + last->pages == range.first;
    if (!neighbours && dirty_count < dirty.size()) {
        dirty[dirty_count++] = range;
    } else {
        last->pages = range.first + range.pages - last->first;  // the clean pages between are zeroed too
    }
}

void PageHeap::start(const Region& region) {
    region_ = region;
    base_ = region.begin();
}

void PageHeap::release() {
    region_.release();
    map_.release();
    for (Arena*& arena : arenas_) {
        if (arena != nullptr) system_memory::unmap(arena, sizeof(Arena));
        arena = nullptr;
    }
}

template <class Action>
void PageHeap::each_chunk(PageRange range, Action action) {
    while (range.pages > 0) {
        const std::uint32_t chunk = range.first / k_chunk_pages;
        const std::uint32_t bit = range.first % k_chunk_pages;
        const std::uint32_t here = std::min(range.pages, k_chunk_pages - bit);
        Chunk& bits = chunk_at(chunk);
        action(chunk, bits, bit, here);
        summary_.update(chunk, bits.free.summarize());
        range.first += here;
        range.pages -= here;
    }
}

bool PageHeap::find(std::uint32_t pages, std::uint32_t alignment, PageRange& found) {
    const std::uint32_t wanted = pages + alignment - 1;
    const PageSummary::Found hit = summary_.find(wanted, end_page_);
    std::uint32_t first = hit.page;
    if (hit.chunk != PageSummary::k_none) {
        first = hit.chunk * k_chunk_pages + chunk_at(hit.chunk).free.find(wanted);
    }
    if (first == PageSummary::k_none) return false;
    found = {round_up(first, alignment), pages};
    return true;
}

void PageHeap::take(PageRange range, PageRun* run) {
    std::uint32_t dirty = 0;
    each_chunk(range, [&](std::uint32_t chunk, Chunk& bits, std::uint32_t first, std::uint32_t count) {
        const std::uint32_t here = bits.dirty.count(first, count);
        dirty += here;
        if (here > 0 && run != nullptr) {
            std::uint32_t begin = bits.dirty.next(first, true);
            while (begin < first + count) {
                const std::uint32_t end = std::min(bits.dirty.next(begin, false), first + count);
                run->add_dirty({chunk * k_chunk_pages + begin, end - begin});
                begin = end < first + count ? bits.dirty.next(end, true) : end;
            }
        }
        bits.free.clear(first, count);
        bits.dirty.clear(first, count);
    });
    free_pages_ -= range.pages;
    dirty_pages_ -= dirty;
    const std::uint32_t end = range.first + range.pages;
    const std::uint32_t used_before = range.first < used_end_ ? std::min(end, used_end_) - range.first : 0;
    if (used_before > dirty) scavenger_.wanted_again(used_before - dirty);
    used_end_ = std::max(used_end_, end);
}

void PageHeap::give(PageRange range, bool dirty) {
    each_chunk(range, [&](std::uint32_t chunk, Chunk& bits, std::uint32_t first, std::uint32_t count) {
        bits.free.set(first, count);
        if (dirty) {
            bits.dirty.set(first, count);
            scavenge_end_ = std::max(scavenge_end_, chunk + 1);
        }
    });
    free_pages_ += range.pages;
    if (dirty) dirty_pages_ += range.pages;
}

PageRun PageHeap::allocate(std::uint32_t pages, std::uint32_t alignment) {
    PageRun run;
    bool reclaimed = reclaim_ == nullptr;
    lock_.lock();
    for (;;) {
        PageRange found;
        if (find(pages, alignment, found)) {
            run.first = found.first;
            run.pages = found.pages;
            take(found, &run);
            break;
        }
        if (!reclaimed) {
            lock_.unlock();
            reclaimed = true;
            reclaim_(reclaim_of_);
            lock_.lock();
            continue;
        }
        if (!grow(pages + alignment - 1)) break;
    }
    lock_.unlock();
    return run;
}

void PageHeap::free(PageRange range) {
    lock_.lock();
    give(range, true);
    if (dirty_pages_ > Scavenger::k_floor_pages) scavenger_.let_time_pass();
    const std::uint32_t keep =
        scavenger_.retained(static_cast<std::uint32_t>(grown_pages_ - free_pages_));
    const bool too_much = dirty_pages_ > keep + Scavenger::k_slack_pages;
    lock_.unlock();
    if (too_much) scavenge(keep);
}

bool PageHeap::extend(PageRange range, std::uint32_t more) {
    const std::lock_guard hold(lock_);
    const PageRange next{range.first + range.pages, more};
    if (next.first + more > end_page_) {
        if (next.first + free_tail() < end_page_ || !grow(more)) return false;
        if (next.first + more > end_page_) return false;
    }
    std::uint32_t free = 0;
    for (std::uint32_t page = next.first; page < next.first + more;) {
        const std::uint32_t bit = page % k_chunk_pages;
        const std::uint32_t here = std::min(next.first + more - page, k_chunk_pages - bit);
        free += chunk_at(page / k_chunk_pages).free.count(bit, here);
        page += here;
    }
    if (free != more) return false;
    take(next, nullptr);
    return true;
}

PageBlock PageHeap::take_block() {
    const PageRun run = allocate(1);
    if (run.pages == 0) return {};
    const std::lock_guard hold(lock_);
    PageBlock block;
    block.first = run.first / 64 * 64;
    const std::uint32_t chunk = run.first / k_chunk_pages;
    const std::uint32_t word = run.first % k_chunk_pages / 64;
    Chunk& bits = chunk_at(chunk);
    const std::uint64_t mine = std::uint64_t{1} << run.first % 64;
    block.free = bits.free.word(word) | mine;
    block.dirty = bits.dirty.word(word) | (run.dirty_count > 0 ? mine : 0);
    free_pages_ -= static_cast<std::uint32_t>(std::popcount(bits.free.word(word)));
    dirty_pages_ -= static_cast<std::uint32_t>(std::popcount(bits.dirty.word(word)));
    bits.free.set_word(word, 0);
    bits.dirty.set_word(word, 0);
    summary_.update(chunk, bits.free.summarize());
    used_end_ = std::max(used_end_, block.first + static_cast<std::uint32_t>(std::bit_width(block.free)));
    return block;
}

void PageHeap::give_block(const PageBlock& block) {
    if (block.free == 0) return;
    const std::lock_guard hold(lock_);
    const std::uint32_t chunk = block.first / k_chunk_pages;
    const std::uint32_t word = block.first % k_chunk_pages / 64;
    Chunk& bits = chunk_at(chunk);
    bits.free.set_word(word, bits.free.word(word) | block.free);
    bits.dirty.set_word(word, bits.dirty.word(word) | block.dirty);
    free_pages_ += static_cast<std::uint32_t>(std::popcount(block.free));
    dirty_pages_ += static_cast<std::uint32_t>(std::popcount(block.dirty));
    if (block.dirty != 0) scavenge_end_ = std::max(scavenge_end_, chunk + 1);
    summary_.update(chunk, bits.free.summarize());
}

bool PageHeap::make_records(std::uint32_t end) {
    if (!map_.cover(end)) return false;
    for (std::uint32_t a = end_page_ / k_arena_pages; a * k_arena_pages < end; ++a) {
        if (arenas_[a] != nullptr) continue;
        arenas_[a] = static_cast<Arena*>(system_memory::map(sizeof(Arena)));
        if (arenas_[a] == nullptr) return false;
    }
    return true;
}

/// The free pages directly before the heap's end.
std::uint32_t PageHeap::free_tail() {
    std::uint32_t tail = 0;
    if (end_page_ % k_chunk_pages != 0) return tail;
    for (std::uint32_t chunk = end_page_ / k_chunk_pages; chunk-- > 0;) {
        const Summary summary = summary_.at(PageSummary::k_levels - 1, chunk);
        tail += summary.end();
        if (summary.end() != k_chunk_pages) break;
    }
    return tail;
}

bool PageHeap::grow(std::uint32_t pages) {
    const std::uint32_t tail = free_tail();
    const std::uint32_t least = pages > tail ? pages - tail : 1;
    const auto most = static_cast<std::uint32_t>((region_.limit() - base_) / k_page_bytes);
    std::uint32_t wanted = round_up(least, k_chunk_pages);
    for (;;) {
        if (wanted > most - end_page_) {
            if (least > most - end_page_) return false;
            wanted = least;
        }
        if (!make_records(end_page_ + wanted)) return false;
        const auto extended = region_.extend(address(end_page_), wanted * k_page_bytes);
        if (extended == Region::Extended::yes) break;
        if (extended == Region::Extended::in_the_way) {
            // Pages that are skipped never get their free bits, and so do not exist.
            end_page_ = std::min(round_up(end_page_ + 1, k_arena_pages), most);
            wanted = round_up(pages, k_chunk_pages);
        } else if (wanted > least) {
            wanted = least;
        } else {
            return false;
        }
    }
    const PageRange fresh{end_page_, wanted};
    end_page_ += wanted;
    grown_pages_ += wanted;
    give(fresh, false);
    return true;
}

bool PageHeap::take_dirty_run(PageRange& range) {
    while (scavenge_end_ > 0) {
        const std::uint32_t chunk = scavenge_end_ - 1;
        if (arenas_[chunk / k_arena_chunks] != nullptr) {
            const PageBits& dirty = chunk_at(chunk).dirty;
            const std::uint32_t last = dirty.last();
            if (last != PageBits::k_none) {
                const std::uint32_t first = dirty.run_begin(last);
                range = {chunk * k_chunk_pages + first, last + 1 - first};
                return true;
            }
        }
        --scavenge_end_;
    }
    return false;
}

std::uint32_t PageHeap::scavenge(std::uint32_t keep) {
    std::uint32_t returned = 0;
    lock_.lock();
    PageRange range;
    while (dirty_pages_ > keep && take_dirty_run(range)) {
        // Out of the heap while the kernel works; these pages are not "wanted again".
        each_chunk(range, [](std::uint32_t, Chunk& bits, std::uint32_t first, std::uint32_t count) {
            bits.free.clear(first, count);
            bits.dirty.clear(first, count);
        });
        free_pages_ -= range.pages;
        dirty_pages_ -= range.pages;
        lock_.unlock();
        const bool clean = system_memory::discard(address(range.first), range.pages * k_page_bytes);
        lock_.lock();
        give(range, !clean);
        if (!clean) break;  // locked memory: the kernel refuses
        returned += range.pages;
    }
    lock_.unlock();
    return returned;
}

void PageHeap::forget() {
    constexpr std::uintptr_t k_system_page = 4096;
    const std::lock_guard hold(lock_);
    scavenger_.forget();
    for (std::uint32_t chunk = 0; chunk < end_page_ / k_chunk_pages; ++chunk) {
        if (summary_.at(PageSummary::k_levels - 1, chunk).max() != k_chunk_pages) continue;
        const auto records = reinterpret_cast<std::uintptr_t>(span_at(chunk * k_chunk_pages));
        const std::uintptr_t begin = (records + k_system_page - 1) & ~(k_system_page - 1);
        const std::uintptr_t end = (records + k_chunk_pages * sizeof(Span)) & ~(k_system_page - 1);
        system_memory::discard(begin, end - begin);
    }
}

}  // namespace golike
