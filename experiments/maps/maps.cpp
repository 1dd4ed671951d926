// maps: what finding, inserting, deleting and iterating cost, on models of Go's maps and the best of C++.
//
// Question    How do Go's two maps grow, find and waste, what of their time is layout and what is
//             language, and are 6.5 of 8 and 7 of 8 good load factors?
// Held equal  Keys, their order, value type and sums: one templated body an operation. A subject that
//             ends in /same-hash has the models' hash; without it, its library's own.
// Trap        A prefetcher that knows the order of the keys, so they are shuffled; equal pointers,
//             which spare comparing strings, so keys that are looked up are copies.

#include "offer.hpp"

int main(int argc, char** argv) {
    lab::Program program("maps");
    lab::maps::offer_bucket_models(program);
    lab::maps::offer_swiss_models(program);
    lab::maps::offer_peers(program);
    return program.main(argc, argv);
}
