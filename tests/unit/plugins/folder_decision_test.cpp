// What is done about a file of the folder, by what lies there and what the daemon has of it.
#include <catch2/catch.hpp>

#include "daemon/plugins/folder_decision.hpp"

namespace ekiden::daemon {
namespace {

using Action = FolderAction;
using Life = PluginView::Life;
using Presence = FileView::Presence;

const FileIdentity kOld{1, 2, 300, 4'000, 4'000};
const FileIdentity kNew{1, 3, 300, 5'000, 5'000};

FileView there(const FileIdentity& identity) { return {Presence::kThere, identity, true}; }

PluginView plugin(Life life, const FileIdentity& dealt_with) {
  return {true, life, "old hash", dealt_with};
}

Action decided(const FileView& file, const PluginView& view, Occasion occasion,
               const std::string& hash = "new hash") {
  return decide(file, view, occasion, [&] { return hash; });
}

Action decided(const FileView& file, const PluginView& view) {
  return decided(file, view, Occasion::kContent);
}

}  // namespace

TEST_CASE("A file that is new or has changed is loaded, or replaces what runs") {
  CHECK(decided(there(kNew), plugin(Life::kNone, {})) == Action::kLoad);
  CHECK(decided(there(kNew), plugin(Life::kNone, kOld)) == Action::kLoad);
  CHECK(decided(there(kNew), plugin(Life::kRunning, kOld)) == Action::kReplace);
  CHECK(decided(there(kNew), plugin(Life::kRunning, {})) == Action::kReplace);
  // Its unload missed the deadline, with nothing to replace it.
  CHECK(decided(there(kNew), plugin(Life::kDraining, kOld)) == Action::kReplace);
}

TEST_CASE("A file that was dealt with is left alone: refused, unloaded by hand, or running") {
  for (const Life life : {Life::kNone, Life::kRunning, Life::kWaiting, Life::kDraining}) {
    CHECK(decided(there(kOld), plugin(life, kOld)) == Action::kNothing);
  }
}

TEST_CASE("The same content under another time stamp is the same file") {
  const auto touched = [](const std::string& hash) {
    return decided(there(kNew), plugin(Life::kRunning, kOld), Occasion::kContent, hash);
  };
  CHECK(touched("old hash") == Action::kSame);
  CHECK(touched("") == Action::kReplace);  // the checks will say why it cannot be read
}

TEST_CASE("A file is read only where its content decides") {
  const auto never = []() -> std::string { throw std::logic_error("read"); };
  for (const Life life : {Life::kNone, Life::kBusy, Life::kWaiting, Life::kDraining}) {
    CHECK_NOTHROW(decide(there(kNew), plugin(life, kOld), Occasion::kContent, never));
  }
  CHECK_NOTHROW(decide(there(kOld), plugin(Life::kRunning, kOld), Occasion::kContent, never));
  CHECK_THROWS(decide(there(kNew), plugin(Life::kRunning, kOld), Occasion::kContent, never));
}

TEST_CASE("A file that has gone takes its plugin along, unless the whole folder had gone") {
  const FileView absent{Presence::kAbsent, {}, true};
  for (const Life life : {Life::kRunning, Life::kWaiting, Life::kDraining}) {
    CHECK(decided(absent, plugin(life, kOld)) == Action::kUnload);
    CHECK(decided(absent, plugin(life, kOld), Occasion::kFolderBack) == Action::kNothing);
  }
  CHECK(decided(absent, plugin(Life::kNone, kOld)) == Action::kForget);
  const FileView unknown{};
  CHECK(decided(unknown, plugin(Life::kRunning, kOld)) == Action::kNothing);
  CHECK(decided(unknown, plugin(Life::kNone, kOld)) == Action::kNothing);
}

TEST_CASE("What is going on is not interfered with, and what waits is begun anew") {
  CHECK(decided(there(kNew), plugin(Life::kBusy, kOld)) == Action::kNothing);
  CHECK(decided({Presence::kAbsent, {}, true}, plugin(Life::kBusy, kOld)) == Action::kNothing);
  CHECK(decided(there(kNew), plugin(Life::kWaiting, kOld)) == Action::kGiveUp);
}

TEST_CASE("A disabled plugin's file means nothing") {
  PluginView disabled = plugin(Life::kNone, {});
  disabled.is_enabled = false;
  CHECK(decided(there(kNew), disabled) == Action::kNothing);
}

TEST_CASE("A file that changed a moment ago is not trusted to be told apart from its next state") {
  const std::int64_t now_ns = 1'000'000'000'000;
  FileIdentity identity = kOld;
  identity.changed_ns = now_ns - 1'000'000;
  CHECK_FALSE(is_settled(identity, now_ns));
  identity.changed_ns = now_ns - 90'000'000;
  CHECK(is_settled(identity, now_ns));
  // The clock was set back.
  identity.changed_ns = now_ns + 90'000'000;
  CHECK(is_settled(identity, now_ns));
}

}  // namespace ekiden::daemon
