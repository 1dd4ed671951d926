#include "harness/names.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

using lab::case_name;

TEST(Names, CaseNamesAreGoSubBenchmarks) {
    const std::size_t n = 10;
    EXPECT_EQ(case_name("Empty"), "Empty");
    EXPECT_EQ(case_name("Append", {{"elem", 8}, {"n", n}}), "Append/elem=8/n=10");
    EXPECT_EQ(case_name("FirstCapacity", {{"escapes", false}}), "FirstCapacity/escapes=no");
    EXPECT_EQ(case_name("Sort", {{"order", "reversed"}}), "Sort/order=reversed");
}

TEST(Names, DoublesAreShortAndExact) {
    EXPECT_EQ(case_name("Factor", {{"factor", 2.0}}), "Factor/factor=2");
    EXPECT_EQ(case_name("Factor", {{"factor", 1.125}}), "Factor/factor=1.125");
    EXPECT_EQ(case_name("Factor", {{"factor", 1.618}}), "Factor/factor=1.618");
    EXPECT_EQ(case_name("Factor", {{"factor", 1e6}}), "Factor/factor=1000000");
    EXPECT_EQ(case_name("Factor", {{"factor", 0.1}}), "Factor/factor=0.1");
}

TEST(Names, GoodSubjectsPass) {
    for (const char* name : {"go@1.26", "model/go1.18", "std::vector", "jemalloc", "c++_x-y"}) {
        EXPECT_NO_THROW(lab::check_subject(name)) << name;
    }
}

TEST(Names, BadNamesAreRefused) {
    for (const char* name : {"", "two words", "a,b", "a*", "caf\xc3\xa9", "a\"b"}) {
        EXPECT_THROW(lab::check_subject(name), std::invalid_argument) << name;
        EXPECT_THROW(lab::check_case(name), std::invalid_argument) << name;
        EXPECT_THROW(lab::check_metric(name), std::invalid_argument) << name;
    }
    for (const char* name : {"append", "/n=1", "Append/", "Append/n", "Append//n=1",
                             "Append/n=", "Append/=1", "Append/n=1,2", "Append/n=1 ", "Append/n=1/",
                             "Append-2", "Append/kind=a-2", "Append/n=1=2"}) {
        EXPECT_THROW(lab::check_case(name), std::invalid_argument) << name;
    }
}

TEST(Names, HyphensInsideAreFine) {
    EXPECT_NO_THROW(lab::check_case("Append/kind=a-2b"));
    EXPECT_NO_THROW(lab::check_case("Append/first-size=2"));
    EXPECT_NO_THROW(lab::check_metric("original-unchanged"));
    EXPECT_NO_THROW(lab::check_metric("copies/elem"));
}

TEST(Names, TheMessageHasTheNameAndTheRule) {
    try {
        lab::check_case("Append/n=1 000");
        FAIL() << "a blank was accepted";
    } catch (const std::invalid_argument& error) {
        const std::string_view text = error.what();
        EXPECT_NE(text.find("'Append/n=1 000'"), std::string_view::npos) << text;
        EXPECT_NE(text.find("without blank"), std::string_view::npos) << text;
    }
}

}  // namespace
