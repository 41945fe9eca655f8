#include "daemon/config/plugin_name.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <string_view>

using namespace std::string_view_literals;
using ekiden::daemon::is_plugin_name;

TEST_CASE("a plugin's name is plain") {
  for (const std::string_view good : {"a"sv, "echo"sv, "hello_c"sv, "x9_"sv}) {
    CAPTURE(good);
    CHECK(is_plugin_name(good));
  }
  for (const std::string_view bad : {""sv, "_a"sv, "9a"sv, "A"sv, "a-b"sv, "a.b"sv, "../a"sv,
                                     "a/b"sv, "a b"sv, "a\0b"sv, "é"sv, "a\n"sv}) {
    CAPTURE(bad);
    CHECK_FALSE(is_plugin_name(bad));
  }
  CHECK(is_plugin_name(std::string(63, 'a')));
  CHECK_FALSE(is_plugin_name(std::string(64, 'a')));
}
