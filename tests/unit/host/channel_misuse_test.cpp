// ekd.channel/1: what is refused, and what the ledger has.
#include <catch2/catch.hpp>
#include <functional>
#include <string>
#include <vector>

#include "tests/unit/host/channel_fixture.hpp"

namespace ekiden::daemon::test {
namespace {

TEST_CASE("what is wrong with an open is said", "[channel]") {
  const CapturedStderr captured;
  Daemon daemon(1);
  Plugin plugin(daemon, "opener");
  const ekd_channel_api& api = channel_api(daemon);
  const ekd_sender there = open_sender(api, plugin, 8, "there");
  REQUIRE(there != 0);
  struct Row {
    std::string name;
    std::function<void(ekd_channel_options&)> change;
    std::int32_t expected;
    std::string text;
  };
  const auto capacity = [](std::uint32_t n) {
    return [n](ekd_channel_options& o) { o.capacity = n; };
  };
  const std::vector<Row> rows = {
      {"Bad", capacity(1), EKD_E_INVALID, "[a-z][a-z0-9_.]*"},
      {std::string(64, 'a'), capacity(1), EKD_E_INVALID, "63 bytes"},
      {"new", capacity(0), EKD_E_NOT_FOUND, "'new' does not exist"},
      {"new", capacity(65'537), EKD_E_TOO_BIG, "at most 65536"},
      {"there", capacity(9), EKD_E_INVALID, "'there' has a capacity of 8"},
      {"new", [](auto& o) { o.flags = 1; }, EKD_E_UNSUPPORTED, "flags"},
      {"new", [](auto& o) { o.reserved = 1; }, EKD_E_UNSUPPORTED, "reserved"},
      {"new", [](auto& o) { o.struct_size = 0; }, EKD_E_INVALID, "struct_size"},
  };
  for (const Row& row : rows) {
    INFO(row.name << ": " << row.text);
    ekd_channel_options options = channel_options(1);
    row.change(options);
    for (const auto open : {api.open_sender, api.open_receiver}) {
      std::uint64_t end = 0;
      ekd_error error = ekd_error_init();
      CHECK(open(plugin.ctx, ekd_str_of(row.name.data(), row.name.size()), &options, &end,
                 &error) == row.expected);
      CHECK(text_of(error).find(row.text) != std::string::npos);
      CHECK(end == 0);
    }
  }
  std::uint64_t end = 0;
  CHECK(api.open_sender(plugin.ctx, EKD_STR("new"), nullptr, &end, nullptr) == EKD_E_NOT_FOUND);
  CHECK(api.open_sender(plugin.ctx, EKD_STR("there"), nullptr, nullptr, nullptr) == EKD_E_INVALID);
  CHECK(api.open_sender(plugin.ctx, ekd_str_of(nullptr, 3), nullptr, &end, nullptr) ==
        EKD_E_INVALID);
  CHECK(api.open_sender(plugin.ctx, EKD_STR("there"), nullptr, &end, nullptr) == EKD_OK);
  // Names and capacities come from configurations: they are no misuse.
  CHECK(captured.lines_with({"capacity"}) == 0);
}

TEST_CASE("a closed channel with messages takes no new sender", "[channel]") {
  Daemon daemon(1);
  Plugin plugin(daemon, "opener");
  const ekd_channel_api& api = channel_api(daemon);
  const ekd_sender sender = open_sender(api, plugin, 8);
  REQUIRE(send_number(api, plugin, sender, 1) == EKD_READY);
  REQUIRE(api.channel_close(plugin.ctx, sender) == EKD_OK);
  CHECK(send_number(api, plugin, sender, 2) == EKD_E_CLOSED);
  ekd_sender next = 0;
  ekd_error error = ekd_error_init();
  const ekd_channel_options options = channel_options(8);
  CHECK(api.open_sender(plugin.ctx, EKD_STR("c"), &options, &next, &error) == EKD_E_CLOSED);
  CHECK(text_of(error).find("'c' is closed") != std::string::npos);
  const ekd_receiver receiver = open_receiver(api, plugin, 0);
  CHECK(receive_number(api, plugin, receiver) == 1);
  CHECK(receive_number(api, plugin, receiver) == EKD_E_CLOSED);
  CHECK(api.open_sender(plugin.ctx, EKD_STR("c"), &options, &next, &error) == EKD_OK);
}

TEST_CASE("misuse of ends and buffers is an error code", "[channel]") {
  const CapturedStderr captured;
  Daemon daemon(1);
  Plugin plugin(daemon, "tester");
  Plugin other(daemon, "other");
  const ekd_channel_api& api = channel_api(daemon);
  const ekd_sender sender = open_sender(api, plugin, 4);
  const ekd_receiver receiver = open_receiver(api, plugin, 0);
  const ekd_sender theirs = open_sender(api, other, 0);
  const ekd_buffer buffer = number_buffer(api, plugin, 1);
  const ekd_buffer their_buffer = number_buffer(api, other, 2);
  ekd_buffer out = 0;
  void* data = nullptr;
  ekd_channel_info info{};
  info.struct_size = sizeof(info);

  CHECK(api.buffer_alloc(plugin.ctx, EKD_BUFFER_SIZE_MAX + 1, &out, &data) == EKD_E_TOO_BIG);
  CHECK(api.buffer_alloc(plugin.ctx, 1, nullptr, &data) == EKD_E_INVALID);
  CHECK(api.buffer_alloc(plugin.ctx, 1, &out, nullptr) == EKD_E_INVALID);
  CHECK(api.buffer_retain(plugin.ctx, buffer, nullptr) == EKD_E_INVALID);
  CHECK(api.recv_poll(plugin.ctx, receiver, 0, nullptr) == EKD_E_INVALID);
  CHECK(api.channel_info(plugin.ctx, sender, nullptr) == EKD_E_INVALID);

  CHECK(api.send_poll(plugin.ctx, theirs, buffer, 0) == EKD_E_FOREIGN);
  CHECK(api.sender_close(plugin.ctx, theirs) == EKD_E_FOREIGN);
  CHECK(api.send_cancel(plugin.ctx, theirs) == EKD_E_FOREIGN);
  CHECK(api.channel_close(plugin.ctx, theirs) == EKD_E_FOREIGN);
  CHECK(api.channel_info(plugin.ctx, theirs, &info) == EKD_E_FOREIGN);
  CHECK(api.send_poll(plugin.ctx, sender, their_buffer, 0) == EKD_E_FOREIGN);
  CHECK(api.buffer_release(plugin.ctx, their_buffer) == EKD_E_FOREIGN);
  CHECK(api.buffer_data(plugin.ctx, their_buffer, nullptr, nullptr) == EKD_E_FOREIGN);
  CHECK(api.buffer_edit(plugin.ctx, their_buffer, nullptr, nullptr) == EKD_E_FOREIGN);
  CHECK(api.buffer_trim(plugin.ctx, their_buffer, 1) == EKD_E_FOREIGN);
  CHECK(api.buffer_retain(plugin.ctx, their_buffer, &out) == EKD_E_FOREIGN);

  CHECK(api.sender_close(plugin.ctx, receiver) == EKD_E_INVALID);
  CHECK(api.receiver_close(plugin.ctx, sender) == EKD_E_INVALID);
  CHECK(api.send_cancel(plugin.ctx, receiver) == EKD_E_INVALID);
  CHECK(api.recv_cancel(plugin.ctx, sender) == EKD_E_INVALID);
  CHECK(api.send_poll(plugin.ctx, receiver, buffer, 0) == EKD_E_INVALID);
  CHECK(api.recv_poll(plugin.ctx, sender, 0, &out) == EKD_E_INVALID);
  CHECK(api.send_poll(plugin.ctx, sender, sender, 0) == EKD_E_INVALID);
  CHECK(api.buffer_trim(plugin.ctx, buffer, 9) == EKD_E_TOO_BIG);
  for (const std::uint64_t nothing : {std::uint64_t{0}, ~std::uint64_t{0}}) {
    CHECK(api.channel_close(plugin.ctx, nothing) == EKD_E_INVALID);
    CHECK(api.channel_info(plugin.ctx, nothing, &info) == EKD_E_INVALID);
    CHECK(api.sender_close(plugin.ctx, nothing) == EKD_E_INVALID);
    CHECK(api.buffer_release(plugin.ctx, nothing) == EKD_E_INVALID);
  }

  CHECK(api.send_poll(plugin.ctx, sender, buffer, 0) == EKD_READY);
  CHECK(api.send_poll(plugin.ctx, sender, buffer, 0) == EKD_E_STALE);
  CHECK(api.buffer_release(plugin.ctx, buffer) == EKD_E_STALE);
  CHECK(receive_number(api, plugin, receiver) == 1);
  CHECK(api.sender_close(plugin.ctx, sender) == EKD_OK);
  CHECK(api.sender_close(plugin.ctx, sender) == EKD_E_STALE);
  CHECK(send_number(api, plugin, sender, 1) == EKD_E_STALE);
  CHECK(api.receiver_close(plugin.ctx, receiver) == EKD_OK);
  CHECK(api.recv_cancel(plugin.ctx, receiver) == EKD_E_STALE);
  CHECK(api.recv_poll(plugin.ctx, receiver, 0, &out) == EKD_E_STALE);

  CHECK(captured.lines_with({"plugin.tester", "ekd.channel/1 sender_close", "another plugin"}) ==
        1);
  CHECK(captured.lines_with({"plugin.tester", "ekd.channel/1 buffer_release", "0xe"}) >= 1);
  CHECK(out == 0);
}

TEST_CASE("a buffer that is sent twice is told as such", "[channel]") {
  const CapturedStderr captured;
  Daemon daemon(1);
  Plugin plugin(daemon, "twice");
  const ekd_channel_api& api = channel_api(daemon);
  const ekd_sender sender = open_sender(api, plugin, 4);
  const ekd_buffer buffer = number_buffer(api, plugin, 1);
  REQUIRE(api.send_poll(plugin.ctx, sender, buffer, 0) == EKD_READY);
  CHECK(api.send_poll(plugin.ctx, sender, buffer, 0) == EKD_E_STALE);
  CHECK(channel_info(api, plugin, sender).queued == 1);
  CHECK(captured.lines_with({"plugin.twice", "ekd.channel/1 send_poll", "buffer was sent"}) == 1);
}

TEST_CASE("ends are in the ledger, and buffers are told with it", "[channel]") {
  Daemon daemon(1);
  Plugin plugin(daemon, "owner");
  const runtime::OwnerId owner = daemon.host->owner(plugin.ctx);
  const ekd_channel_api& api = channel_api(daemon);
  open_sender(api, plugin, 4);
  open_receiver(api, plugin, 4);
  open_receiver(api, plugin, 4);
  number_buffer(api, plugin, 1);
  CHECK(daemon.runtime.owner_ledger(owner).channel_ends == 3);
  CHECK_FALSE(daemon.runtime.owner_ledger(owner).empty());
  std::vector<std::pair<runtime::HandleKind, std::uint64_t>> made;
  for (const runtime::Made& row : daemon.runtime.owner_made(owner))
    made.emplace_back(row.kind, row.count);
  using runtime::HandleKind;
  CHECK(made == decltype(made){{HandleKind::kSender, 1},
                               {HandleKind::kReceiver, 2},
                               {HandleKind::kBuffer, 1}});
  daemon.runtime.owner_close_resources(owner);
  CHECK(daemon.runtime.owner_ledger(owner).empty());
  CHECK(daemon.runtime.owner_made(owner).empty());
}

TEST_CASE("a plugin that drains opens nothing, and sends what it has", "[channel]") {
  Daemon daemon(1);
  Plugin plugin(daemon, "draining");
  const ekd_channel_api& api = channel_api(daemon);
  const ekd_sender sender = open_sender(api, plugin, 4);
  const ekd_receiver receiver = open_receiver(api, plugin, 4);
  daemon.host->stop_admission(plugin.ctx);
  ekd_sender end = 0;
  const ekd_channel_options options = channel_options(4);
  CHECK(api.open_sender(plugin.ctx, EKD_STR("c"), &options, &end, nullptr) == EKD_E_DRAINING);
  CHECK(api.open_receiver(plugin.ctx, EKD_STR("c"), &options, &end, nullptr) == EKD_E_DRAINING);
  CHECK(send_number(api, plugin, sender, 5) == EKD_READY);
  CHECK(receive_number(api, plugin, receiver) == 5);
}

TEST_CASE("after the unload every call is late", "[channel]") {
  Daemon daemon(1);
  Plugin plugin(daemon, "gone");
  const ekd_channel_api& api = channel_api(daemon);
  const ekd_sender sender = open_sender(api, plugin, 4);
  ekd_ctx* const ctx = plugin.ctx;
  const ekd_buffer buffer = number_buffer(api, plugin, 1);
  REQUIRE(plugin.unload());
  ekd_buffer out = 0;
  void* data = nullptr;
  CHECK(api.send_poll(ctx, sender, buffer, 0) == EKD_E_STALE);
  CHECK(api.buffer_alloc(ctx, 1, &out, &data) == EKD_E_STALE);
  CHECK(api.sender_close(ctx, sender) == EKD_E_STALE);
  CHECK(api.channel_close(ctx, sender) == EKD_E_STALE);
}

}  // namespace
}  // namespace ekiden::daemon::test
