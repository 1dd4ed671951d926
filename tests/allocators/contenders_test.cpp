// contenders_test: who is compared: a fixed list, golike if it is built, and what the user put there.

#include "allocators/contenders.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
using lab::Allocator;

class BuildTree : public testing::Test {
   protected:
    BuildTree() {
        char name[] = "/tmp/lab-contenders-XXXXXX";
        root = mkdtemp(name);
    }
    ~BuildTree() override { fs::remove_all(root); }
    void touch(const std::string& path) const {
        fs::create_directories((root / path).parent_path());
        std::ofstream(root / path) << "";
    }
    std::vector<Allocator> found() const { return lab::contenders(root / "bin" / "program"); }
    fs::path root;
};

Allocator named(const std::vector<Allocator>& list, const std::string& name) {
    const auto at = std::ranges::find_if(list, [&](const Allocator& one) { return one.name == name; });
    return at == list.end() ? Allocator{"no " + name, ""} : *at;
}

TEST_F(BuildTree, AnEmptyOneHasTheInstalledAndGolikeWithoutItsLibrary) {
    const auto list = found();
    EXPECT_EQ(list.size(), lab::installed_allocators().size() + 1);
    EXPECT_EQ(list.front().name, "glibc");
    EXPECT_EQ(named(list, "golike").library, "");
}

TEST_F(BuildTree, GolikeIsTheOneBesideTheProgram) {
    touch("lib/libgolike.so");
    EXPECT_EQ(named(found(), "golike").library, (root / "lib/libgolike.so").string());
}

TEST_F(BuildTree, TheUsersLibrariesFollowByName) {
    touch("contenders/libmine.so.2");
    touch("contenders/odd name,.so");
    const auto list = found();
    EXPECT_EQ(list.at(list.size() - 2).name, "alloc/mine");
    EXPECT_EQ(list.back().name, "alloc/odd-name-");
    EXPECT_EQ(named(list, "alloc/mine").library, (root / "contenders/libmine.so.2").string());
}

TEST(Contenders, OfThisProcessAreFound) { EXPECT_GE(lab::contenders().size(), 5u); }

}  // namespace
