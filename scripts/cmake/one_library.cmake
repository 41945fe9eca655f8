# One static library of a target and everything of ours that it links, for people outside the tree.

# ekiden_collect(target objects libraries)
#
# Sets <objects> to the object files of the target and of all static libraries of ours behind it,
# and <libraries> to the sonames of the shared libraries of others.
function(ekiden_collect target objects libraries)
  set(open "${target}")
  set(seen "")
  set(found_objects "")
  set(found_libraries "")
  while(open)
    list(POP_FRONT open name)
    string(REGEX REPLACE "^\\$<LINK_ONLY:(.*)>$" "\\1" name "${name}")
    if(NOT TARGET "${name}" OR name IN_LIST seen)
      continue()
    endif()
    list(APPEND seen "${name}")
    get_target_property(type "${name}" TYPE)
    get_target_property(imported "${name}" IMPORTED)
    set(behind "INTERFACE_LINK_LIBRARIES")
    if(type STREQUAL "STATIC_LIBRARY" AND NOT imported)
      list(APPEND found_objects "$<TARGET_OBJECTS:${name}>")
      set(behind "LINK_LIBRARIES")
    elseif(imported AND NOT type STREQUAL "INTERFACE_LIBRARY")
      get_target_property(file "${name}" LOCATION)
      ekiden_soname("${file}" soname)
      list(APPEND found_libraries "${soname}")
    endif()
    get_target_property(more "${name}" ${behind})
    if(more)
      list(APPEND open ${more})
    endif()
  endwhile()
  set(${objects} "${found_objects}" PARENT_SCOPE)
  set(${libraries} "${found_libraries}" PARENT_SCOPE)
endfunction()

# The name under which programs find it at run time: that file is there wherever ekidend runs, also
# where nothing to build with is installed.
function(ekiden_soname file result)
  execute_process(COMMAND "${CMAKE_OBJDUMP}" -p "${file}" OUTPUT_VARIABLE headers
    RESULT_VARIABLE failed)
  if(failed OR NOT headers MATCHES "SONAME +([^ \n]+)")
    message(FATAL_ERROR "'${file}' has no soname; expected a shared library.")
  endif()
  set(${result} "${CMAKE_MATCH_1}" PARENT_SCOPE)
endfunction()

# ekiden_one_library(target OUTPUT file LIBRARIES variable VISIBLE pattern...)
#
# Makes <file> when the tree is built. Whoever links it needs the sonames in <variable>, too.
function(ekiden_one_library target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "OUTPUT;LIBRARIES" "VISIBLE")
  ekiden_collect(${target} objects libraries)
  list(JOIN arg_VISIBLE " " visible)
  set(script "${PROJECT_SOURCE_DIR}/scripts/lib/merge_objects")
  # lld cannot dissolve groups.
  find_program(EKIDEN_BFD_LD NAMES ld.bfd ld REQUIRED)
  mark_as_advanced(EKIDEN_BFD_LD)
  add_custom_command(OUTPUT "${arg_OUTPUT}"
    COMMAND "${script}" "${arg_OUTPUT}" "${EKIDEN_BFD_LD}" "${CMAKE_OBJCOPY}" "${CMAKE_NM}"
      "${CMAKE_AR}" "${visible}" ${objects}
    DEPENDS "${script}" ${objects}
    COMMAND_EXPAND_LISTS
    VERBATIM)
  add_custom_target(${target}_library ALL DEPENDS "${arg_OUTPUT}")
  set_property(GLOBAL APPEND PROPERTY EKIDEN_PRODUCTS ${target}_library)
  set(${arg_LIBRARIES} "${libraries}" PARENT_SCOPE)
endfunction()
