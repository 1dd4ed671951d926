# dependencies: every library that the C++ parts link, and what it is called where it is missing.

# lab_require(<package> <target> [VERSION <at least>] DEBIAN <name> FEDORA <name> ARCH <name>)
function(lab_require package target)
  cmake_parse_arguments(PARSE_ARGV 2 NEED "" "VERSION;DEBIAN;FEDORA;ARCH" "")
  find_package(${package} ${NEED_VERSION} QUIET GLOBAL)
  if(NOT TARGET ${target})
    message(FATAL_ERROR "${package} ${NEED_VERSION} is missing. Install ${NEED_DEBIAN} (Debian, Ubuntu), "
                        "${NEED_FEDORA} (Fedora) or ${NEED_ARCH} (Arch), then configure again.")
  endif()
  set(${package}_VERSION "${${package}_VERSION}" PARENT_SCOPE)
endfunction()

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
lab_require(benchmark benchmark::benchmark
            DEBIAN libbenchmark-dev FEDORA google-benchmark-devel ARCH benchmark)
lab_require(GTest GTest::gtest_main DEBIAN libgtest-dev FEDORA gtest-devel ARCH gtest)
lab_require(nlohmann_json nlohmann_json::nlohmann_json
            DEBIAN nlohmann-json3-dev FEDORA json-devel ARCH nlohmann-json)
# Peers of the maps.
lab_require(absl absl::flat_hash_map
            DEBIAN libabsl-dev FEDORA abseil-cpp-devel ARCH abseil-cpp)
lab_require(Boost Boost::headers VERSION 1.81
            DEBIAN libboost1.81-dev FEDORA boost-devel ARCH boost)
