// replay: what malloc libraries cost and hold for what a recorded program asked of malloc.
//
// Question    Which allocator is best for the program that was recorded?
// Held equal  The operations, their order in each thread and the edges between threads; the slots,
//             the touching and the process around them. The subject `null` has all that but a malloc.
//             `Start` is what a library costs before a program's first call: it adds to a replay.
// Trap        A program also computes, which takes time and cache; here nothing stands between one
//             call of malloc and the next. Ratios are of malloc's share of the program, and larger.

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "allocators/contenders.hpp"
#include "harness/harness.hpp"
#include "harness/once.hpp"
#include "measure.hpp"
#include "traces.hpp"

namespace {

using namespace lab;
using namespace lab::replay;

constexpr std::pair<Touch, const char*> k_touches[] = {
    {Touch::none, "none"}, {Touch::first, "first"}, {Touch::all, "all"}};

template <class Memory, class Get>
void offer(Program& program, const std::string& subject, const std::string& name, Get get, Touch touch, bool apart) {
    program.timed_with_tails(subject, name, [=] { return Replay<Memory>(get(), touch, apart); });
    const auto used = once([=] { return usage<Memory>(*get(), touch); });
    program.fact(subject, name, "peak-bytes", [=] { return used().peak_bytes; });
    program.fact(subject, name, "left-bytes", [=] { return used().left_bytes; });
    program.fact(subject, name, "faults", [=] { return used().faults; });
    program.fact(subject, name, "waits", [=] { return used().waits; });
    program.fact(subject, name, "wait-share", [=] { return used().wait_share; });
    program.fact(subject, name, "peak/live",
                 [=] { return used().peak_bytes / static_cast<double>(get()->peak_live_bytes()); });
    const auto over_time = once([=] { return course<Memory>(*get(), touch); });
    program.fact(subject, name, "steps", [=] { return over_time().steps; });
    program.fact(subject, name, "live-bytes", [=] { return over_time().live_bytes; });
    program.fact(subject, name, "held-bytes", [=] { return over_time().held_bytes; });
    program.fact(subject, name, "operations", [=] { return get()->steps(); });
    program.fact(subject, name, "threads", [=] { return get()->threads(); });
    program.fact(subject, name, "peak-live-bytes", [=] { return get()->peak_live_bytes(); });
    program.fact(subject, name, "left-out", [=] { return get()->left_out(); });
}

template <class Memory>
void offer_traces(Program& program, const std::string& subject, const std::vector<NamedTrace>& traces, bool apart) {
    for (const NamedTrace& trace : traces) {
        const auto get = once([path = trace.path] { return std::make_shared<Layout>(load(path)); });
        for (const auto& [touch, touched] : k_touches) {
            offer<Memory>(program, subject, case_name("Replay", {{"trace", trace.name}, {"touch", touched}}), get,
                          touch, apart);
        }
    }
}

// Whoever counts instructions or calls of malloc looks at this process only.
bool is_counted(int argc, char** argv) {
    return std::any_of(argv, argv + argc, [](const std::string& argument) { return argument.starts_with("--count"); });
}

}  // namespace

int main(int argc, char** argv) {
    Program program("replay");
    std::error_code error;
    const auto traces = find_traces(std::filesystem::read_symlink("/proc/self/exe", error));
    const bool apart = !is_counted(argc, argv);
    for (const Allocator& allocator : contenders()) {
        if (allocator.name != "glibc") program.preload(allocator.name, allocator.library);
        program.timed(allocator.name, "Start", set_up_start);
        offer_traces<Malloc>(program, allocator.name, traces, apart);
    }
    offer_traces<Null>(program, "null", traces, apart);
    return program.main(argc, argv);
}
