# language: the C++ standard, optimisation and warnings; one place, as the evidence records them.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)  # or the kernel could not randomise the program's place
include(CheckPIESupported)
check_pie_supported(LANGUAGES CXX)

set(LAB_PRESET "none" CACHE STRING "The name of the preset, recorded in the evidence")
option(LAB_NATIVE "Compile for this processor only; recorded in the evidence" OFF)
option(LAB_WARNINGS_ARE_ERRORS "Stop at the first warning" OFF)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug or Release" FORCE)
endif()
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor
                    -Wno-psabi)  # notes on how compilers before GCC 4.6 passed aligned arguments
if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
  add_compile_options(-Wno-sign-conversion)  # g++ does not count it in -Wconversion for C++
endif()
if(LAB_WARNINGS_ARE_ERRORS)
  add_compile_options(-Werror)
endif()
if(LAB_NATIVE)
  string(APPEND CMAKE_CXX_FLAGS_RELEASE " -march=native")
endif()

# In a folder of our own, or a topic's program and a library of the same name would collide.
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib")
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib")
