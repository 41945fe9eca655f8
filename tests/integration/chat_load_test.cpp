// chat at its end, while many talk, and with thousands of guests.
#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "tests/integration/harness/chat_guest.hpp"
#include "tests/integration/harness/scale.hpp"

namespace ekiden::integration {
namespace {

using nlohmann::json;

// So many guests in one room, each of whom has heard of those who came later.
std::vector<ChatGuest> room_of(DaemonProcess& daemon, std::size_t guests) {
  const std::string address = chat_address(daemon);
  std::vector<ChatGuest> all;
  for (std::size_t i = 0; i < guests; i++) {
    all.emplace_back(address).enter("g" + std::to_string(i), "tea");
    REQUIRE(chat_settles_at(daemon, "members", i + 1));
    for (std::size_t earlier = 0; earlier < i; earlier++)
      REQUIRE(all[earlier].next() == "* g" + std::to_string(i) + " is here");
  }
  return all;
}

// Connects and hangs up, over and over.
class Knocking {
 public:
  Knocking(const std::string& address, unsigned threads) {
    for (unsigned i = 0; i < threads; i++)
      threads_.emplace_back([this, address] { run(address); });
  }
  ~Knocking() {
    stop_ = true;
    for (std::thread& thread : threads_)
      thread.join();
  }
  std::uint64_t knocks() const { return knocks_; }

