#include "daemon/ctl/table.hpp"

#include <catch2/catch.hpp>

using namespace ekiden::daemon::ctl;

TEST_CASE("columns are as wide as their widest cell, numbers go to the right") {
  Table table({{"NAME"}, {"TASKS", Align::kRight}, {"ERROR"}});
  table.add({"echo", "12", ""});
  table.add({"hello_c", "123456", "late"});
  CHECK(table.text() ==
        "NAME      TASKS  ERROR\n"
        "echo         12  -\n"
        "hello_c  123456  late\n");
}

TEST_CASE("a table without rows still says what it would show") {
  CHECK(Table({{"A"}, {"B", Align::kRight}}).text() == "A  B\n");
}

TEST_CASE("cells cannot steer a terminal, break a line or bend a column") {
  Table table({{"A"}, {"B"}});
  table.add({"\x1b[2J\n", "x"});
  table.add({"\xc3\xbc\xff", "y"});
  CHECK(table.text() ==
        "A            B\n"
        "\\u001b[2J\\n  x\n"
        "\xc3\xbc\\xff        y\n");
}

TEST_CASE("facts stand one below the other") {
  CHECK(facts_text({{"pid", "7"}, {"config file", ""}, {"state", "a\tb"}}) ==
        "pid          7\n"
        "config file  -\n"
        "state        a\\tb\n");
}
