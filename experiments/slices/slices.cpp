// slices: what append costs under each growth rule and source of memory, on models and std::vector.
//
// Question    How does append grow a slice, what does growing copy, and what does presizing save?
// Held equal  n appends of an int64, one at a time, to a fresh slice; the checksum reads the last
//             and the middle element and the length; subjects differ only in the slice's type.
// Trap        A slice whose address escapes stores its length at every append; a loop that the
//             compiler may fill in bulk is no append. Growth is out of line in every model. From
//             10,000 elements on, the time is mostly page faults: std::vector/kept shows it.

#include <malloc.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "growth_facts.hpp"
#include "harness/harness.hpp"
#include "models/slice/slice.hpp"
#include "reuse.hpp"
#include "sharing_facts.hpp"

namespace {

using namespace lab;
using namespace lab::slices;
using Element = std::int64_t;

template <class Growth, class Memory = go::memory::copying>
using Model = go::slice<Element, Growth, Memory>;
using Vector = std::vector<Element>;

// What to use when nothing must equal Go: the first array fills a cache line.
using Practical = go::growth::first_array<64, go::growth::doubling>;
// From the size on at which glibc maps and faults in fresh pages anyway (its M_MMAP_THRESHOLD).
using Reserving = go::memory::reserving<go::memory::Pages::huge, std::size_t{128} << 10>;

template <class Slice>
struct Appendable {
    static Slice presized(std::size_t n) { return Slice::make(0, n); }
    static void append(Slice& s, Element value) { s.append(value); }
};

template <>
struct Appendable<Vector> {
    static Vector presized(std::size_t n) {
        Vector v;
        v.reserve(n);
        return v;
    }
    static void append(Vector& v, Element value) { v.push_back(value); }
};

enum class Start { empty, presized };

// The slice is made here, not handed in: a parameter lives in the caller's memory.
template <class Slice, Start From>
[[gnu::noinline]] std::uint64_t append_all(std::size_t n) {
    Slice s = From == Start::presized ? Appendable<Slice>::presized(n) : Slice();
    for (std::size_t i = 0; i < n; ++i) Appendable<Slice>::append(s, static_cast<Element>(i));
    return static_cast<std::uint32_t>(static_cast<std::uint64_t>(s[n - 1]) +
                                      static_cast<std::uint64_t>(s[n / 2]) + s.size());
}

template <class Slice>
std::vector<std::size_t> observed(Slice s, std::size_t n) {
    return observed_capacities(std::move(s), n, Appendable<Slice>::append);
}

/// What glibc does with freed memory. As shipped it hands large blocks back to the kernel, and the
/// next operation faults every page in again; kept, it costs what the growth itself costs.
enum class Pages { as_shipped, kept };

void keep_pages() {
    mallopt(M_MMAP_MAX, 0);
    mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
}

template <class Slice, Start From>
auto timed_appends(std::size_t n, Pages pages) {
    return [n, pages] {
        if (pages == Pages::kept) keep_pages();
        return [n] { return append_all<Slice, From>(n); };
    };
}

/// Times, and the facts that need nothing but appends; for every subject.
template <class Slice>
void offer_appends(Program& program, const std::string& subject, Pages pages = Pages::as_shipped) {
    for (std::size_t n = 10; n <= 10'000'000; n *= 10) {
        const std::string presized = case_name("Presized", {{"elem", 8}, {"n", n}});
        program.timed(subject, case_name("Append", {{"elem", 8}, {"n", n}}),
                      timed_appends<Slice, Start::empty>(n, pages));
        program.timed(subject, presized, timed_appends<Slice, Start::presized>(n, pages));
        program.fact(subject, presized, "reallocations",
                     [n] { return observed(Appendable<Slice>::presized(n), n).size(); });
    }
    for (const std::size_t n : {2000, 10'000}) {
        program.fact(subject, case_name("Reallocations", {{"elem", 8}, {"n", n}}), "reallocations",
                     [n] { return observed(Slice(), n).size(); });
    }
    for (const std::size_t n : {2000, 1'000'000}) {
        program.fact(subject, case_name("Capacities", {{"elem", 8}, {"n", n}}), "capacities",
                     [n] { return observed(Slice(), n); });
    }
}

/// What growth copies and wastes; for every subject that grows by copying.
template <class Growth>
void offer_costs(Program& program, const std::string& subject) {
    for (const std::size_t n : {2000, 1'000'000, 10'000'000}) {
        const std::string name = case_name("Copies", {{"elem", 8}, {"n", n}});
        const auto history = [n] { return go::grow_history(Growth{}, sizeof(Element), n); };
        program.fact(subject, name, "copies/elem", [=] { return history().copies_per_element(); });
        program.fact(subject, name, "copies/cap", [=] { return history().copies_per_capacity(); });
        program.fact(subject, name, "slack", [=] { return history().slack(); });
        program.fact(subject, name, "peak/final", [=] { return history().peak_per_final(); });
    }
}

/// What must equal real Go before a time is compared.
template <class Growth>
void offer_go_facts(Program& program, const std::string& subject) {
    using Slice = Model<Growth>;
    for (const std::size_t elem : {1, 16, 24, 64, 4096}) {
        for (const std::size_t n : {2000, 1'000'000}) {
            program.fact(subject, case_name("Capacities", {{"elem", elem}, {"n", n}}), "capacities",
                         [=] { return go::grow_history(Growth{}, elem, n).capacities; });
        }
    }
    const std::string full = case_name("FullCap4", {{"elem", 8}});
    program.fact(subject, full, "capacity", [] { return full_cap4<Slice>().capacity; });
    program.fact(subject, full, "original-unchanged",
                 [] { return full_cap4<Slice>().original_unchanged; });
    program.fact(subject, case_name("CopyOnGrow", {{"elem", 8}, {"n", 10'000}}), "violations",
                 [] { return copy_on_grow<Slice>(10'000); });
    program.fact(subject, "SharedAlias", "holds", shared_alias<Slice>);
    program.fact(subject, "AppendClobbers", "holds", append_clobbers<Slice>);
    program.fact(subject, "FullSliceExpr", "holds", full_slice_expression<Slice>);
    program.fact(subject, "CopyIndependent", "violations", copy_independent<Slice>);
}

template <class Growth>
void offer_rule(Program& program, const std::string& subject) {
    offer_appends<Model<Growth>>(program, subject);
    offer_costs<Growth>(program, subject);
}

template <class Growth>
void offer_go(Program& program, const std::string& subject) {
    offer_rule<Growth>(program, subject);
    offer_go_facts<Growth>(program, subject);
}

void offer_factors(Program& program) {
    for (const double factor : {1.125, 1.25, 1.375, 1.5, 1.618, 1.75, 2.0, 2.5, 3.0}) {
        const std::string name = case_name("Factor", {{"factor", factor}});
        program.fact("model/factor", name, "copies/cap",
                     [factor] { return factor_means(factor).copies_per_capacity; });
        program.fact("model/factor", name, "utilisation",
                     [factor] { return factor_means(factor).utilisation; });
    }
}

void offer_reuse(Program& program) {
    for (const Allocator& allocator : installed_allocators()) {
        if (allocator.name != "glibc") program.preload(allocator.name, allocator.library);
    }
    for (const double factor : {1.3, 1.4, 1.45, 1.5, 1.55, 1.6, 1.61, 1.62, 1.75, 2.0}) {
        const std::string name = case_name("Reuse", {{"factor", factor}});
        program.fact("model/first-fit", name, "first-reuse", [factor] {
            return reuse::first_reuse(reuse::FirstFitSource{}, factor, reuse::k_model_limit_bytes);
        });
        for (const Allocator& allocator : installed_allocators()) {
            program.fact(allocator.name, name, "first-reuse",
                         [factor] { return reuse::first_reuse_of_malloc(factor); });
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    Program program("slices");
    offer_go<go::growth::go1_17>(program, "model/go1.17");
    offer_go<go::growth::go1_18>(program, "model/go1.18");
    offer_rule<go::growth::doubling>(program, "model/2x");
    offer_rule<go::growth::one_and_a_half>(program, "model/1.5x");
    offer_rule<go::growth::golden>(program, "model/golden");
    offer_rule<go::growth::one_and_an_eighth>(program, "model/1.125x");
    offer_appends<Model<Practical, go::memory::moving>>(program, "model/realloc");
    offer_appends<Model<Practical, Reserving>>(program, "model/reserve");
    offer_appends<Vector>(program, "std::vector");
    offer_appends<Vector>(program, "std::vector/kept", Pages::kept);
    offer_factors(program);
    offer_reuse(program);
    return program.main(argc, argv);
}
