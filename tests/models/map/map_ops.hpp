// map_ops: one body that does what bytes say to a map and to a reference, and compares.
//
// The reference is a std::unordered_map, and a list of the values whose keys are NaN. Every
// insertion is a new incarnation of its key; iterators that live through the steps must show each
// incarnation that was there at their start and was not deleted, none twice, none that is gone, and
// its newest value. Used with random bytes, with the stored corpus, and by libFuzzer.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <list>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

namespace lab::test {

/// Reads what to do next; an empty string does nothing more.
class MapScript {
   public:
    explicit MapScript(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
    bool ends() const { return bytes_.empty(); }
    std::size_t below(std::size_t limit) {
        if (bytes_.empty()) return 0;
        const std::size_t byte = bytes_.front();
        bytes_ = bytes_.subspan(1);
        return byte % limit;
    }

   private:
    std::span<const std::uint8_t> bytes_;
};

/// The n-th key or value of a type. Of doubles, 0 is NaN, 1 is 0.0 and 2 is -0.0.
template <class T>
T numbered(std::size_t n) {
    if constexpr (std::is_same_v<T, std::string>) {
        return T(n % 40, 'x') + std::to_string(n);
    } else if constexpr (std::is_floating_point_v<T>) {
        if (n == 0) return std::numeric_limits<T>::quiet_NaN();
        return n <= 2 ? std::copysign(T(0), n == 1 ? T(1) : T(-1)) : static_cast<T>(n);
    } else {
        return static_cast<T>(n);
    }
}

template <class T>
bool same_bits(const T& a, const T& b) {
    if constexpr (std::is_floating_point_v<T>) {
        return std::memcmp(&a, &b, sizeof a) == 0;
    } else {
        return a == b;
    }
}

template <class Map>
class MapOps {
   public:
    /// The empty string, or the first thing that differs from the reference.
    static std::string run(std::span<const std::uint8_t> bytes) {
        MapScript script(bytes);
        MapOps ops;
        for (std::size_t step = 0; !script.ends(); ++step) {
            const std::string what = ops.step(script);
            if (ops.difference_.empty()) ops.compare_all();
            if (!ops.difference_.empty())
                return "step " + std::to_string(step) + ", " + what + ": " + ops.difference_;
        }
        return "";
    }

   private:
    using K = typename Map::key_type;
    using V = typename Map::mapped_type;
    struct Known {
        K key;
        std::size_t value;
        std::size_t incarnation;
    };
    struct Walk {
        Walk(Map& map, std::set<std::size_t> all) : at(map.begin()), owed(std::move(all)) {}
        decltype(std::declval<Map&>().begin()) at;
        std::set<std::size_t> owed;
        std::set<std::size_t> seen;
    };
    static constexpr std::size_t k_keys = 256;

    std::string step(MapScript& script) {
        switch (script.below(16)) {
            case 0:
            case 1:
                return assign(script.below(k_keys)), "insert_or_assign";
            case 2:
                return emplace(script.below(k_keys)), "try_emplace";
            case 3:
                return index(script.below(k_keys)), "operator[]";
            case 4:
            case 5:
                return erase(script.below(k_keys)), "erase";
            case 6:
                return many(script, [this](std::size_t n) { assign(n); }), "many insertions";
            case 7:
                return many(script, [this](std::size_t n) { erase(n); }), "many deletions";
            case 8:
                return look(script.below(k_keys)), "find";
            case 9:
                return start(), "begin";
            case 10:
            case 11:
                return advance(script.below(32)), "++";
            case 12:
                return finish(), "iterate to the end";
            case 13:
                return script.below(8) == 0 ? clear() : void(), "clear";
            case 14:
                return copy(), "copy";
            default:
                return renew(script.below(4) * 100), "move or make anew";
        }
    }

    template <class Do>
    void many(MapScript& script, Do work) {
        const std::size_t first = script.below(k_keys) * 8;
        for (std::size_t n = 0, count = script.below(250); n < count; ++n) work(first + n);
    }

