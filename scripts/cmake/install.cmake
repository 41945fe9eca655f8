# cmake --install: bin/, include/ekiden/, lib/ekiden/plugins/ and etc/ekiden/ekiden.json; and for
# people who write plugins lib/cmake/Ekiden/, lib/pkgconfig/, bin/ekiden-new-plugin with its
# templates in share/ekiden/, and lib/libekiden_testing.a to test plugins with. Nothing in it knows
# where it is: it may be moved as a whole.

include(GNUInstallDirs)

# `lib` also on a multi-arch Debian: plugins are the daemon's own files, not libraries to link.
set(install_plugins "lib/ekiden/plugins")
set(install_config "${CMAKE_INSTALL_SYSCONFDIR}/ekiden")

# Whatever the umask, only the owner may write: the daemon refuses plugins that others may change.
set(only_owner_writes
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CMAKE_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS ${only_owner_writes})

get_property(plugins GLOBAL PROPERTY EKIDEN_PLUGINS)
foreach(program IN ITEMS ekidend ekidenctl)
  if(TARGET ${program})
    install(TARGETS ${program}
      RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" PERMISSIONS ${only_owner_writes})
  endif()
endforeach()
if(plugins)
  install(TARGETS ${plugins}
    LIBRARY DESTINATION "${install_plugins}" PERMISSIONS ${only_owner_writes})
endif()
install(DIRECTORY "${PROJECT_SOURCE_DIR}/plugin_api/include/"
  DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")

# --- For people who write plugins ----------------------------------------------------------------

include(CMakePackageConfigHelpers)
set(package_source "${PROJECT_SOURCE_DIR}/scripts/cmake/package")
set(package_built "${PROJECT_BINARY_DIR}/installed")
set(install_package "lib/cmake/Ekiden")
set(install_pc "lib/pkgconfig")

install(TARGETS ekiden_plugin_api EXPORT Ekiden
  INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(EXPORT Ekiden
  FILE EkidenTargets.cmake NAMESPACE Ekiden:: DESTINATION "${install_package}")
# Builds with a sanitizer have no library for tests: it would need the same sanitizer in what links
# it.
get_property(testing_library GLOBAL PROPERTY EKIDEN_TESTING_LIBRARY)
set(install_testing "lib/libekiden_testing.a")
set(testing_libraries "")
if(testing_library)
  install(FILES "${testing_library}" DESTINATION "lib")
  install(DIRECTORY "${PROJECT_SOURCE_DIR}/daemon/testing/include/"
    DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
  get_property(sonames GLOBAL PROPERTY EKIDEN_TESTING_SONAMES)
  list(TRANSFORM sonames PREPEND "-l:" OUTPUT_VARIABLE testing_libraries)
endif()
configure_package_config_file("${package_source}/EkidenConfig.cmake.in"
  "${package_built}/EkidenConfig.cmake"
  INSTALL_DESTINATION "${install_package}"
  PATH_VARS install_plugins install_testing CMAKE_INSTALL_BINDIR CMAKE_INSTALL_INCLUDEDIR)
# Before 1.0 a minor version may break.
write_basic_package_version_file("${package_built}/EkidenConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES
  "${package_built}/EkidenConfig.cmake"
  "${package_built}/EkidenConfigVersion.cmake"
  "${package_source}/EkidenPlugin.cmake"
  DESTINATION "${install_package}")

file(RELATIVE_PATH from_pc_to_prefix "/${install_pc}" "/")
string(REGEX REPLACE "/$" "" from_pc_to_prefix "${from_pc_to_prefix}")
configure_file("${package_source}/ekiden.pc.in" "${package_built}/ekiden.pc" @ONLY)
install(FILES "${package_built}/ekiden.pc" DESTINATION "${install_pc}")

install(PROGRAMS "${PROJECT_SOURCE_DIR}/scripts/new-plugin"
  DESTINATION "${CMAKE_INSTALL_BINDIR}" RENAME ekiden-new-plugin)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/scripts/templates/"
  DESTINATION "${CMAKE_INSTALL_DATADIR}/ekiden/templates")

# --- The configuration ---------------------------------------------------------------------------

# The sample configuration of the tree names the plugins of the build folder; the installed one
# names the installed plugins, relative to itself as before.
set(sample "${PROJECT_SOURCE_DIR}/config/ekiden.json")
if(EXISTS "${sample}")
  file(RELATIVE_PATH from_config_to_plugins
    "${CMAKE_INSTALL_PREFIX}/${install_config}" "${CMAKE_INSTALL_PREFIX}/${install_plugins}")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${sample}")
  file(READ "${sample}" text)
  string(REPLACE "\"../build/plugins\"" "\"${from_config_to_plugins}\"" installed "${text}")
  if(installed STREQUAL text)
    message(FATAL_ERROR "config/ekiden.json no longer names \"../build/plugins\"; the installed "
      "copy would not find its plugins. Adapt scripts/cmake/install.cmake.")
  endif()
  file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/installed/ekiden.json"
    CONTENT "${installed}" @ONLY NEWLINE_STYLE UNIX)
  install(FILES "${PROJECT_BINARY_DIR}/installed/ekiden.json" DESTINATION "${install_config}")
endif()
