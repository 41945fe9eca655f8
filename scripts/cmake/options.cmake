# Everything that a person may set with -D, and the defaults that CMake itself would choose worse.

option(EKIDEN_WERROR "Treat compiler warnings as errors" ON)
option(EKIDEN_TESTS "Build the tests (needs Catch2)" ON)
option(EKIDEN_CCACHE "Compile through ccache where it is installed" ON)
option(EKIDEN_LLD "Link with lld where it is installed" ON)
option(EKIDEN_OBSERVE
  "Time polls and delays; OFF only to measure what that costs: the histograms stay empty" ON)
if(NOT EKIDEN_OBSERVE)
  add_compile_definitions(EKIDEN_OBSERVE=0)
endif()

set(EKIDEN_SANITIZE "" CACHE STRING
  "Sanitizer to build with: empty, 'address' (with undefined behaviour) or 'thread'")
set_property(CACHE EKIDEN_SANITIZE PROPERTY STRINGS "" address thread)

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Release or Debug" FORCE)
endif()

set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