    // ---- Steps ----
    void assign(std::size_t n) {
        const K key = numbered<K>(n);
        const auto [value, made] = map_.insert_or_assign(key, numbered<V>(++writes_));
        expect(made == (known(key) == nullptr), "insert_or_assign says new");
        expect(*value == numbered<V>(writes_), "insert_or_assign returns the value");
        remember(key, writes_);
    }
    void emplace(std::size_t n) {
        const K key = numbered<K>(n);
        const bool made = map_.try_emplace(key, numbered<V>(++writes_)).second;
        expect(made == (known(key) == nullptr), "try_emplace says new");
        if (made) remember(key, writes_);
    }
    void index(std::size_t n) {
        const K key = numbered<K>(n);
        V& value = map_[key];
        if (known(key) == nullptr) expect(value == V(), "operator[] makes V()");
        value = numbered<V>(++writes_);
        remember(key, writes_);
    }
    void erase(std::size_t n) {
        const K key = numbered<K>(n);
        Known* there = known(key);
        expect(map_.erase(key) == (there != nullptr), "erase says whether");
        if (there == nullptr) return;
        forget(there->incarnation);
        by_key_.erase(key);
    }
    void look(std::size_t n) {
        const K key = numbered<K>(n);
        const Known* there = known(key);
        const V* found = std::as_const(map_).find(key);
        expect(map_.contains(key) == (there != nullptr), "contains");
        expect((found != nullptr) == (there != nullptr), "find finds");
        if (found != nullptr && there != nullptr)
            expect(*found == numbered<V>(there->value), "find's value");
    }
    void clear() {
        map_.clear();
        for (Walk& walk : walks_) walk.owed.clear();
        by_key_.clear();
        nans_.clear();
    }
    void copy() {
        Map other(map_);
        expect(other.size() == map_.size(), "size of a copy");
        other.for_each([this](const K& key, const V& value) {
            expect(shown(key, value) != nullptr, "an entry of a copy");
        });
        other.clear();
        other = map_;
        expect(other.size() == map_.size(), "size of an assigned copy");
    }
    void renew(std::size_t hint) {
        walks_.clear();
        Map moved(std::move(map_));
        map_ = Map(hint);
        if (hint == 0) {
            map_ = std::move(moved);
        } else {
            by_key_.clear();
            nans_.clear();
        }
    }
    void start() {
        if (walks_.size() == 4) walks_.pop_front();
        walks_.emplace_back(map_, incarnations());
        show(walks_.back());
    }
    void advance(std::size_t steps) {
        for (Walk& walk : walks_) {
            for (std::size_t i = 0; i < steps && !(walk.at == map_.end()); ++i) {
                ++walk.at;
                show(walk);
            }
        }
    }
    void finish() {
        if (walks_.empty()) start();
        while (!walks_.empty()) {
            Walk& walk = walks_.front();
            while (difference_.empty() && !(walk.at == map_.end())) {
                ++walk.at;
                show(walk);
            }
            expect(walk.owed.empty(), "an entry never came");
            walks_.pop_front();
        }
    }
    void show(Walk& walk) {
        if (walk.at == map_.end()) return;
        const auto [key, value] = *walk.at;
        const Known* entry = shown(key, value);
        expect(entry != nullptr, "iteration shows an entry that is not there");
        if (entry == nullptr) return;
        expect(walk.seen.insert(entry->incarnation).second, "iteration shows an entry twice");
        walk.owed.erase(entry->incarnation);
    }

    // ---- Reference ----
    Known* known(const K& key) {
        const auto it = by_key_.find(key);
        return it == by_key_.end() ? nullptr : &it->second;
    }
    void remember(const K& key, std::size_t value) {
        if (!(key == key)) {
            nans_.push_back({key, value, ++births_});
        } else if (Known* there = known(key)) {
            there->key = key;
            there->value = value;
        } else {
            by_key_.emplace(key, Known{key, value, ++births_});
        }
    }
    void forget(std::size_t incarnation) {
        for (Walk& walk : walks_) walk.owed.erase(incarnation);
    }
    std::set<std::size_t> incarnations() const {
        std::set<std::size_t> all;
        for (const auto& [key, entry] : by_key_) all.insert(entry.incarnation);
        for (const Known& entry : nans_) all.insert(entry.incarnation);
        return all;
    }
    /// The entry with this key, sign of zero included, and this value.
    const Known* shown(const K& key, const V& value) {
        if (!(key == key)) {
            for (const Known& entry : nans_)
                if (numbered<V>(entry.value) == value) return &entry;
            return nullptr;
        }
        const Known* entry = known(key);
        if (entry == nullptr || !(numbered<V>(entry->value) == value)) return nullptr;
        return same_bits(entry->key, key) ? entry : nullptr;
    }
    void compare_all() {
        expect(map_.size() == by_key_.size() + nans_.size(), "size");
        expect(map_.empty() == (map_.size() == 0), "empty");
        std::size_t entries = 0;
        map_.for_each([&](const K& key, const V& value) {
            ++entries;
            expect(shown(key, value) != nullptr, "for_each shows an entry that is not there");
        });
        expect(entries == map_.size(), "for_each shows all");
        if (!by_key_.empty()) expect(map_.contains(by_key_.begin()->first), "a known key");
    }
    void expect(bool holds, const char* what) {
        if (!holds && difference_.empty()) difference_ = what;
    }

    Map map_;
    std::unordered_map<K, Known> by_key_;
    std::vector<Known> nans_;
    std::list<Walk> walks_;  // after the map: iterators die first
    std::size_t writes_ = 0;
    std::size_t births_ = 0;
    std::string difference_;
};

}  // namespace lab::test
