# Compiler and linker settings that hold for every target.
#
# Flags that all objects of one program must share (language level, optimisation, sanitizer) are set
# for the directory; warnings and the include root come with `ekiden_flags`, which the functions of
# targets.cmake link privately to what they make.

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)

# -g1 gives file and line in back traces and profiles at a tenth of the size of -g.
foreach(language IN ITEMS C CXX)
  set(CMAKE_${language}_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
  set(CMAKE_${language}_FLAGS_DEBUG "-O0 -g -D_GLIBCXX_ASSERTIONS")
endforeach()

if(EKIDEN_CCACHE)
  find_program(EKIDEN_CCACHE_PROGRAM ccache)
  mark_as_advanced(EKIDEN_CCACHE_PROGRAM)
endif()
if(EKIDEN_CCACHE AND EKIDEN_CCACHE_PROGRAM)
  # The sloppiness is what ccache asks for with precompiled headers; without the hash of the working
  # folder, several build folders of one tree share their results.
  set(launcher "${CMAKE_COMMAND}" -E env
    CCACHE_SLOPPINESS=pch_defines,time_macros CCACHE_NOHASHDIR=1 "${EKIDEN_CCACHE_PROGRAM}")
  set(CMAKE_C_COMPILER_LAUNCHER "${launcher}")
  set(CMAKE_CXX_COMPILER_LAUNCHER "${launcher}")
  # Without this clang writes the header's time of change into its precompiled form, and no result
  # of another build folder would ever be found.
  add_compile_options("$<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>")
endif()

include(CheckLinkerFlag)
if(EKIDEN_LLD)
  check_linker_flag(CXX -fuse-ld=lld EKIDEN_HAVE_LLD)
  if(EKIDEN_HAVE_LLD)
    add_link_options(-fuse-ld=lld)
  endif()
endif()

if(EKIDEN_SANITIZE)
  if(EKIDEN_SANITIZE STREQUAL "address")
    # Not "function": a plugin's poll(void *, ekd_cx *) is called through the runtime's signature of
    # the same layout (daemon/host asserts that), which that check takes for another type. Not
    # "vptr": it probes memory through a pipe, and takes an object for a broken one in a process
    # that has no descriptor left, which is what some of the tests are about.
    set(sanitizers -fsanitize=address,undefined -fno-sanitize-recover=undefined
      -fno-sanitize=function,vptr)
  elseif(EKIDEN_SANITIZE STREQUAL "thread")
    set(sanitizers -fsanitize=thread)
  else()
    message(FATAL_ERROR "EKIDEN_SANITIZE is '${EKIDEN_SANITIZE}'; it may be empty, 'address' or "
      "'thread'.")
  endif()
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES Clang)
    # gcc 12 has no tail call in a symmetric transfer between coroutines under its sanitizers, so
    # that a long chain overflows the stack, and it rejects fences under -fsanitize=thread.
    message(FATAL_ERROR "Sanitizer builds need clang and this is ${CMAKE_CXX_COMPILER_ID}; use "
      "`cmake --preset asan` or `cmake --preset tsan`.")
  endif()
  add_compile_options(${sanitizers} -O1 -g1 -fno-omit-frame-pointer)
  add_link_options(${sanitizers})
endif()

add_library(ekiden_warnings INTERFACE)
target_compile_options(ekiden_warnings INTERFACE
  -Wall -Wextra -Wvla
  $<$<BOOL:${EKIDEN_WERROR}>:-Werror>
  $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes>
  # gcc 12 reports values in nlohmann's iterators and in std::variant at -O2 that are never read.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>
  # The lock annotations of runtime/base are checked by clang only.
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>)

# Through this target so that -pthread is the same for every object: a precompiled header is refused
# where it differs.
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

add_library(ekiden_flags INTERFACE)
target_include_directories(ekiden_flags INTERFACE "${PROJECT_SOURCE_DIR}")
target_link_libraries(ekiden_flags INTERFACE ekiden_warnings Threads::Threads)
