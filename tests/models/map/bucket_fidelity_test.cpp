// bucket_fidelity_test: with equal hashes, the model does step by step what real Go's map does.
//
// go/main.go holds the same scripts and drives the runtime's map of Go 1.17 and 1.23; what it told is
// in recorded_bucket_states.json. Compared are the header after every step and the order of every
// iteration, also of one that stays open while the map grows: so every key lies in the same cell.

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "models/map/bucket_map.hpp"

namespace {

using namespace lab::go;
using nlohmann::json;
using std::uint64_t;

json recorded() {
    std::ifstream in(std::string(LAB_SOURCE_DIR) +
                     "/tests/models/map/recorded_bucket_states.json");
    return json::parse(in);
}

constexpr uint64_t stir(uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
}

class Random {
   public:
    explicit Random(uint64_t seed) : state_(seed) {}
    uint64_t below(uint64_t limit) {
        state_ += 0x9e3779b97f4a7c15;
        return stir(state_) % limit;
    }

   private:
    uint64_t state_;
};

using Large = std::array<uint64_t, 17>;

template <class K>
K key_of(uint64_t k) {
    if constexpr (std::is_same_v<K, Large>) {
        return Large{k};
    } else if constexpr (std::is_same_v<K, std::string>) {
        return std::string(40, 'x') + std::to_string(k);
    } else {
        return k;
    }
}
template <class K>
uint64_t number_of(const K& key) {
    if constexpr (std::is_same_v<K, Large>) {
        return key[0];
    } else if constexpr (std::is_same_v<K, std::string>) {
        return std::stoull(key.substr(40));
    } else {
        return key;
    }
}

struct Stirred {
    uint64_t operator()(const auto& key) const { return stir(number_of(key)); }
};
/// The lowest bits are the key's own, so that a script can choose a bucket.
struct Chosen {
    uint64_t operator()(const auto& key) const {
        const uint64_t x = number_of(key);
        return (stir(x) & ~uint64_t{15}) | (x >> 20 & 15);
    }
};

// A map under observation.
template <class K, class Policy, class Hash = Stirred>
class Subject {
   public:
    explicit Subject(std::int64_t hint = 0, bucket::LoadFactor load = {}) : map_(hint, load) {
        observe();
    }
    void put(uint64_t k) {
        map_.insert_or_assign(key_of<K>(k), key_of<K>(k));
        after();
    }
    void del(uint64_t k) {
        map_.erase(key_of<K>(k));
        after();
    }
    void clear() {
        walk_.reset();
        map_.clear();
        after();
    }
    json told() const { return {{"changes", changes_}, {"orders", orders_}, {"states", states_}, {"walks", walks_}}; }

   private:
    using Map = bucket_map<K, K, Policy, Hash>;

    static void mix(uint64_t& digest, uint64_t word) { digest = stir(digest * 31 + word); }

    void observe() {
        const auto h = map_.header();
        const std::vector<uint64_t> state = {op_,       h.count,     h.log2,     h.overflows,
                                             h.growing, h.same_size, h.evacuated};
        for (const uint64_t word : state) mix(states_, word);
        const std::array<uint64_t, 3> now = {state[2], state[4], state[5]};
        if (op_ != 0 && now == last_) return;
        last_ = now;
        changes_.push_back(state);
    }
    // At once: the next write may move the entry.
    bool show(const typename Map::const_iterator& it, uint64_t& digest) {
        const bool ends = it == map_.end();
        mix(digest, ends ? 0 : 1 + number_of((*it).key));
        return !ends;
    }
    void after() {
        ++op_;
        observe();
        if (op_ % 1009 == 0) {
            for (auto it = map_.begin_at(op_ * 7, op_ * 3); show(it, orders_); ++it) {}
        }
        if (walk_) {
            bool more = true;
            for (int i = 0; i < 2 && more; ++i) more = show(++*walk_, walks_);
            if (!more) walk_.reset();
        } else if (op_ % 500 == 250) {
            walk_ = map_.begin_at(op_ * 5, op_);
            if (!show(*walk_, walks_)) walk_.reset();
        }
    }

