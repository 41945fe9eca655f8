// What the table shows of a name while generations take turns.
#include <catch2/catch.hpp>

#include "daemon/plugins/deadline_thread.hpp"
#include "daemon/plugins/plugin_table.hpp"
#include "tests/unit/plugins/fixture.hpp"

namespace ekiden::daemon {

TEST_CASE("What is said about one generation's replacement is not shown of another one") {
  runtime::Runtime runtime{runtime::Options{}};
  Host host(runtime);
  DeadlineThread deadlines;
  const InstanceSurroundings surroundings{runtime, host, deadlines, PluginFolders{}};
  PluginTable table;
  const auto entered = table.enter("x", [&](std::uint32_t generation) {
    return std::make_shared<Instance>(surroundings, "x", generation, PluginSetting{},
                                      [](const auto&, Outcome) {});
  });
  REQUIRE(entered.made);
  table.set_pending_error("x", 2, "late news");
  CHECK(table.row("x")->pending_error.empty());
  table.set_pending_error("x", 1, "its own");
  CHECK(table.row("x")->pending_error == "its own");
  table.set_pending_error("x", PluginTable::kWhicheverLives, "");
  CHECK(table.row("x")->pending_error.empty());
}

}  // namespace ekiden::daemon
