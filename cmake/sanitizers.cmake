# sanitizers: LAB_SANITIZE is empty, "address,undefined" or "thread"; it holds for everything built.

set(LAB_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize takes them")

if(LAB_SANITIZE)
  string(APPEND CMAKE_CXX_FLAGS
         " -fsanitize=${LAB_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer")
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    add_compile_options(-Wno-maybe-uninitialized)  # cries wolf in instrumented library code
  endif()
endif()