    Map map_;
    std::optional<typename Map::const_iterator> walk_;
    uint64_t op_ = 0;
    uint64_t states_ = 1;
    uint64_t orders_ = 1;
    uint64_t walks_ = 1;
    std::array<uint64_t, 3> last_{};
    std::vector<std::vector<uint64_t>> changes_;
};

// ---- The scripts, as in go/main.go ----

void grow(auto&& s) {
    for (uint64_t k = 0; k < 20'000; ++k) s.put(k);
}
void churn(auto&& s) {
    Random r(7);
    for (int i = 0; i < 60'000; ++i) {
        const uint64_t k = r.below(4000);
        if (r.below(2) == 0) {
            s.put(k);
        } else {
            s.del(k);
        }
    }
}
void sparse(auto&& s) {
    for (uint64_t phase = 0; phase < 40; ++phase) {
        for (uint64_t i = 0; i < 120; ++i) s.put(phase << 20 | i);
        for (uint64_t i = 0; i < 120; ++i) {
            if (i % 40 != 0) s.del(phase << 20 | i);
        }
    }
}
void drain(auto&& s) {
    for (uint64_t round = 0; round < 3; ++round) {
        for (uint64_t k = 0; k < 3000; ++k) s.put(k * 7 + round);
        for (uint64_t k = 0; k < 3000; ++k) s.del(k * 7 + round);
    }
}
void clearing(auto&& s) {
    for (uint64_t k = 0; k < 5000; ++k) {
        s.put(k);
        if (k == 900 || k == 3400) s.clear();
    }
}

template <class K, class Policy>
json all_scripts() {
    json told;
    const auto run = [&](const char* name, auto script, auto subject) {
        script(subject);
        told[name] = subject.told();
    };
    using Words = Subject<K, Policy>;
    run("grow", [](auto& s) { grow(s); }, Words());
    run("presized", [](auto& s) { grow(s); }, Words(5000));
    run("churn", [](auto& s) { churn(s); }, Words());
    run("sparse", [](auto& s) { sparse(s); }, Subject<K, Policy, Chosen>());
    run("drain", [](auto& s) { drain(s); }, Words());
    run("clearing", [](auto& s) { clearing(s); }, Words());
    run("large", [](auto& s) { churn(s); }, Subject<Large, Policy>());
    return told;
}

// A tuned map may leave out entries made since a walk entered their bucket, where Go has them.
void expect_as_recorded(const json& told, bool walks_too) {
    const json wanted = recorded()["scripts"];
    ASSERT_EQ(told.size(), wanted.size());
    for (const auto& [name, states] : wanted.items()) {
        EXPECT_EQ(told[name]["changes"], states["changes"]) << name;
        EXPECT_EQ(told[name]["states"], states["states"]) << name;
        EXPECT_EQ(told[name]["orders"], states["orders"]) << name;
        EXPECT_TRUE(!walks_too || told[name]["walks"] == states["walks"]) << name;
    }
}

TEST(BucketFidelity, EveryHeaderAndEveryOrderIsGos) {
    expect_as_recorded(all_scripts<uint64_t, bucket::go1_23>(), true);
    expect_as_recorded(all_scripts<uint64_t, bucket::tuned<>>(), false);
    expect_as_recorded(all_scripts<uint64_t, bucket::tuned<Matching::portable>>(), false);
}

// Strings take the careful way of moving, under an iterator by copying.
TEST(BucketFidelity, KeysThatAreCopiedLieInTheSameCells) {
    expect_as_recorded(all_scripts<std::string, bucket::go1_23>(), true);
    expect_as_recorded(all_scripts<std::string, bucket::tuned<>>(), false);
}

// If a wrong map told the same, the comparison would prove nothing.
TEST(BucketFidelity, AWrongMapShows) {
    const json right = recorded()["scripts"]["grow"];
    Subject<uint64_t, bucket::go1_23> other_load(0, {12, 2});
    grow(other_load);
    EXPECT_NE(other_load.told()["changes"], right["changes"]);
    Subject<uint64_t, bucket::stop_and_copy<bucket::go1_23>> at_once;
    grow(at_once);
    EXPECT_NE(at_once.told()["changes"], right["changes"]);
    Subject<uint64_t, bucket::go1_23, Chosen> other_hash;
    grow(other_hash);
    EXPECT_NE(other_hash.told()["states"], right["states"]);
    EXPECT_NE(other_hash.told()["orders"], right["orders"]);
    EXPECT_NE(other_hash.told()["walks"], right["walks"]);
}

template <class K, class V>
void expect_hints(const char* types) {
    const json rows = recorded()["hints"][types];
    ASSERT_GT(rows.size(), 20u);
    using Map = bucket_map<K, V, bucket::go1_23>;
    for (const auto& row : rows) {
        const auto hint = static_cast<std::int64_t>(row[0].get<uint64_t>());
        const Map map(hint);
        EXPECT_EQ(map.header().log2, row[1].get<unsigned>()) << types << ", hint " << hint;
        EXPECT_EQ(map.spare_buckets(), row[2].get<std::size_t>()) << types << ", hint " << hint;
    }
}

TEST(BucketFidelity, HintsGiveGosBucketsAndSpares) {
    struct None {};
    expect_hints<std::int64_t, std::int64_t>("int64,int64");
    expect_hints<std::int8_t, std::int8_t>("int8,int8");
    expect_hints<std::int32_t, None>("int32,none");
    expect_hints<std::array<std::int64_t, 3>, std::int64_t>("3 words,int64");
}

}  // namespace
