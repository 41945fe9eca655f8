// ekd.log/1 and ekd.memory/1.
#include <catch2/catch.hpp>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "daemon/logging/log.hpp"
#include "tests/unit/host/fixture.hpp"

namespace ekiden::daemon::test {
namespace {

ekd_str str(const std::string& text) { return ekd_str_of(text.data(), text.size()); }

// --- Log ---------------------------------------------------------------------------------------

TEST_CASE("a plugin writes lines under its own name", "[log]") {
  const CapturedStderr captured;
  Daemon daemon(1);
  Plugin plugin(daemon, "speaker");
  const ekd_log_api& api = *plugin.api.log;
  CHECK(api.write(plugin.ctx, EKD_LOG_ERROR, EKD_STR("hello")) == EKD_OK);
  CHECK(api.write(plugin.ctx, EKD_LOG_INFO, EKD_STR("two\nlines \xff")) == EKD_OK);
  CHECK(api.write(plugin.ctx, EKD_LOG_INFO, ekd_str_of(nullptr, 0)) == EKD_OK);
  CHECK(captured.lines_with({"plugin.speaker", "hello"}) == 1);
  CHECK(captured.lines_with({"plugin.speaker", "two\\nlines \\xff"}) == 1);
}

TEST_CASE("a long line is cut and written", "[log]") {
  const CapturedStderr captured;
  Daemon daemon(1);
  Plugin plugin(daemon, "speaker");
  const std::string fits = "begins" + std::string(16 * 1024 - 6, 'x');
  CHECK(plugin.api.log->write(plugin.ctx, EKD_LOG_WARN, str(fits)) == EKD_OK);
  CHECK(plugin.api.log->write(plugin.ctx, EKD_LOG_WARN, str(fits + "y")) == EKD_E_TOO_BIG);
  CHECK(captured.lines_with({"plugin.speaker", "begins"}) == 2);
}

TEST_CASE("a level that is none is refused", "[log]") {
  const CapturedStderr captured;
  Daemon daemon(1);
  Plugin plugin(daemon, "speaker");
  const ekd_log_api& api = *plugin.api.log;
  CHECK(api.write(plugin.ctx, 6, EKD_STR("x")) == EKD_E_INVALID);
  CHECK(api.write(plugin.ctx, ~0u, EKD_STR("x")) == EKD_E_INVALID);
  CHECK(api.write(plugin.ctx, EKD_LOG_INFO, ekd_str_of(nullptr, 1)) == EKD_E_INVALID);
  CHECK(api.enabled(plugin.ctx, 6) == 0);
}

TEST_CASE("a plugin's level is the operator's to set", "[log]") {
  const CapturedStderr captured;
  Daemon daemon(1);
  Plugin plugin(daemon, "speaker");
  const ekd_log_api& api = *plugin.api.log;
  CHECK(api.enabled(plugin.ctx, EKD_LOG_INFO) != 0);
  CHECK(api.enabled(plugin.ctx, EKD_LOG_DEBUG) == 0);
  REQUIRE(log::set_level("plugin.speaker", log::Level::kDebug));
  CHECK(api.enabled(plugin.ctx, EKD_LOG_DEBUG) != 0);
  CHECK(api.write(plugin.ctx, EKD_LOG_DEBUG, EKD_STR("detail")) == EKD_OK);
  REQUIRE(log::set_level("plugin.speaker", log::Level::kOff));
  CHECK(api.enabled(plugin.ctx, EKD_LOG_CRITICAL) == 0);
  CHECK(api.write(plugin.ctx, EKD_LOG_CRITICAL, EKD_STR("unheard")) == EKD_OK);
  CHECK(log::clear_level("plugin.speaker"));
  CHECK(captured.lines_with({"detail"}) == 1);
  CHECK(captured.lines_with({"unheard"}) == 0);
}

// --- Memory ------------------------------------------------------------------------------------

TEST_CASE("memory is aligned, counted and given back", "[memory]") {
  const CapturedStderr captured;
  Daemon daemon(1);
  Plugin plugin(daemon, "eater");
  const ekd_memory_api& api = *plugin.api.memory;
  struct Row {
    std::uint64_t size;
    std::uint32_t align;
    std::uintptr_t multiple;  // 0: refused
  };
  const std::vector<Row> rows = {
      {0, 0, 16},
      {1, 0, 16},
      {100, 1, 1},
      {100, 2, 2},
      {100, 8, 8},
      {100, 16, 16},
      {100, 64, 64},
      {3, 4096, 4096},
      {100, 3, 0},
      {100, 8192, 0},
      {100, 12, 0},
      {~std::uint64_t{0}, 0, 0},
      {~std::uint64_t{0}, 4096, 0},
      {8, 1u << 31, 0},
  };
  std::vector<void*> blocks;
  std::uint64_t bytes = 0;
  for (const Row& row : rows) {
    INFO(row.size << " bytes, aligned to " << row.align);
    void* block = api.alloc(plugin.ctx, row.size, row.align);
    CHECK((block != nullptr) == (row.multiple != 0));
    if (block == nullptr) continue;
    CHECK(reinterpret_cast<std::uintptr_t>(block) % row.multiple == 0);
    std::memset(block, 0x77, row.size);
    blocks.push_back(block);
    bytes += row.size == 0 ? 1 : row.size;
  }
  CHECK(daemon.host->memory(plugin.ctx).blocks == blocks.size());
  CHECK(daemon.host->memory(plugin.ctx).bytes == bytes);
  for (void* block : blocks)
    CHECK(api.free(plugin.ctx, block) == EKD_OK);
  CHECK(daemon.host->memory(plugin.ctx).blocks == 0);
  CHECK(daemon.host->memory(plugin.ctx).bytes == 0);
}

TEST_CASE("a bad free is left alone and told", "[memory]") {
  const CapturedStderr captured;
  Daemon daemon(1);
  Plugin plugin(daemon, "eater");
  Plugin other(daemon, "other");
  const ekd_memory_api& api = *plugin.api.memory;
  void* mine = api.alloc(plugin.ctx, 10, 0);
  void* theirs = api.alloc(other.ctx, 10, 0);
  int on_the_stack = 0;
  CHECK(api.free(plugin.ctx, nullptr) == EKD_OK);
  CHECK(api.free(plugin.ctx, theirs) == EKD_E_FOREIGN);
  CHECK(api.free(plugin.ctx, &on_the_stack) == EKD_E_FOREIGN);
  CHECK(api.free(plugin.ctx, static_cast<char*>(mine) + 1) == EKD_E_FOREIGN);
  CHECK(api.free(plugin.ctx, mine) == EKD_OK);
  CHECK(api.free(plugin.ctx, mine) == EKD_E_FOREIGN);
  CHECK(api.free(other.ctx, theirs) == EKD_OK);
  CHECK(captured.lines_with({"plugin.eater", "ekd.memory/1 free (0x", "freed already"}) == 3);
}

TEST_CASE("what a plugin leaves is released and reported", "[memory]") {
  Daemon daemon(1);
  Plugin plugin(daemon, "leaker");
  for (int i = 0; i < 10; ++i)
    REQUIRE(plugin.api.memory->alloc(plugin.ctx, 100, 0) != nullptr);
  const Host::MemoryUse left = daemon.host->release_memory(plugin.ctx);
  CHECK(left.blocks == 10);
  CHECK(left.bytes == 1000);
  CHECK(daemon.host->memory(plugin.ctx).blocks == 0);
  // And what comes after that goes with the instance.
  REQUIRE(plugin.api.memory->alloc(plugin.ctx, 100, 0) != nullptr);
  CHECK(plugin.unload());
}

}  // namespace
}  // namespace ekiden::daemon::test
