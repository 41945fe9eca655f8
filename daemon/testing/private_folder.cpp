#include "daemon/testing/private_folder.hpp"

#include <stdlib.h>

#include <cerrno>
#include <ekiden/testing.hpp>
#include <string>
#include <system_error>

namespace ekiden::testing {

PrivateFolder::PrivateFolder() {
  std::error_code error;
  const auto parent = std::filesystem::temp_directory_path(error);
  std::string pattern = (parent / "ekiden-testing-XXXXXX").string();
  if (error || ::mkdtemp(pattern.data()) == nullptr) {
    const auto why = error ? error.message() : std::generic_category().message(errno);
    throw Error("no folder for copies of plugins can be made in '" + parent.string() + "' (" + why +
                "); set TMPDIR to one that can be written to");
  }
  path_ = pattern;
}

PrivateFolder::~PrivateFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace ekiden::testing
