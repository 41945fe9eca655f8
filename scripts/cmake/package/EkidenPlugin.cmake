# How a plugin is built, in this tree and outside of it: the tree's own ekiden_plugin() and the
# ekiden_add_plugin() of find_package(Ekiden) both end here.

# ekiden_add_plugin(name SOURCES file... [OUTPUT_DIRECTORY folder])
#
# A plugin in C or C++: the target <name>, which makes <folder>/<name>.so, by default
# <build folder>/plugins/<name>.so. It sees the ABI's headers. Further libraries are added with
# target_link_libraries(<name> PRIVATE ...), and have to be complete: a name that stays undefined is
# an error when it is linked, and not when somebody loads it. File and folder get mode 0755, because
# the daemon refuses what others may write to.
function(ekiden_add_plugin name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "OUTPUT_DIRECTORY" "SOURCES")
  if(arg_UNPARSED_ARGUMENTS OR arg_KEYWORDS_MISSING_VALUES OR NOT arg_SOURCES)
    message(FATAL_ERROR "ekiden_add_plugin(${name}): write ekiden_add_plugin(name SOURCES file... "
      "[OUTPUT_DIRECTORY folder]); unknown here: '${arg_UNPARSED_ARGUMENTS}', without a value: "
      "'${arg_KEYWORDS_MISSING_VALUES}'.")
  endif()
  string(LENGTH "${name}" length)
  if(NOT name MATCHES "^[a-z][a-z0-9_]*$" OR length GREATER 63)
    message(FATAL_ERROR "ekiden_add_plugin: '${name}' cannot be a plugin's name; allowed: a small "
      "letter, then small letters, digits and '_', at most 63 together.")
  endif()
  if(NOT arg_OUTPUT_DIRECTORY)
    set(arg_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/plugins")
  endif()
  get_filename_component(folder "${arg_OUTPUT_DIRECTORY}" ABSOLUTE
    BASE_DIR "${CMAKE_CURRENT_BINARY_DIR}")
  add_library(${name} MODULE ${arg_SOURCES})
  ekiden_make_plugin(${name} "${folder}" "${name}")
  target_link_options(${name} PRIVATE LINKER:-z,defs)
endfunction()

# ekiden_make_plugin(target folder stem): what every plugin's target has; <folder>/<stem>.so.
function(ekiden_make_plugin target folder stem)
  target_link_libraries(${target} PRIVATE Ekiden::plugin_api)
  set_target_properties(${target} PROPERTIES
    PREFIX ""
    SUFFIX ".so"
    OUTPUT_NAME "${stem}"
    DEBUG_POSTFIX ""
    LIBRARY_OUTPUT_DIRECTORY "$<1:${folder}>"  # as it is, also with several configurations
    POSITION_INDEPENDENT_CODE ON
    C_VISIBILITY_PRESET hidden
    CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON)
  # A unique symbol would keep the library mapped after dlclose; clang never emits one, and does not
  # know the flag.
  target_compile_options(${target} PRIVATE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fno-gnu-unique>)
  # The daemon refuses what others may write to, and the umask may well allow that.
  add_custom_command(TARGET ${target} POST_BUILD
    COMMAND chmod 0755 "${folder}" "$<TARGET_FILE:${target}>"
    VERBATIM)
endfunction()
