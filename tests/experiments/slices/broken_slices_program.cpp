// broken_slices_program: the capacities of model/go1.18 with its threshold halved, to see a verdict flip.

#include <cstdint>

#include "experiments/slices/growth_facts.hpp"
#include "harness/harness.hpp"
#include "models/slice/slice.hpp"

int main(int argc, char** argv) {
    using namespace lab;
    using Broken = go::slice<std::int64_t, go::growth::go_smooth<128, go::MallocHeader::none>>;
    Program program("slices");
    program.fact("model/go1.18", case_name("Capacities", {{"elem", 8}, {"n", 2000}}), "capacities", [] {
        return slices::observed_capacities(Broken(), 2000, [](Broken& s, std::int64_t v) { s.append(v); });
    });
    return program.main(argc, argv);
}
