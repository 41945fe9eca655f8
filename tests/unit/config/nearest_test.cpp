#include "daemon/config/nearest.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace ekiden::daemon;

TEST_CASE("the edit distance counts insertions, deletions, substitutions and swaps") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("abc", "") == 3);
  CHECK(edit_distance("workers", "workers") == 0);
  CHECK(edit_distance("workers", "WORKERS") == 0);
  CHECK(edit_distance("wokers", "workers") == 1);
  CHECK(edit_distance("workerss", "workers") == 1);
  CHECK(edit_distance("warkers", "workers") == 1);
  CHECK(edit_distance("wrokers", "workers") == 1);
  CHECK(edit_distance("kitten", "sitting") == 3);
}

TEST_CASE("only what is near is suggested") {
  const std::vector<std::string_view> known = {"workers", "lifo_slot", "log", "limits"};
  CHECK(nearest("worker", known) == "workers");
  CHECK(nearest("lifoslot", known) == "lifo_slot");
  CHECK(nearest("lgo", known) == "log");
  CHECK(nearest("limit", known) == "limits");
  CHECK(nearest("database", known).empty());
  CHECK(nearest("xyz", known).empty());
  CHECK(nearest("", known).empty());
  CHECK(nearest("", {"a"}).empty());
  CHECK(nearest("b", {"a"}).empty());
  CHECK(nearest("workers", {}).empty());
  CHECK(nearest(std::string(100'000, 'w'), known).empty());
}