 private:
  void run(const std::string& address) {
    while (!stop_) {
      try {
        TcpClient client(address);
        client.reset();
        knocks_++;
      } catch (const std::system_error&) {  // the door is shut
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
    }
  }

  std::atomic<bool> stop_{false};
  std::atomic<std::uint64_t> knocks_{0};
  std::vector<std::thread> threads_;
};

// Says lines until the kernel can hold no more of them for somebody who does not read. How many.
std::size_t say_megabytes(ChatGuest& from, ChatGuest& heard_by) {
  const std::string line(1000, 'x');
  constexpr std::size_t kLines = 12'000, kAtOnce = 100;
  for (std::size_t i = 0; i < kLines / kAtOnce; i++) {
    for (std::size_t k = 0; k < kAtOnce; k++)
      from.say(line);
    for (std::size_t k = 0; k < kAtOnce; k++)
      REQUIRE(heard_by.next().value_or("").size() > line.size());
  }
  return kLines;
}

}  // namespace

TEST_CASE("At its end chat tells everybody in a full room, and shows nobody the door") {
  DaemonProcess daemon({"chat"}, chat_settings({{"queue_lines", 8}}));
  std::vector<ChatGuest> guests = room_of(daemon, scaled(100, 40));
  ChatGuest outside(chat_address(daemon));
  REQUIRE(chat_settles_at(daemon, "connections", guests.size() + 1));
  SECTION("by an unload") { daemon.control().call("plugin.unload", {{"name", "chat"}}); }
  SECTION("by the daemon's") { CHECK(daemon.stop() == std::optional<ExitCode>(0)); }
  const std::vector<std::string> goodbye{"* closing"};
  for (ChatGuest& guest : guests)
    CHECK(guest.rest() == goodbye);
  CHECK(outside.rest() == goodbye);
}

TEST_CASE("What is queued goes out before an unload ends") {
  json settings = chat_settings({{"queue_lines", 16'384}});
  settings["plugins"]["unload_ms"] = 60'000;
  DaemonProcess daemon({"chat"}, settings);
  std::vector<ChatGuest> guests = room_of(daemon, 2);
  ChatGuest late(chat_address(daemon), 4096);
  late.enter("late", "tea");
  REQUIRE(guests[0].next() == "* late is here");
  REQUIRE(guests[1].next() == "* late is here");
  const std::size_t lines = say_megabytes(guests[0], guests[1]);
  chat_stats(daemon);  // waits for the lock under which the last line went into every queue

  const auto other = daemon.connect();
  other->send("plugin.unload", {{"name", "chat"}});
  CHECK(guests[1].rest() == std::vector<std::string>{"* closing"});
  const std::vector<std::string> heard = late.rest();
  REQUIRE(heard.size() == lines + 1);
  CHECK(heard.back() == "* closing");
  CHECK(other->next_answer().contains("result"));
}

TEST_CASE("Who does not read does not hold up the unload beyond its deadline, nor the others") {
  json settings = chat_settings({{"queue_lines", 16'384}});
  settings["plugins"]["unload_ms"] = 3000;
  DaemonProcess daemon({"chat"}, settings);
  std::vector<ChatGuest> guests = room_of(daemon, 2);
  ChatGuest stuck(chat_address(daemon), 4096);
  stuck.enter("stuck", "tea");
  REQUIRE(guests[0].next() == "* stuck is here");
  REQUIRE(guests[1].next() == "* stuck is here");
  const std::size_t lines = say_megabytes(guests[0], guests[1]);

  const json unloaded = daemon.control().call("plugin.unload", {{"name", "chat"}});
  CHECK(unloaded.at("name") == "chat");
  for (ChatGuest& guest : guests)
    CHECK(guest.rest() == std::vector<std::string>{"* closing"});
  CHECK(stuck.rest().size() < lines);
}

TEST_CASE("Guests who come during an unload take nobody's good-bye") {
  DaemonProcess daemon({"chat"}, chat_settings());
  for (int round = 0; round < 20; round++) {
    if (round > 0) daemon.control().call("plugin.load", {{"name", "chat"}});
    std::vector<ChatGuest> guests = room_of(daemon, 4);
    const Knocking knocking(chat_address(daemon), 3);
    REQUIRE(wait_until([&] { return knocking.knocks() > 20; }));
    daemon.control().call("plugin.unload", {{"name", "chat"}});
    for (ChatGuest& guest : guests)
      REQUIRE(guest.rest() == std::vector<std::string>{"* closing"});
  }
  CHECK_FALSE(daemon.log_has("main task failed"));
}

TEST_CASE("A reload ends the conversations, and the next generation takes the same port") {
  std::string address;
  {
    DaemonProcess chooses_a_port({"chat"}, chat_settings());
    address = chat_address(chooses_a_port);
  }
  DaemonProcess daemon({"chat"}, chat_settings({{"listen", address}}));
  std::vector<ChatGuest> guests = room_of(daemon, 8);
  const json loaded = daemon.control().call("plugin.reload", {{"name", "chat"}});
  CHECK(loaded.at("generation") == 2);
  for (ChatGuest& guest : guests)
    CHECK(guest.rest() == std::vector<std::string>{"* closing"});
  REQUIRE(chat_address(daemon) == address);
  CHECK(chat_stats(daemon).at("connections") == 0);
  std::vector<ChatGuest> next = room_of(daemon, 2);
  next[0].say("again");
  CHECK(next[1].next() == "g0: again");
}

TEST_CASE("Two thousand guests in twenty rooms each hear every line of their room once") {
  DaemonProcess daemon({"chat"}, chat_settings({{"queue_lines", 1024}}));
  const std::string address = chat_address(daemon);
  const std::size_t rooms = 20, each = scaled(100, 12), lines = 2;
  const auto name_of = [](std::size_t room, std::size_t who) {
    return "r" + std::to_string(room) + "g" + std::to_string(who);
  };
  std::vector<ChatGuest> guests;
  for (std::size_t i = 0; i < rooms * each; i++)
    guests.emplace_back(address).enter(name_of(i % rooms, i / rooms), std::to_string(i % rooms));
  REQUIRE(chat_settles_at(daemon, "members", rooms * each));
  CHECK(chat_stats(daemon).at("rooms") == rooms);

  for (std::size_t line = 0; line < lines; line++) {
    for (ChatGuest& guest : guests)
      guest.say(std::to_string(line));
  }
  for (std::size_t i = 0; i < guests.size(); i++) {
    std::map<std::string, std::size_t> heard;  // of each, how many lines
    for (std::size_t count = 0; count < (each - 1) * lines;) {
      const std::optional<std::string> line = guests[i].next();
      REQUIRE(line);
      if (line->starts_with("* ")) continue;
      count++;
      const std::string from = line->substr(0, line->find(':'));
      REQUIRE(*line == from + ": " + std::to_string(heard[from]++));
    }
    REQUIRE(heard.size() == each - 1);
    REQUIRE(heard.count(name_of(i % rooms, i / rooms)) == 0);
    for (const auto& [from, count] : heard)
      REQUIRE((from.starts_with(name_of(i % rooms, 0).substr(0, from.find('g') + 1)) &&
               count == lines));
  }
  CHECK(chat_stats(daemon).at("evicted") == 0);
  // Nothing more comes.
  daemon.control().call("plugin.unload", {{"name", "chat"}});
  for (ChatGuest& guest : guests)
    REQUIRE(guest.rest() == std::vector<std::string>{"* closing"});
}

}  // namespace ekiden::integration
