// reduce: delta debugging (Zeller and Hildebrandt, 2002) on a trace.

#include <algorithm>
#include <map>

#include "allocators/trace/lives.hpp"
#include "allocators/trace/trace.hpp"

namespace claimslab::trace {

Trace select(const Trace& trace, const std::function<bool(std::uint32_t, std::uint64_t)>& keep) {
    std::vector<std::uint64_t> number(Lives(trace).count(), k_none);  // of the block in what is kept
    std::uint64_t blocks = 0;
    Trace kept;
    kept.about = trace.about;
    for (std::uint32_t thread = 0; thread < trace.threads.size(); ++thread) {
        const auto& operations = trace.threads[thread];
        std::vector<Operation> chosen;
        for (std::uint64_t i = 0; i < operations.size(); ++i) {
            if (!keep(thread, i)) continue;
            Operation operation = operations[i];
            operation.thread = static_cast<std::uint32_t>(kept.threads.size());
            if (operation.makes()) {
                if (number[operation.block] != k_none) continue;  // made twice
                number[operation.block] = blocks++;
            }
            chosen.push_back(operation);
        }
        if (!chosen.empty()) kept.threads.push_back(std::move(chosen));
    }
    std::vector<bool> ended(blocks);
    for (auto& operations : kept.threads) {
        const auto take_end = [&](std::uint64_t& block) {
            block = block == k_none ? k_none : number[block];
            if (block == k_none || ended[block]) return false;
            return ended[block] = true, true;
        };
        const auto is_dropped = [&](Operation& operation) {
            if (operation.kind == Kind::release) return !take_end(operation.block);
            operation.block = number[operation.block];
            if (operation.kind == Kind::reallocate && !take_end(operation.from)) {
                operation.kind = Kind::allocate;
                operation.from = k_none;
            }
            return false;
        };
        // Not remove_if, which may ask twice.
        auto out = operations.begin();
        for (Operation& operation : operations) {
            if (!is_dropped(operation)) *out++ = operation;
        }
        operations.erase(out, operations.end());
    }
    return kept;
}

namespace {

using Place = std::pair<std::uint32_t, std::uint64_t>;  // thread, index

/// Drops ever smaller runs of items for as long as the rest passes.
template <class Item, class Test>
bool minimise(std::vector<Item>& items, const Test& passes) {
    bool any = false;
    for (std::size_t run = std::max<std::size_t>(1, items.size() / 2); !items.empty();) {
        bool dropped = false;
        for (std::size_t at = 0; at < items.size();) {
            const std::size_t end = std::min(items.size(), at + run);
            std::vector<Item> rest(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(at));
            rest.insert(rest.end(), items.begin() + static_cast<std::ptrdiff_t>(end), items.end());
            if (passes(rest)) {
                items = std::move(rest);
                dropped = any = true;
            } else {
                at = end;
            }
        }
        if (run == 1 && !dropped) break;
        run = std::max<std::size_t>(1, run / 2);
    }
    return any;
}

Trace select(const Trace& trace, const std::vector<Place>& places) {
    std::vector<std::vector<bool>> chosen;
    for (const auto& operations : trace.threads) chosen.emplace_back(operations.size());
    for (const auto& [thread, index] : places) chosen[thread][index] = true;
    return select(trace, [&](std::uint32_t thread, std::uint64_t index) { return chosen[thread][index]; });
}

/// Places of each block's life, from its first making through every reallocate to its end.
std::vector<std::vector<Place>> lives_in(const Trace& trace) {
    std::vector<std::uint64_t> origin(trace.blocks());
    for (std::uint64_t i = 0; i < origin.size(); ++i) origin[i] = i;
    std::map<std::uint64_t, std::vector<Place>> lives;
    std::vector<std::uint64_t> next(trace.threads.size());
    walk(trace, [&](const Operation& operation) {
        const bool moves = operation.kind == Kind::reallocate;
        if (moves) origin[operation.block] = origin[operation.from];
        lives[origin[operation.block]].push_back({operation.thread, next[operation.thread]++});
    });
    std::vector<std::vector<Place>> list;
    for (auto& [block, places] : lives) list.push_back(std::move(places));
    return list;
}

std::vector<Place> flatten(const std::vector<std::vector<Place>>& lives) {
    std::vector<Place> places;
    for (const auto& life : lives) places.insert(places.end(), life.begin(), life.end());
    return places;
}

}  // namespace

Trace reduce(const Trace& trace, const std::function<bool(const Trace&)>& still_shows) {
    Trace best = select(trace, [](std::uint32_t, std::uint64_t) { return true; });
    if (!still_shows(best)) throw Error("the whole trace does not show it; there is nothing to reduce");
    const auto passes = [&still_shows](const Trace& base) {
        return [&](const std::vector<Place>& places) { return still_shows(select(base, places)); };
    };

    std::vector<std::uint32_t> threads(best.threads.size());
    for (std::uint32_t i = 0; i < threads.size(); ++i) threads[i] = i;
    const auto only = [&best](const std::vector<std::uint32_t>& chosen) {
        return select(best, [&](std::uint32_t thread, std::uint64_t) {
            return std::ranges::find(chosen, thread) != chosen.end();
        });
    };
    if (minimise(threads, [&](const auto& chosen) { return still_shows(only(chosen)); })) best = only(threads);

    for (bool again = true; again;) {
        std::vector<Place> places;
        std::vector<std::uint64_t> next(best.threads.size());
        walk(best, [&](const Operation& operation) {
            places.push_back({operation.thread, next[operation.thread]++});
        });
        minimise(places, passes(best));
        best = select(best, places);

        std::vector<std::vector<Place>> lives = lives_in(best);
        again = minimise(lives, [&](const auto& chosen) { return still_shows(select(best, flatten(chosen))); });
        if (again) best = select(best, flatten(lives));
    }
    return best;
}

}  // namespace claimslab::trace
