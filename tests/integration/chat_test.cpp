// chat, by what people who talk to each other see of it.
#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/integration/harness/chat_guest.hpp"
#include "tests/integration/harness/scale.hpp"

namespace ekiden::integration {
namespace {

using nlohmann::json;

// Goes to the room and waits until it is there.
void enter(DaemonProcess& daemon, ChatGuest& guest, const char* name, const char* room) {
  const std::uint64_t members = chat_stats(daemon).at("members");
  guest.enter(name, room);
  REQUIRE(chat_settles_at(daemon, "members", members + 1));
}

}  // namespace

TEST_CASE("A line reaches everybody in its room but who says it, in order, and nobody else") {
  DaemonProcess daemon({"chat"}, chat_settings());
  const std::string address = chat_address(daemon);
  ChatGuest ada(address), bob(address), eve(address), nobody(address);
  enter(daemon, ada, "ada", "tea");
  enter(daemon, bob, "bob", "tea");
  enter(daemon, eve, "eve", "coffee");
  CHECK(ada.next() == "* bob is here");
  nobody.say("is there anybody?");

  ada.say("one");
  ada.say("two");
  CHECK(bob.next() == "ada: one");
  CHECK(bob.next() == "ada: two");
  bob.say("three\r");
  CHECK(ada.next() == "bob: three");

  bob.say("/join coffee");
  CHECK(ada.next() == "* bob has gone");
  CHECK(eve.next() == "* bob is here");
  eve.say("welcome");
  CHECK(bob.next() == "eve: welcome");
  CHECK(chat_stats(daemon).at("rooms") == 2);

  // Had anything been said to it, that would come first.
  enter(daemon, nobody, "joe", "tea");
  CHECK(ada.next() == "* joe is here");
  ada.say("four");
  CHECK(nobody.next() == "ada: four");
  CHECK(chat_stats(daemon).at("connections") == 4);
}

TEST_CASE("Names: one to begin with, another at will, cut where it is too long") {
  DaemonProcess daemon({"chat"}, chat_settings());
  const std::string address = chat_address(daemon);
  ChatGuest ada(address);
  enter(daemon, ada, "ada", "tea");
  ChatGuest guest(address);
  guest.say("/join tea");
  CHECK(ada.next() == "* guest1 is here");
  guest.say("/name bob");
  CHECK(ada.next() == "* guest1 is now bob");
  guest.say("/name " + std::string(100, 'b'));
  const std::string cut(32, 'b');
  CHECK(ada.next() == "* bob is now " + cut);
  guest.say("/name ");  // none: a line like others
  CHECK(ada.next() == cut + ": /name ");
  guest.say("/quiet");
  CHECK(ada.next() == cut + ": /quiet");
}

TEST_CASE("Who quits, hangs up or is reset leaves the room, and the others hear of it") {
  DaemonProcess daemon({"chat"}, chat_settings());
  const std::string address = chat_address(daemon);
  ChatGuest ada(address), bob(address);
  enter(daemon, ada, "ada", "tea");
  enter(daemon, bob, "bob", "tea");
  CHECK(ada.next() == "* bob is here");
  SECTION("by /quit, with all that was said to it") {
    ada.say("farewell");
    CHECK(bob.next() == "ada: farewell");
    bob.say("/quit");
    CHECK(bob.next() == std::nullopt);
  }
  SECTION("by the end of its stream, with its last line though it has no end") {
    bob.client().send_all("good-bye");
    bob.client().end_stream();
    CHECK(ada.next() == "bob: good-bye");
    CHECK(bob.next() == std::nullopt);
  }
  SECTION("by a reset") { bob.client().reset(); }
  CHECK(ada.next() == "* bob has gone");
  CHECK(chat_settles_at(daemon, "connections", 1));
  CHECK(chat_stats(daemon).at("members") == 1);
}

TEST_CASE("Too long a line ends the connection that sent it, and no other") {
  DaemonProcess daemon({"chat"}, chat_settings());
  const std::string address = chat_address(daemon);
  ChatGuest ada(address), bob(address);
  enter(daemon, ada, "ada", "tea");
  enter(daemon, bob, "bob", "tea");
  CHECK(ada.next() == "* bob is here");
  const std::string longest(1023, 'x');
  bob.say(longest);
  CHECK(ada.next() == "bob: " + longest);
  bob.say(longest + "x");
  CHECK(bob.next() == std::nullopt);
  CHECK(ada.next() == "* bob has gone");
  ChatGuest joe(address);
  enter(daemon, joe, "joe", "tea");
  CHECK(ada.next() == "* joe is here");
}

TEST_CASE("Who says nothing for idle_s seconds is told so and goes") {
  DaemonProcess daemon({"chat"}, chat_settings({{"idle_s", 1}}));
  ChatGuest silent(chat_address(daemon));
  silent.client().send_all("half a li");
  CHECK(silent.rest() == std::vector<std::string>{"* idle"});
  CHECK(chat_settles_at(daemon, "connections", 0));
}

TEST_CASE("A burst of lines in one packet shows nobody the door") {
  json settings = chat_settings({{"queue_lines", 64}});
  settings["runtime"]["workers"] = 1;  // so that it is the same in each run
  DaemonProcess daemon({"chat"}, settings);
  const std::string address = chat_address(daemon);
  ChatGuest ada(address);
  enter(daemon, ada, "ada", "tea");
  std::vector<ChatGuest> others;
  for (int i = 0; i < 8; i++)
    enter(daemon, others.emplace_back(address), "other", "tea");

  std::string burst;
  for (int i = 0; i < 2000; i++)
    burst += std::to_string(i) + "\n";
  ada.client().send_all(burst);
  for (ChatGuest& other : others) {
    std::optional<std::string> line = other.next();
    while (line == "* other is here")
      line = other.next();
    for (int i = 0; i < 2000; i++, line = i < 2000 ? other.next() : line)
      REQUIRE(line == "ada: " + std::to_string(i));
  }
  CHECK(chat_stats(daemon).at("evicted") == 0);
}

TEST_CASE("Who does not read is shown the door, and the others wait for nothing") {
  DaemonProcess daemon({"chat"}, chat_settings({{"queue_lines", 8}}));
  const std::string address = chat_address(daemon);
  ChatGuest ada(address), bob(address), slow(address, 4096);
  enter(daemon, slow, "slow", "tea");
  enter(daemon, ada, "ada", "tea");
  enter(daemon, bob, "bob", "tea");
  CHECK(ada.next() == "* bob is here");

  const std::string line(1000, 'x');
  std::size_t heard = 0;
  std::optional<std::string> last;
  // The kernel takes some megabytes first.
  for (; heard < 100'000; heard++) {
    ada.say(line);
    last = bob.next();
    if (last != "ada: " + line) break;
  }
  CHECK(last == "* slow has gone");
  CHECK(chat_stats(daemon).at("evicted") == 1);
  const std::vector<std::string> late = slow.rest();
  CHECK(late.size() <= heard + 3);
  CHECK(ada.next() == "* slow has gone");
  CHECK(bob.next() == "ada: " + line);
}

TEST_CASE("At connections_max further guests wait at the door") {
  DaemonProcess daemon({"chat"}, chat_settings({{"connections_max", 2}}));
  const std::string address = chat_address(daemon);
  ChatGuest ada(address), bob(address);
  enter(daemon, ada, "ada", "tea");
  enter(daemon, bob, "bob", "tea");
  CHECK(ada.next() == "* bob is here");
  ChatGuest joe(address), eve(address);
  joe.enter("joe", "tea");
  eve.enter("eve", "tea");
  CHECK_FALSE(ada.client().readable_within(100));
  bob.say("/quit");
  CHECK(ada.next() == "* bob has gone");
  CHECK(ada.next() == "* joe is here");
  joe.say("/quit");
  CHECK(ada.next() == "* joe has gone");
  CHECK(ada.next() == "* eve is here");
}

TEST_CASE("Beyond the operator's limit of tasks a guest is turned away, and the others talk on") {
  json settings = chat_settings();
  settings["plugins"]["settings"]["chat"]["limits"]["tasks"] = 4;
  DaemonProcess daemon({"chat"}, settings);
  const std::string address = chat_address(daemon);
  ChatGuest ada(address), bob(address);
  enter(daemon, ada, "ada", "tea");
  enter(daemon, bob, "bob", "tea");
  CHECK(ada.next() == "* bob is here");
  ChatGuest joe(address);  // with run(), four
  joe.say("/join tea");
  CHECK(ada.next() == "* guest2 is here");
  CHECK(bob.next() == "* guest2 is here");
  ChatGuest eve(address);
  CHECK(eve.next() == std::nullopt);
  joe.say("/quit");
  CHECK(ada.next() == "* guest2 has gone");
  CHECK(bob.next() == "* guest2 has gone");
  ada.say("still here");
  CHECK(bob.next() == "ada: still here");
  CHECK(wait_until([&] { return daemon.list("task").size() == 3; }));
  CHECK(daemon.control().call("plugin.info", {{"name", "chat"}}).at("refusals") >= 1);
}

TEST_CASE("stats is chat's one command") {
  DaemonProcess daemon({"chat"}, chat_settings());
  CHECK_THROWS_WITH(daemon.control().call_plugin("chat", "status"), Catch::Contains("stats"));
}

TEST_CASE("Wrong settings of chat are refused with the key's name, and the daemon goes on") {
  struct Row {
    json config;
    std::string says;
  };
  const std::vector<Row> table = {
      {{{"lisen", "127.0.0.1:0"}}, "lisen"},
      {{{"listen", 7070}}, "listen"},
      {{{"listen", "localhost:0"}}, "listen"},
      {{{"listen", "127.0.0.1:65536"}}, "listen"},
      {{{"idle_s", 0}}, "idle_s"},
      {{{"idle_s", 86'401}}, "idle_s"},
      {{{"idle_s", "long"}}, "idle_s"},
      {{{"queue_lines", 0}}, "queue_lines"},
      {{{"queue_lines", -1}}, "queue_lines"},
      {{{"connections_max", 1.5}}, "connections_max"},
      {{{"connections_max", 0}}, "connections_max"},
      {{{"connections_max", json::array({1})}}, "connections_max"},
  };
  for (const Row& row : table) {
    DaemonProcess daemon({"chat", "hello_c"}, chat_settings(row.config));
    const json chat = daemon.control().call("plugin.info", {{"name", "chat"}});
    INFO(row.config.dump() << " -> " << chat.dump());
    CHECK(chat.at("state") == "failed");
    CHECK(chat.at("error").get<std::string>().find(row.says) != std::string::npos);
    CHECK(daemon.ctl({"status"}).exit_code == 0);
  }
}

}  // namespace ekiden::integration
