// once: a measurement that several facts share.
#pragma once

#include <memory>
#include <optional>

namespace lab {

/// The value of `measure()`, measured when first asked for and then kept.
template <class Measure>
auto once(Measure measure) {
    using Result = decltype(measure());
    return [measure, kept = std::make_shared<std::optional<Result>>()] {
        if (!*kept) *kept = measure();
        return **kept;
    };
}

}  // namespace lab
