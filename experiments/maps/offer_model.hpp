// offer_model: what every model of Go's maps offers beside what all maps do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "offer.hpp"
#include "rules.hpp"

namespace lab::maps {

/// Go's rules for iteration, its seeds and its random orders.
template <class Family>
void offer_rules(Program& program, const std::string& subject) {
    using Map = MapOf<Family, RandomInts>;
    const auto three = once([] { return orders<Map>(3, 60'000); });
    program.fact(subject, "Order/keys=3/pairs=60000", "same-order", [=] { return three().same; });
    program.fact(subject, "Order/keys=3/pairs=60000", "orders", [=] { return three().different; });
    program.fact(subject, "Order/keys=1000/pairs=1000", "same-order",
                 [] { return orders<Map>(1000, 1000).same; });
    program.fact(subject, "IterateGrowing/key=int64/n=1000", "violations",
                 [] { return growing_violations<Map>(1000); });
    program.fact(subject, "IterateDeleting/key=int64/n=1000", "violations",
                 [] { return deleting_violations<Map>(1000); });
    program.fact(subject, "Seeds/keys=100/maps=1000", "same-placement",
                 [] { return same_placement<Map>(100, 1000); });
    program.fact(subject, "NaN/keys=100", "holds",
                 [] { return keeps_nans<typename Family::template Map<double>>(100); });
    for (std::size_t n = 10; n <= 1'000'000; n *= 10) {
        program.timed(subject, name_of<RandomInts>("IterateGrowing", n),
                      [n] { return set_up_iterate_growing<Map, RandomInts>(n); });
    }
}

template <class Family, class Buckets>
void offer_model(Program& program, const std::string& subject, const std::string& probed, Buckets buckets) {
    offer_operations<Family>(program, subject);
    offer_other_keys<Family>(program, subject);
    offer_basics<Family, WideKeys>(program, subject, 1'000'000);
    offer_counts<Family>(program, subject, probed);
    offer_growth<Family>(program, subject, buckets);
    offer_rules<Family>(program, subject);
}

}  // namespace lab::maps
