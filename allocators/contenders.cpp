#include "allocators/contenders.hpp"

#include <algorithm>
#include <string>

namespace lab {

namespace {

namespace fs = std::filesystem;

// "alloc/mine" of ".../libmine.so.2"; characters that no subject may have become "-".
std::string subject_of(const fs::path& library) {
    std::string stem = library.filename().string();
    if (stem.starts_with("lib")) stem.erase(0, 3);
    stem.erase(std::min(stem.find(".so"), stem.size()));
    for (char& c : stem) {
        const bool good = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                          c == '.' || c == '_' || c == '+' || c == '-';
        if (!good) c = '-';
    }
    return "alloc/" + stem;
}

}  // namespace

std::vector<Allocator> contenders(const fs::path& program) {
    std::vector<Allocator> list = installed_allocators();
    const fs::path build = program.parent_path().parent_path();
    std::error_code error;
    const fs::path golike = build / "lib" / "libgolike.so";
    list.push_back({"golike", fs::exists(golike, error) ? golike.string() : ""});

    std::vector<fs::path> libraries;
    for (const auto& entry : fs::directory_iterator(build / "contenders", error)) libraries.push_back(entry.path());
    std::ranges::sort(libraries);
    for (const fs::path& library : libraries) list.push_back({subject_of(library), library.string()});
    return list;
}

std::vector<Allocator> contenders() {
    std::error_code error;
    return contenders(fs::read_symlink("/proc/self/exe", error));
}

}  // namespace lab
