# shellcheck shell=bash
# Sourced by the scripts beside this folder: the Debian packages that the project needs, and how
# they are installed. This is the only place that names them. Nothing is ever removed.

# One package a line: group, package, what provides the same if it is there already (a command, or
# nothing), the reason.
readonly package_list='
build      g++                  c++              C and C++20 compiler, with the C library headers
build      cmake                cmake            build description, 3.25 or newer
build      ninja-build          ninja            runs the build
build      libspdlog-dev        -                the log of the daemon
build      nlohmann-json3-dev   -                configuration and control protocol
build      libcli11-dev         -                command lines of ekidend and ekidenctl
build      libelf-dev           -                reads the descriptor of a plugin before its code
build      libssl-dev           -                SHA-256 of plugin files
test       catch2               -                unit, stress and integration tests
test       pkgconf              pkg-config       builds a plugin without CMake in a test
test       valgrind             valgrind         counts the instructions of the hot paths
sanitizer  clang                clang++          sanitizers that follow coroutines; gcc 12 has none
sanitizer  libclang-rt-dev      -                run-time libraries of the sanitizers
sanitizer  llvm                 llvm-symbolizer  file and line in the reports of the sanitizers
bench      python3              python3          runs the measurements and makes their tables
bench      cargo                cargo            builds the peer on tokio
bench      librust-tokio-dev    -                tokio, with all the crates it needs
bench      libmimalloc2.0       -                the allocator with which tokio is measured as well
bench      golang-go            go               builds the peer in Go
bench      libtbb-dev           -                the peer on oneTBB
bench      wrk                  wrk              loads HTTP servers
bench      strace               strace           counts system calls
'

# Boost is apart, because its versions exclude each other: whatever is there from 1.74 on is taken.
# Asio is the event backend of the reactor, DLL loads plugins; headers only.
readonly boost_oldest=107400
readonly boost_package=libboost1.81-dev

# True where dpkg knows the package as installed.
package_installed() {
  [[ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" == installed ]]
}

# Prints BOOST_VERSION (107400 is 1.74.0) of the headers that the compiler would find, or nothing.
installed_boost() {
  local folder
  for folder in /usr/local/include /usr/include; do
    if [[ -f "$folder/boost/version.hpp" ]]; then
      sed -n 's/^#define BOOST_VERSION \([0-9]*\).*/\1/p' "$folder/boost/version.hpp"
      return
    fi
  done
}

# Prints what is missing of the groups given, one package a line.
missing_packages() {
  local group package provider boost
  while read -r group package provider _; do
    [[ -n $group && " $* " == *" $group "* ]] || continue
    if [[ $provider != - ]] && command -v "$provider" >/dev/null; then continue; fi
    package_installed "$package" || printf '%s\n' "$package"
  done <<<"$package_list"

  [[ " $* " == *" build "* ]] || return 0
  boost="$(installed_boost)"
  if [[ -z $boost ]]; then
    printf '%s\n' "$boost_package"
  elif ((boost < boost_oldest)); then
    fail "Boost $((boost / 100000)).$((boost / 100 % 1000)) is installed and 1.74 or newer is
needed. Replace it yourself, for instance by $boost_package: this script removes nothing."
  fi
}

# as_root COMMAND...: directly, or through sudo; without a terminal sudo must not ask.
as_root() {
  if ((EUID == 0)); then
    "$@"
  elif [[ -t 0 ]]; then
    sudo "$@"
  else
    sudo --non-interactive "$@"
  fi
}

apt_install() {
  # Recommended packages are left out, and an installation that would remove something fails.
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-remove \
    --no-install-recommends -o DPkg::Lock::Timeout=300 "$@" </dev/null >&2
}

# try_packages GROUP...: installs what can be had of what is missing, and goes on without the rest.
try_packages() {
  local package
  (ensure_packages "$@") && return
  while read -r package; do
    (apt_install "$package") || note "$package cannot be installed; this goes on without it"
  done < <(missing_packages "$@")
}

# ensure_packages GROUP...: installs what is missing of the groups build, test, sanitizer and bench.
ensure_packages() {
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    note "this is no Debian, so packages are not looked at; scripts/lib/packages.sh lists them"
    return
  fi
  local list
  local -a missing
  list="$(missing_packages "$@")"
  [[ -n $list ]] || return 0
  mapfile -t missing <<<"$list"

  if ((EUID != 0)) && ! command -v sudo >/dev/null; then
    fail "these packages are missing: ${missing[*]}
Neither root nor sudo is at hand. As root, run:
  apt-get install --no-remove --no-install-recommends ${missing[*]}"
  fi
  note "installing what is missing: ${missing[*]}"
  # A fresh machine has no package lists, and those of an old one may name files that are gone.
  if compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null && apt_install "${missing[@]}"; then
    return
  fi
  as_root apt-get update </dev/null >&2 || note "the package lists could not be refreshed"
  apt_install "${missing[@]}" ||
    fail "apt-get could not install: ${missing[*]} (its own words are above)."
}
