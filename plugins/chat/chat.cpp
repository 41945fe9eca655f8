// A chat server over TCP, by lines. `/join TEA` goes to a room (who connects is in none),
// `/name ADA` takes a name, `/quit` hangs up, and anything else is said to all in the room.
//
// A connection is two coroutines in one task: one reads lines, one writes what others say, from a
// queue of its own. Nobody waits for a slow reader: when its queue is full it is shown the door.
// Who says nothing for idle_s seconds, or takes nothing, goes too. When the plugin is unloaded,
// everybody is told, and what is queued still goes out. `ekidenctl call chat stats`.
//
// Settings: listen ("127.0.0.1:7070"), idle_s (600), queue_lines (256), connections_max (10000).
#include <ekiden/sdk.hpp>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

namespace {

using namespace ekiden;

constexpr std::size_t kLineBytesMax = 1024;
constexpr std::size_t kWordBytesMax = 32;         // of a name, or a room's
using Line = std::shared_ptr<const std::string>;  // one for all who hear it

Line line_of(std::string text) {
  text += '\n';
  return std::make_shared<const std::string>(std::move(text));
}

struct Member {
  std::string name;
  mpsc::Sender<Line> queue;
  std::string room{};
  CancelSource evicted{};
};

class Rooms {
 public:
  void enter(Member& member, std::string room) {
    leave(member);
    const std::lock_guard lock(mutex_);
    member.room = std::move(room);
    rooms_[member.room].insert(&member);
    say_locked(member, "* " + member.name + " is here");
  }
  void leave(Member& member, bool silently = false) {
    const std::lock_guard lock(mutex_);
    const auto room = rooms_.find(member.room);
    if (room == rooms_.end() || room->second.erase(&member) == 0) return;
    if (!silently) say_locked(member, "* " + member.name + " has gone");
    if (room->second.empty()) rooms_.erase(room);
  }
  void say(const Member& from, std::string text) {
    const std::lock_guard lock(mutex_);
    say_locked(from, std::move(text));
  }
  std::string stats() {
    const std::lock_guard lock(mutex_);
    std::size_t members = 0;
    for (const auto& [name, room] : rooms_)
      members += room.size();
    return "\"members\":" + std::to_string(members) +
           ",\"rooms\":" + std::to_string(rooms_.size()) +
           ",\"evicted\":" + std::to_string(evicted_);
  }

 private:
  // To all of the room but the one who says it.
  void say_locked(const Member& from, std::string text) {
    const auto room = rooms_.find(from.room);
    if (room == rooms_.end()) return;
    const Line line = line_of(std::move(text));
    for (Member* member : room->second) {
      if (member == &from || member->queue.try_send(line)) continue;
      if (!member->evicted.is_cancelled()) ++evicted_;
      member->evicted.cancel();
    }
  }

  std::mutex mutex_;
  std::map<std::string, std::set<Member*>> rooms_;
  std::uint64_t evicted_ = 0;
};

class Chat : public Plugin {
 public:
  explicit Chat(std::string_view config) {
    Config settings(config);
    address_ = settings.text("listen", "127.0.0.1:7070");
    idle_ = std::chrono::seconds(settings.number("idle_s", 600, 1, 86'400));
    queue_lines_ = settings.number("queue_lines", 256, 1, 65'536);
    connections_max_ =
        static_cast<unsigned>(settings.number("connections_max", 10'000, 1, 1'000'000));
    settings.finish();
  }

  void start() override {
    listener_ = TcpListener::bind(address_);
    address_ = listener_.local_address().to_string();
  }

  Task<> run() override {
    auto serve_all = [this](TaskGroup& group) -> Task<> {
      co_await stopping().run(accept_all(group));
      listener_.close();
    };
    co_await with_group(serve_all, connections_max_);
  }

  Task<std::string> command(Command command) override {
    if (command.method() != "stats") command.unknown("stats");
    co_return "{\"listen\":" + json_quote(address_) +
        ",\"connections\":" + std::to_string(connections_) + "," + rooms_.stats() + "}";
  }

 private:
  Task<> accept_all(TaskGroup& group) {
    for (std::uint64_t number = 0;; ++number) {
      try {
        TcpStream stream = co_await accept_when_room(listener_);
        auto begin = [this, number, stream = std::move(stream)]() mutable {
          return serve(std::move(stream), "guest" + std::to_string(number));
        };
        co_await group.spawn_when_room(std::move(begin));
      } catch (const Error& error) {
        if (error.code() == EKD_E_DRAINING) co_return;  // a moment before stopping()
        if (error.code() != EKD_E_LIMIT) throw;         // at limits.tasks, who comes is hung up on
      }
    }
  }

  // Both halves end together: the writer when the queue is closed and empty, or whichever fails.
  Task<> serve(TcpStream stream, std::string name) {
    auto [queue, lines] = mpsc::channel<Line>(queue_lines_);
    Member member{std::move(name), std::move(queue)};
    ++connections_;
    const std::shared_ptr<void> seat(nullptr, [&](void*) { rooms_.leave(member), --connections_; });
    try {
      co_await join_all(listen(stream, member), write_lines(stream, lines));
      stream.shutdown();
    } catch (const Error&) {  // it hung up, or was too slow
    }
  }

  Task<> listen(TcpStream& stream, Member& member) {
    auto end = co_await race(hear(stream, member), member.evicted.token().cancelled(),
                             stopping().cancelled());
    if (end.index() == 1) throw Closed("too slow");
    const bool closing = end.index() == 2;
    rooms_.leave(member, closing);  // where all go, nobody is told of each
    if (closing || std::get<0>(end))
      static_cast<void>(member.queue.try_send(line_of(closing ? "* closing" : "* idle")));
    member.queue.reset();
  }

  // True where nothing came for too long.
  Task<bool> hear(TcpStream& stream, Member& member) {
    BufReader reader(stream);
    for (;;) {
      auto line = co_await timeout(idle_, reader.read_line(kLineBytesMax));
      if (!line) co_return true;
      if (!*line || **line == "/quit") co_return false;
      obey(member, std::move(**line));
      co_await yield();  // else the lines of one packet could fill queues before anybody writes
    }
  }

  void obey(Member& member, std::string line) {
    const std::string word = line.size() > 6 ? line.substr(6, kWordBytesMax) : "";
    if (line.starts_with("/name ") && !word.empty()) {
      rooms_.say(member, "* " + member.name + " is now " + word);
      member.name = word;
    } else if (line.starts_with("/join ") && !word.empty()) {
      rooms_.enter(member, word);
    } else {
      rooms_.say(member, member.name + ": " + line);
    }
  }

  Task<> write_lines(TcpStream& stream, mpsc::Receiver<Line>& lines) {
    while (auto line = co_await lines.recv())
      if (bool taken = co_await timeout(idle_, write_all(stream, bytes_of(**line))); !taken)
        throw Closed("stuck");
  }

  std::string address_;
  Nanoseconds idle_{};
  std::size_t queue_lines_ = 0;
  unsigned connections_max_ = 0;
  TcpListener listener_;
  Rooms rooms_;
  std::atomic<unsigned> connections_{0};
};

}  // namespace

EKIDEN_PLUGIN(Chat, "chat", "1.0.0")
