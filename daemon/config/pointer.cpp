#include "daemon/config/pointer.hpp"

namespace ekiden::daemon {

std::string pointer_to(std::string_view pointer, std::string_view token) {
  std::string extended(pointer);
  extended += '/';
  for (const char c : token) {
    switch (c) {
      case '~':
        extended += "~0";
        break;
      case '/':
        extended += "~1";
        break;
      default:
        extended += c;
    }
  }
  return extended;
}

}  // namespace ekiden::daemon
