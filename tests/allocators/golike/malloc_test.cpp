// malloc_test: libgolike.so under LD_PRELOAD: one check a process, misuse, and real programs whose
// output must not change.

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "tests/sanitized.hpp"

namespace {

const std::string k_library = LAB_PROGRAMS "/../lib/libgolike.so";
const std::string k_program = LAB_TEST_PROGRAMS "/golike_malloc_program";

struct Result {
    int status = -1;  // as waitpid has it
    std::string output;
};

Result run(const std::string& command) {
    Result result;
    std::FILE* pipe = popen((command + " 2>&1").c_str(), "r");
    if (pipe == nullptr) return result;
    char part[4096];
    for (std::size_t n; (n = std::fread(part, 1, sizeof part, pipe)) > 0;) result.output.append(part, n);
    result.status = pclose(pipe);
    return result;
}

std::string preloaded(const std::string& command) {
    return "exec env LD_PRELOAD='" + k_library + "' " + command;
}

class Check : public testing::TestWithParam<const char*> {};

TEST_P(Check, Holds) {
    if (k_sanitized) GTEST_SKIP() << "not run: a sanitizer brings a malloc of its own";
    const Result result = run(preloaded(k_program + " " + GetParam()));
    EXPECT_EQ(result.status, 0) << result.output;
}

INSTANTIATE_TEST_SUITE_P(Malloc, Check,
                         testing::Values("family", "sizes", "zero", "contents", "errors", "alignments", "stress",
                                         "forks", "threads", "destructors", "trim", "return_by_itself",
                                         "limit", "new_and_delete", "tell"),
                         [](const auto& check) { return std::string(check.param); });

class Misuse : public testing::TestWithParam<const char*> {};

TEST_P(Misuse, EndsWithOneLineAndAbort) {
    if (k_sanitized) GTEST_SKIP() << "not run: a sanitizer brings a malloc of its own";
    const Result result = run("ulimit -c 0; " + preloaded(k_program + " misuse_" + GetParam()));
    EXPECT_TRUE(WIFSIGNALED(result.status) || WEXITSTATUS(result.status) == 128 + SIGABRT) << result.output;
    EXPECT_EQ(result.output.rfind("golike: ", 0), 0u) << result.output;
    EXPECT_EQ(result.output.find('\n'), result.output.size() - 1) << result.output;
}

INSTANTIATE_TEST_SUITE_P(Malloc, Misuse,
                         testing::Values("double", "double_later", "write", "double_large", "inside",
                                         "inside_large", "stack", "foreign"),
                         [](const auto& misuse) { return std::string(misuse.param); });

struct Program {
    const char* name;
    const char* command;
};
void PrintTo(const Program& program, std::ostream* out) { *out << program.name; }

class RealProgram : public testing::TestWithParam<Program> {};

TEST_P(RealProgram, PrintsTheSame) {
    const std::string name = GetParam().name;
    if (run("command -v " + name).status != 0) GTEST_SKIP() << "not run: " << name << " is not installed";
    const std::string folder = std::filesystem::temp_directory_path() / ("golike-" + std::to_string(getpid()));
    std::filesystem::create_directories(folder);
    const std::string enter = "cd '" + folder + "' && ";
    const std::string command = std::string("sh -c '") + GetParam().command + "'";
    const Result plain = run(enter + command);
    const Result with = run(enter + preloaded(command));
    std::filesystem::remove_all(folder);
    EXPECT_EQ(plain.status, 0) << plain.output;
    EXPECT_EQ(with.status, plain.status) << with.output;
    EXPECT_EQ(with.output, plain.output);
}

INSTANTIATE_TEST_SUITE_P(
    Malloc, RealProgram,
    testing::Values(
        Program{"python3",
                "python3 -c \"import json,threading,hashlib\n"
                "d={str(i):[i]*(i%50) for i in range(20000)}\n"
                "ts=[threading.Thread(target=lambda:json.loads(json.dumps(d))) for _ in range(4)]\n"
                "[t.start() for t in ts];[t.join() for t in ts]\n"
                "print(hashlib.sha256(json.dumps(d).encode()).hexdigest())\""},
        Program{"g++",
                "printf \"#include <map>\\n#include <string>\\n#include <cstdio>\\n"
                "int main(){std::map<std::string,int> m; m[\\\"a\\\"]=3; std::puts(m.begin()->first.c_str());}\" "
                "> p.cpp && g++ -O1 p.cpp -o p && ./p && sha256sum p"},
        Program{"git",
                "rm -rf r && git init -q r && cd r && seq 2000 > f && git add f && "
                "export GIT_AUTHOR_DATE=2001-01-01T00:00:00Z GIT_COMMITTER_DATE=2001-01-01T00:00:00Z; git -c user.name=a -c user.email=a@b commit -q -m x && "
                "git log --stat && git gc -q && git fsck"},
        Program{"perl", "perl -e \"my %h; \\$h{\\$_}=[1..\\$_%40] for 1..30000; print scalar(keys %h), qq(\\n);\""},
        Program{"cmake", "cmake --version && cmake --help-variable-list | sha256sum"},
        Program{"node", "node -e \"const a=[];for(let i=0;i<1e5;i++)a.push({i,s:String(i)});console.log(JSON.stringify(a).length)\""},
        Program{"sqlite3",
                "sqlite3 :memory: \"create table t(a,b); with recursive c(x) as (select 1 union all select x+1 "
                "from c where x<50000) insert into t select x, hex(x) from c; create index i on t(b); "
                "select count(*), max(b), sum(a) from t;\""}),
    [](const auto& program) {
        const std::string name = program.param.name;
        return name == "g++" ? std::string("gxx") : name;
    });

}  // namespace
