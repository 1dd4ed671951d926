# tests: each tests/**/*_test.cpp is a GoogleTest program, each tests/**/*_program.cpp one they run,
# each tests/**/*_library.cpp one that these are run with.

include(GoogleTest)

# lab_target_name(<variable> <file>): the path below tests/ with dots; stems may repeat in folders.
function(lab_target_name variable file)
  file(RELATIVE_PATH path "${PROJECT_SOURCE_DIR}/tests" "${file}")
  string(REGEX REPLACE "\\.cpp$" "" path "${path}")
  string(REPLACE "/" "." path "${path}")
  set(${variable} "${path}" PARENT_SCOPE)
endfunction()

function(lab_add_test_program file)
  get_filename_component(name "${file}" NAME_WE)
  add_executable(${name} "${file}")
  target_link_libraries(${name} PRIVATE lab_harness lab_models)
  set_target_properties(${name} PROPERTIES
                        RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests/programs")
  set_property(GLOBAL APPEND PROPERTY lab_test_programs ${name})
endfunction()

# For LD_PRELOAD: without sanitizers, which bring a malloc of their own.
function(lab_add_test_library file)
  get_filename_component(name "${file}" NAME_WE)
  add_library(${name} SHARED "${file}")
  target_compile_options(${name} PRIVATE -fno-sanitize=all -fno-builtin)
  target_link_options(${name} PRIVATE -fno-sanitize=all)
  set_target_properties(${name} PROPERTIES LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests/programs")
  set_property(GLOBAL APPEND PROPERTY lab_test_programs ${name})
endfunction()

# Tests mirror the folders, so a topic's test links the topic's peers too.
function(lab_add_test file)
  lab_target_name(target "${file}")
  file(RELATIVE_PATH folder "${PROJECT_SOURCE_DIR}/tests" "${file}")
  get_filename_component(folder "${folder}" DIRECTORY)
  lab_peers(peers "${PROJECT_SOURCE_DIR}/${folder}")
  get_property(programs GLOBAL PROPERTY lab_test_programs)
  add_executable(${target} "${file}")
  target_link_libraries(${target} PRIVATE lab_harness lab_models ${peers}
                        nlohmann_json::nlohmann_json GTest::gtest_main)
  target_compile_definitions(${target} PRIVATE
                             LAB_TEST_PROGRAMS="${PROJECT_BINARY_DIR}/tests/programs"
                             LAB_PROGRAMS="${PROJECT_BINARY_DIR}/bin"
                             LAB_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
  if(programs)
    add_dependencies(${target} ${programs})
  endif()
  gtest_discover_tests(${target} TEST_PREFIX "${target}:" DISCOVERY_MODE PRE_TEST
                       NO_PRETTY_TYPES NO_PRETTY_VALUES
                       PROPERTIES TIMEOUT 120)
endfunction()
