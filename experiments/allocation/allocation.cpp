// allocation: what malloc libraries cost and hold under the same workloads, with a null allocator beside.
//
// Question    Which malloc is fastest for which lifetimes and threads, what does it hold and waste,
//             and is it a correct malloc at all?
// Held equal  One templated body a workload; subjects differ in the library preloaded, which each
//             trial proves by dladdr. Blocks are marked when had and checked when freed.
// Trap        First touch of a page faults (about 2 µs on a virtual machine): whoever gives memory
//             back between operations pays it again. That is the allocator's choice, so it counts.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "allocators/contenders.hpp"
#include "allocators/golike/heap.hpp"
#include "conformance_rows.hpp"
#include "footprint.hpp"
#include "harness/harness.hpp"
#include "lifetimes.hpp"
#include "memory.hpp"
#include "mixes.hpp"
#include "pairs.hpp"
#include "reuse.hpp"
#include "threads.hpp"
#include "tiers.hpp"
#include "waste.hpp"

namespace {

using namespace lab;
using namespace lab::allocation;

constexpr std::size_t k_mebibyte = std::size_t{1} << 20;

template <class Memory>
void offer_pairs(Program& program, const std::string& subject) {
    for (std::size_t bytes = 8; bytes <= k_mebibyte; bytes *= 2) {
        program.timed(subject, case_name("Lifo", {{"bytes", bytes}, {"pairs", 100}}),
                      [=] { return set_up_lifo<Memory>(bytes, 100); });
        for (const auto& [order, name] : {std::pair{Order::forward, "forward"}, {Order::shuffled, "shuffled"}}) {
            program.timed(subject, case_name("Batch", {{"bytes", bytes}, {"order", name}, {"n", 1000}}),
                          [=, order = order] { return set_up_batch<Memory>(bytes, order, 1000); });
        }
    }
    for (const std::size_t bytes : {std::size_t{33792}, 64 * k_mebibyte}) {  // past every cache; from the system
        program.timed(subject, case_name("Lifo", {{"bytes", bytes}, {"pairs", 100}}),
                      [=] { return set_up_lifo<Memory>(bytes, 100); });
    }
    program.timed(subject, case_name("Sweep", {{"order", "lifo"}, {"until", k_largest_class_bytes}}),
                  [] { return set_up_lifo_sweep<Memory>(k_largest_class_bytes); });
    program.timed(subject, case_name("Sweep", {{"order", "batch"}, {"until", k_largest_class_bytes}}),
                  [] { return set_up_batch_sweep<Memory>(k_largest_class_bytes); });
    for (const std::size_t bytes : {8, 64}) {
        program.timed(subject, case_name("Object", {{"bytes", bytes}, {"place", "heap"}}),
                      [=] { return set_up_object_on_heap<Memory>(bytes); });
    }
    program.timed(subject, "Object/bytes=8/place=stack", set_up_object_on_stack<8>);
    program.timed(subject, "Object/bytes=64/place=stack", set_up_object_on_stack<64>);
}

/// What a workload holds, beside its time; the numbers are of `times` operations.
template <class Setup>
void offer_footprint(Program& program, const std::string& subject, const std::string& name, Setup set_up,
                     int times) {
    const auto measured = once([=] { return footprint(set_up, times); });
    program.fact(subject, name, "peak-bytes", [=] { return measured().peak_bytes; });
    program.fact(subject, name, "left-bytes", [=] { return measured().left_bytes; });
    program.fact(subject, name, "faults", [=] { return measured().faults; });
}

template <class Memory>
void offer_working_sets(Program& program, const std::string& subject) {
    for (const auto& [mix, mix_name] : {std::pair{k_lean, "lean"}, {k_heavy, "heavy"}}) {
        for (const std::size_t live : {1000, 10'000, 100'000, 1'000'000}) {
            const std::string name =
                case_name("WorkingSet", {{"live", live}, {"mix", mix_name}, {"steps", 1000}});
            const auto set_up = [=, mix = mix] { return set_up_working_set<Memory>(live, mix, 1000); };
            program.timed(subject, name, set_up);
            if (live != 100'000) continue;
            offer_footprint(program, subject, name, set_up, 300);
            program.timed_with_tails(subject, case_name("Replacement", {{"live", live}, {"mix", mix_name}}),
                                     [=, mix = mix] { return set_up_replacement<Memory>(live, mix); });
        }
    }
}

/// Ageing watched: operations so far, bytes that live then, bytes resident then.
using History = std::array<std::vector<double>, 3>;

template <class Memory>
History ageing_history(std::size_t live) {
    const std::vector<double> found = in_child([live] {
        const double start = resident_bytes();
        std::vector<double> seen;
        seen.reserve(1024);
        Ageing<Memory>(live).run([&](std::size_t operations, std::size_t held) {
            seen.push_back(static_cast<double>(operations));
            seen.push_back(static_cast<double>(held));
            seen.push_back(resident_bytes() - start);
        });
        return seen;
    });
    History history;
    for (std::size_t i = 0; i < found.size(); ++i) history[i % 3].push_back(found[i]);
    return history;
}

/// Resident over live bytes where the last phase has filled up: most live there.
inline double held_when_aged(const History& history) {
    const std::size_t last_full = history[1].size() - 11;
    return history[2].at(last_full) / history[1].at(last_full);
}

template <class Memory>
void offer_lifetimes(Program& program, const std::string& subject) {
    offer_working_sets<Memory>(program, subject);
    program.timed(subject, "ReallocGrowth/to=1048576/by=half",
                  [] { return set_up_realloc_growth<Memory>(k_mebibyte, Growth::half); });
    program.timed(subject, "ReallocGrowth/to=1048576/by=page",
                  [] { return set_up_realloc_growth<Memory>(k_mebibyte, Growth::page); });
    program.timed(subject, "AlignmentMix/n=1000", [] { return set_up_alignment_mix<Memory>(1000); });
    program.timed(subject, "Ageing/live=4194304", [] { return set_up_ageing<Memory>(4 * k_mebibyte); });
    const auto age = [] { return set_up_ageing<Memory>(64 * k_mebibyte); };
    offer_footprint(program, subject, "Ageing/live=67108864", age, 1);
    const auto history = once([] { return ageing_history<Memory>(64 * k_mebibyte); });
    program.fact(subject, "Ageing/live=67108864", "operations", [=] { return history()[0]; });
    program.fact(subject, "Ageing/live=67108864", "live-bytes", [=] { return history()[1]; });
    program.fact(subject, "Ageing/live=67108864", "resident-bytes", [=] { return history()[2]; });
    program.fact(subject, "Ageing/live=67108864", "held/live", [=] { return held_when_aged(history()); });
    offer_footprint(program, subject, "Hold/bytes=100/blocks=500000",
                    [] { return set_up_hold<Memory>(100, 500'000); }, 1);
    for (const std::size_t bytes : {k_mebibyte, 32 * k_mebibyte}) {
        for (const auto& [touch, name] :
             {std::pair{Touch::none, "none"}, {Touch::first, "first"}, {Touch::all, "all"}}) {
            program.timed(subject, case_name("Large", {{"bytes", bytes}, {"touch", name}}),
                          [=, touch = touch] { return set_up_large<Memory>(bytes, touch); });
        }
    }
}

/// 1, 2 and as many threads as there are processors.
std::vector<std::size_t> thread_counts() {
    std::vector<std::size_t> counts{1, 2};
    if (std::thread::hardware_concurrency() > 2) counts.push_back(std::thread::hardware_concurrency());
    return counts;
}

template <class Memory>
void offer_parallel(Program& program, const std::string& subject) {
    for (const std::size_t threads : thread_counts()) {
        program.timed(subject, case_name("Parallel", {{"threads", threads}, {"bytes", 64}, {"n", 100'000}}),
                      [=] { return set_up_parallel<Memory>(threads, 64, 100'000); });
    }
}

template <class Memory>
void offer_threads(Program& program, const std::string& subject) {
    offer_parallel<Memory>(program, subject);
    for (const std::size_t bytes : {64, 1024}) {
        program.timed(subject, case_name("ProducerConsumer", {{"bytes", bytes}, {"n", 20'000}}),
                      [=] { return set_up_producer_consumer<Memory>(bytes, 20'000); });
    }
    for (const std::size_t threads : thread_counts()) {
        program.timed(subject, case_name("Server", {{"threads", threads}, {"slots", 1000}, {"steps", 10'000}}),
                      [=] { return set_up_server<Memory>(threads, 1000, 10'000); });
    }
    program.timed(subject, "ThreadChurn/blocks=100", [] { return set_up_thread_churn<Memory>(100); });
}

template <class Memory>
void offer_workloads(Program& program, const std::string& subject) {
    offer_pairs<Memory>(program, subject);
    offer_lifetimes<Memory>(program, subject);
    offer_threads<Memory>(program, subject);
}

constexpr std::size_t k_waste_bytes[] = {
    1,    5,    8,    9,    16,   17,   24,    25,    33,    49,    65,    97,    129,   161,    225,    257,    353,    513,    769,
    1025, 1537, 2049, 3073, 4097, 6145, 8193,  12289, 16385, 24577, 28673, 32768, 32769, 65537, 131073, 262145, 524289, 1048576};

template <class Rounding>
void offer_waste(Program& program, const std::string& subject, Rounding usable) {
    constexpr std::size_t k_until = k_largest_class_bytes;
    program.fact(subject, "Classes/until=32768", "classes", [=] { return distinct_sizes(usable, k_until); });
    program.fact(subject, "Boundary", "usable", [=] {
        return std::vector<std::size_t>{usable(k_until - 1), usable(k_until), usable(k_until + 1)};
    });
    for (const std::size_t bytes : {17, 24, 50}) {
        program.fact(subject, case_name("RoundUp", {{"bytes", bytes}}), "usable", [=] { return usable(bytes); });
    }
    for (const std::size_t bytes : k_waste_bytes) {
        program.fact(subject, case_name("Waste", {{"bytes", bytes}}), "waste",
                     [=] { return waste(bytes, usable(bytes)); });
    }
    program.fact(subject, "Waste/until=32768", "mean-waste", [=] { return mean_waste(usable, k_until); });
    program.fact(subject, "Waste/until=32768", "worst-waste", [=] { return worst_waste(usable, 1, k_until); });
    program.fact(subject, "Waste/from=129/until=32768", "worst-waste",
                 [=] { return worst_waste(usable, 129, k_until); });
}

void offer_conformance(Program& program, const Allocator& allocator,
                       const std::map<std::string, std::string>& row_kinds) {
    const auto rows = once([library = allocator.library] { return run_conformance(library); });
    program.fact(allocator.name, "Conformance", "failures", [rows] {
        return std::ranges::count_if(rows(), [](const auto& row) {
            return row.second.kind == "required" && !row.second.passed;
        });
    });
    const auto programs = once([library = allocator.library] { return run_programs(library); });
    for (const auto& [name, kind] : row_kinds) {
        if (kind == "program") {
            program.fact(allocator.name, case_name("Program", {{"name", name}}), "unchanged",
                         [programs, name = name]() -> Value {
                             const Row row = programs().at(name);
                             return row.not_run.empty() ? Value(row.passed) : Value(NotRun{row.not_run});
                         });
        } else if (kind == "required") {
            program.fact(allocator.name, case_name("Conformance", {{"check", name}}), "passed",
                         [rows, name = name] { return rows().at(name).passed; });
        } else if (kind == "misuse") {
            program.fact(allocator.name, case_name("Misuse", {{"check", name}}), "outcome",
                         [rows, name = name] { return rows().at(name).outcome; });
        } else {
            program.fact(allocator.name, case_name("Noted", {{"check", name}}), "detail",
                         [rows, name = name] { return rows().at(name).detail; });
        }
    }
}

void offer_malloc(Program& program, const Allocator& allocator,
                  const std::map<std::string, std::string>& row_kinds) {
    const std::string& subject = allocator.name;
    if (subject != "glibc") program.preload(subject, allocator.library);
    offer_workloads<Malloc>(program, subject);
    offer_waste(program, subject, usable_of_malloc);
    program.fact(subject, "Tiny/bytes=5", "bytes/object", [] { return resident_per_block(5); });
    program.fact(subject, "Fragmentation/refill=same", "held/live", [] { return held_over_live(96); });
    program.fact(subject, "Fragmentation/refill=other", "held/live", [] { return held_over_live(160); });
    offer_conformance(program, allocator, row_kinds);
}

void offer_reuse(Program& program) {
    program.timed("model/free-list", "Pool/bytes=1024/pooled=yes", [] { return set_up_pooled(1024); });
    program.timed("model/free-list", "Pool/bytes=1024/pooled=no", [] { return set_up_unpooled(1024); });
    program.timed("std::vector", "Grow/elem=8/n=10000", [] { return set_up_grow(10'000); });
    program.timed("std::vector", "Presized/elem=8/n=10000", [] { return set_up_presized(10'000); });
    program.timed("std::vector", "Buffer/bytes=65536", [] { return set_up_buffer(65536); });
}

void offer_tiers(Program& program, const std::string& subject) {
    const std::string name = "Tiers/bytes=64/live=100000/n=10000000";
    const auto measured = once([] { return tiers(64, 100'000, 10'000'000); });
    program.fact(subject, name, "cache-share", [=] { return measured().cache; });
    program.fact(subject, name, "central-share", [=] { return measured().central; });
    program.fact(subject, name, "heap-share", [=] { return measured().heap; });
    program.fact(subject, name, "system-share", [=] { return measured().system; });
}

// Asking for the rows starts a process, which trials need not wait for.
bool is_trial(int argc, char** argv) {
    return std::any_of(argv, argv + argc, [](const std::string& argument) {
        return argument == "--lab" || argument.starts_with("--count");
    });
}

}  // namespace

int main(int argc, char** argv) {
    Program program("allocation");
    const auto row_kinds = is_trial(argc, argv) ? std::map<std::string, std::string>() : conformance_rows();
    for (const Allocator& allocator : contenders()) offer_malloc(program, allocator, row_kinds);
    offer_workloads<Null>(program, "null");
    offer_parallel<OneLock>(program, "model/one-lock");
    offer_waste(program, "model/go-classes", usable_of_go);
    offer_waste(program, "model/pow2", usable_of_pow2);
    program.fact("model/go-classes", "Spans", "holds", spans_are_whole_pages);
    program.fact("model/go-classes", "Spans", "cache-entries", [] { return golike::k_span_classes; });
    offer_tiers(program, "model/go-heap");
    offer_reuse(program);
    return program.main(argc, argv);
}
