# topics: a folder of experiments/ with C++ becomes the program bin/<folder>, and a relinked twin.

# lab_peers(<variable> <folder>): the libraries that a topic compares; its peers.cmake sets `peers`.
function(lab_peers variable folder)
  set(peers "")
  include("${folder}/peers.cmake" OPTIONAL)
  set(${variable} "${peers}" PARENT_SCOPE)
endfunction()

# Every source is an object library of its own, so that both programs hold the very same objects.
# bin/<topic>_relinked links them in reverse order behind a padding object that shifts code and
# data; nothing else differs, so a difference in time between the two is layout, not work.
function(lab_add_topic folder)
  get_filename_component(topic "${folder}" NAME)
  file(GLOB sources CONFIGURE_DEPENDS "${folder}/*.cpp")
  if(NOT sources)
    return()
  endif()

  lab_peers(peers "${folder}")
  set(forward "")
  set(backward "")
  foreach(source IN LISTS sources)
    get_filename_component(stem "${source}" NAME_WE)
    set(object "${topic}.${stem}.o")
    add_library(${object} OBJECT "${source}")
    target_link_libraries(${object} PRIVATE lab_harness lab_models ${peers})
    list(APPEND forward $<TARGET_OBJECTS:${object}>)
    list(PREPEND backward $<TARGET_OBJECTS:${object}>)
  endforeach()

  add_executable(${topic} ${forward})
  add_executable(${topic}_relinked $<TARGET_OBJECTS:lab_padding> ${backward})
  foreach(program IN ITEMS ${topic} ${topic}_relinked)
    set_target_properties(${program} PROPERTIES
                          LINKER_LANGUAGE CXX
                          RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
    target_link_libraries(${program} PRIVATE lab_harness lab_models ${peers})
    add_dependencies(programs ${program})
  endforeach()
endfunction()
