// size_class_test: the generated classes are Go's, and rounding finds the smallest that fits.

#include "allocators/golike/size_class.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

namespace {

using namespace lab::go;

struct Recorded {
    std::size_t bytes;
    std::size_t span_bytes;
    std::size_t objects;
};
constexpr Recorded k_recorded[] = {
#include "recorded_size_classes.inc"
};

TEST(SizeClass, EqualsTheTableOfRealGo) {
    ASSERT_EQ(std::size(k_recorded) + 1, k_size_classes);
    EXPECT_EQ(k_classes[0].bytes, 0u);
    for (std::size_t i = 1; i < k_size_classes; ++i) {
        const Recorded& real = k_recorded[i - 1];
        EXPECT_EQ(k_classes[i].bytes, real.bytes) << "class " << i;
        EXPECT_EQ(k_classes[i].pages * k_page_bytes, real.span_bytes) << "class " << i;
        EXPECT_EQ(real.span_bytes / k_classes[i].bytes, real.objects) << "class " << i;
    }
}

TEST(SizeClass, BeforeGo116ThereWasNoClassOf24) {
    ASSERT_EQ(k_classes_before_1_16.size() + 1, k_classes.size());
    for (std::size_t i = 0, old = 0; i < k_classes.size(); ++i) {
        if (k_classes[i].bytes == 24) continue;
        EXPECT_EQ(k_classes_before_1_16[old].bytes, k_classes[i].bytes);
        EXPECT_EQ(k_classes_before_1_16[old].pages, k_classes[i].pages);
        ++old;
    }
}

TEST(SizeClass, LookupFindsTheSmallestThatFits) {
    for (std::size_t bytes = 1; bytes <= k_max_small_bytes; ++bytes) {
        const auto* smallest = std::find_if(k_classes.begin(), k_classes.end(),
                                            [bytes](SizeClass c) { return c.bytes >= bytes; });
        ASSERT_EQ(k_classes[size_class_of(bytes)].bytes, smallest->bytes) << bytes << " bytes";
    }
}

TEST(SizeClass, WithoutHeaderEverySizeRoundsToItsClassOrToPages) {
    EXPECT_EQ(round_up_size(0), 0u);
    EXPECT_EQ(round_up_size(1), 8u);
    EXPECT_EQ(round_up_size(33), 48u);
    EXPECT_EQ(round_up_size(1024), 1024u);
    EXPECT_EQ(round_up_size(1025), 1152u);
    EXPECT_EQ(round_up_size(32760), 32768u);
    EXPECT_EQ(round_up_size(32761), 32768u);
    EXPECT_EQ(round_up_size(32769), 40960u);
    constexpr auto most = std::numeric_limits<std::size_t>::max();
    EXPECT_EQ(round_up_size(most), most);
}

TEST(SizeClass, AHeaderTakesItsBytesFromLargeObjectsOnly) {
    EXPECT_EQ(round_up_size(512, MallocHeader::if_large), 512u);
    EXPECT_EQ(round_up_size(513, MallocHeader::if_large), 576u - 8);
    EXPECT_EQ(round_up_size(1024, MallocHeader::if_large), 1152u - 8);
    EXPECT_EQ(round_up_size(32760, MallocHeader::if_large), 32760u);
    EXPECT_EQ(round_up_size(32761, MallocHeader::if_large), 32768u);
}

}  // namespace
