#include "traces.hpp"

#include <algorithm>
#include <map>

namespace lab::replay {

namespace {

namespace fs = std::filesystem;

std::string name_of(const fs::path& trace) {
    std::string name = trace.stem().string();
    std::ranges::replace_if(
        name,
        [](char c) {
            return !((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' || c == '_');
        },
        '_');
    return name;
}

}  // namespace

std::vector<NamedTrace> find_traces(const fs::path& program) {
    const fs::path build = program.parent_path().parent_path();
    std::map<std::string, fs::path> found;
    for (const fs::path& folder : {fs::path("experiments/replay/traces"),
                                   build.parent_path().parent_path() / "experiments/replay/traces", build / "traces"}) {
        std::error_code error;
        for (const auto& entry : fs::directory_iterator(folder, error)) {
            if (entry.path().extension() == ".trace") found[name_of(entry.path())] = fs::absolute(entry.path());
        }
    }
    std::vector<NamedTrace> traces;
    for (const auto& [name, path] : found) traces.push_back({name, path});
    return traces;
}

Layout load(const fs::path& trace) {
    return Layout::made_apart([&] {
        const Trace read = claimslab::trace::read(trace.string());
        Script script = compile(read);
        script.peak_live_bytes = claimslab::trace::summarise(read).peak.bytes;
        return script;
    });
}

}  // namespace lab::replay
