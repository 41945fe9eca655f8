# shellcheck shell=bash
# Sourced by the scripts beside this folder: where the tree is, and how to build it.
# Sets `root`; leaves the working folder alone.

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)"
readonly root

note() { printf '==> %s\n' "$*" >&2; }

# fail MESSAGE [EXIT-CODE]
fail() {
  printf '%s: %s\n' "$(basename "$0")" "$1" >&2
  exit "${2:-1}"
}

# The build folder of a preset; ends the script where there is no such preset.
build_folder() {
  case "$1" in
    release) printf '%s/build\n' "$root" ;;
    debug | asan | tsan) printf '%s/build-%s\n' "$root" "$1" ;;
    *) fail "there is no preset '$1'; use release, debug, asan or tsan." 64 ;;
  esac
}

is_sanitizer() { [[ $1 == asan || $1 == tsan ]]; }

# build_preset PRESET with-tests|without-tests
#
# Without tests only the daemon, its client and the plugins are built, and Catch2 is not needed.
build_preset() {
  local preset="$1" tests="$2" folder
  folder="$(build_folder "$preset")"
  local -a configure=(cmake --preset "$preset") build=(cmake --build --preset "$preset")
  build+=(--parallel "${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}")
  if [[ $tests == with-tests ]]; then
    configure+=(-DEKIDEN_TESTS=ON)
  else
    build+=(--target product)
    # A folder that was configured with tests keeps them, so that nothing is compiled twice.
    [[ -f "$folder/CMakeCache.txt" ]] || configure+=(-DEKIDEN_TESTS=OFF)
  fi
  # CMake finds its presets in the working folder.
  (cd "$root" && "${configure[@]}" && "${build[@]}") >&2
}
