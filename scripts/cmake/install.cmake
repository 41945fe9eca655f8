# cmake --install: bin/, include/ekiden/, lib/ekiden/plugins/ and etc/ekiden/ekiden.json.

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
