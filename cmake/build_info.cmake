# build_info: what a program says of its own making with --build; the evidence stores it.

function(lab_configure_build_info input output)
  string(TOUPPER "${CMAKE_BUILD_TYPE}" configuration)
  string(STRIP "${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${configuration}}" LAB_FLAGS)
  if(LAB_NATIVE)
    set(LAB_NATIVE_LITERAL true)
  else()
    set(LAB_NATIVE_LITERAL false)
  endif()
  configure_file("${input}" "${output}" @ONLY)
endfunction()
