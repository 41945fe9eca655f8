# The functions with which every room describes itself. Sources are listed, never globbed.

# What a plugin is, which people outside the tree get with the installed package.
include("${CMAKE_CURRENT_LIST_DIR}/package/EkidenPlugin.cmake")

# Refuses arguments that a function does not know: a misspelt keyword would otherwise be taken for
# one more source.
macro(ekiden_require_known_arguments function)
  if(arg_UNPARSED_ARGUMENTS OR arg_KEYWORDS_MISSING_VALUES)
    message(FATAL_ERROR
      "${function}(${name}): unknown arguments '${arg_UNPARSED_ARGUMENTS}', or no value after "
      "'${arg_KEYWORDS_MISSING_VALUES}'.")
  endif()
endmacro()

# ekiden_add_rooms([FIRST room...])
#
# Adds every subfolder that has a CMakeLists.txt: those named after FIRST in that order where they
# exist, then the others by name.
function(ekiden_add_rooms)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "" "FIRST")
  file(GLOB lists CONFIGURE_DEPENDS RELATIVE "${CMAKE_CURRENT_SOURCE_DIR}"
    "${CMAKE_CURRENT_SOURCE_DIR}/*/CMakeLists.txt")
  set(rooms "")
  foreach(list IN LISTS lists)
    get_filename_component(room "${list}" DIRECTORY)
    list(APPEND rooms "${room}")
  endforeach()
  foreach(room IN LISTS arg_FIRST)
    if(room IN_LIST rooms)
      list(REMOVE_ITEM rooms "${room}")
      add_subdirectory("${room}")
    endif()
  endforeach()
  foreach(room IN LISTS rooms)
    add_subdirectory("${room}")
  endforeach()
endfunction()

# ekiden_library(name [SOURCES file...] [DEPS target...] [PRIVATE_DEPS target...])
#
# A static library, or an interface library where there are no sources. DEPS are what its headers
# need (or its callers may know about), PRIVATE_DEPS what only its sources include.
function(ekiden_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPS;PRIVATE_DEPS")
  ekiden_require_known_arguments(ekiden_library)
  if(arg_SOURCES)
    add_library(${name} STATIC ${arg_SOURCES})
    target_link_libraries(${name} PUBLIC ${arg_DEPS} PRIVATE ekiden_flags ${arg_PRIVATE_DEPS})
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE ${arg_DEPS})
  endif()
endfunction()

# ekiden_executable(name SOURCES file... [DEPS target...] [OUTPUT_DIRECTORY folder])
#
# A program in build/bin. EKIDEN_VERSION is defined for it.
function(ekiden_executable name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "OUTPUT_DIRECTORY" "SOURCES;DEPS")
  ekiden_require_known_arguments(ekiden_executable)
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ekiden_flags ekiden_version ${arg_DEPS})
  if(arg_OUTPUT_DIRECTORY)
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${arg_OUTPUT_DIRECTORY}")
  else()
    set_property(GLOBAL APPEND PROPERTY EKIDEN_PRODUCTS ${name})
  endif()
endfunction()

# ekiden_plugin(name SOURCES file... [OUTPUT_DIRECTORY folder] [OUTPUT_NAME stem] [ALLOW_UNDEFINED])
#
# A plugin in C or C++: <folder>/<stem>.so, by default build/plugins/<name>.so. It sees the ABI
# headers and nothing else of ours. Names left undefined are an error at link time, unless
# ALLOW_UNDEFINED is given (a test of the loader wants such a plugin).
function(ekiden_plugin name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "ALLOW_UNDEFINED" "OUTPUT_DIRECTORY;OUTPUT_NAME" "SOURCES")
  ekiden_require_known_arguments(ekiden_plugin)
  if(NOT arg_OUTPUT_DIRECTORY)
    set(arg_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/plugins")
    set_property(GLOBAL APPEND PROPERTY EKIDEN_PRODUCTS ${name})
    set_property(GLOBAL APPEND PROPERTY EKIDEN_PLUGINS ${name})
  endif()
  if(NOT arg_OUTPUT_NAME)
    set(arg_OUTPUT_NAME "${name}")
  endif()

  add_library(${name} MODULE ${arg_SOURCES})
  ekiden_make_plugin(${name} "${arg_OUTPUT_DIRECTORY}" "${arg_OUTPUT_NAME}")
  target_link_libraries(${name} PRIVATE ekiden_warnings)
  # The sanitizers' own names are resolved by the daemon that loads the plugin.
  if(NOT arg_ALLOW_UNDEFINED AND NOT EKIDEN_SANITIZE)
    target_link_options(${name} PRIVATE LINKER:-z,defs)
  endif()
endfunction()

# ekiden_test(name SOURCES file... [DEPS target...] [LABELS label...] [TIMEOUT seconds] [SERIAL])
#
# A Catch2 program in build/tests and its entry in ctest. main() comes from tests/catch_main.cpp.
# SERIAL keeps ctest from running anything beside it.
function(ekiden_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "SERIAL" "TIMEOUT" "SOURCES;DEPS;LABELS")
  ekiden_require_known_arguments(ekiden_test)
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()

  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE
    ${arg_DEPS} ekiden_test_main Catch2::Catch2 ekiden_flags)
  target_precompile_headers(${name} REUSE_FROM ekiden_test_headers)
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")

  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES
    LABELS "${arg_LABELS}"
    TIMEOUT "${arg_TIMEOUT}"
    RUN_SERIAL "${arg_SERIAL}")
endfunction()

add_library(ekiden_version INTERFACE)
target_compile_definitions(ekiden_version INTERFACE EKIDEN_VERSION="${PROJECT_VERSION}")
