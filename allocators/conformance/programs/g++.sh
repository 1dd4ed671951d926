# g++: compiles C++ with templates and exceptions, links it, and runs what came of it.
cat >work.cpp <<'EOF'
#include <iostream>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>
int main() {
    std::map<std::string, std::vector<std::unique_ptr<int>>> table;
    for (int i = 0; i < 20000; ++i) table[std::to_string(i % 1000)].push_back(std::make_unique<int>(i));
    long sum = 0;
    for (const auto& [name, list] : table) {
        for (const auto& one : list) sum += *one + static_cast<long>(name.size());
    }
    try {
        table.at("none");
    } catch (const std::out_of_range& error) {
        std::cout << sum << ' ' << error.what() << '\n';
    }
}
EOF
g++ -std=c++17 -O1 work.cpp -o work
cksum work
./work
