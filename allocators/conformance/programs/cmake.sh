# cmake: string and list work in a script, and a small project without languages configured.
mkdir project
cat >project/CMakeLists.txt <<'EOF'
cmake_minimum_required(VERSION 3.20)
project(work LANGUAGES NONE)
set(list "")
foreach(i RANGE 1 2000)
  math(EXPR n "${i} * 7919 % 1009")
  list(APPEND list "item${n}")
endforeach()
list(SORT list)
list(REMOVE_DUPLICATES list)
list(JOIN list "," text)
string(SHA256 hash "${text}")
string(REGEX MATCHALL "item1[0-9]+" found "${text}")
list(LENGTH found length)
message(STATUS "${hash} ${length}")
configure_file(in.txt out.txt)
add_custom_target(all_of_it COMMAND "${CMAKE_COMMAND}" -E echo "${length}")
EOF
echo '@hash@' >project/in.txt
cmake -S project -B build | grep -v 'done ('
cat build/out.txt
cmake -E sha256sum project/CMakeLists.txt
