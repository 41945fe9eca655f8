#include "tests/integration/harness/echo_load.hpp"

#include <arpa/inet.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <random>
#include <system_error>

#include "tests/integration/harness/tcp_client.hpp"

namespace ekiden::integration {
namespace {

constexpr std::size_t kRandomBytes = 8 * 1024 * 1024;
constexpr std::size_t kChunkBytes = 64 * 1024;

const std::string& random_block() {
  static const std::string block = [] {
    std::mt19937_64 engine(20'240'229);
    std::string bytes(kRandomBytes, '\0');
    for (std::size_t at = 0; at < bytes.size(); at += 8) {
      const std::uint64_t word = engine();
      std::memcpy(bytes.data() + at, &word, 8);
    }
    return bytes;
  }();
  return block;
}

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket() {
    if (fd_ >= 0) close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

int connect_to(const sockaddr_in& to) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), "socket");
  if (connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0) {
    const int error = errno;
    close(fd);
    throw std::system_error(error, std::generic_category(), "connect");
  }
  return fd;
}

class Conversation {
 public:
  Conversation(const sockaddr_in& to, std::size_t index, std::size_t bytes)
      : socket_(connect_to(to)), start_(index * 4099 % kRandomBytes), bytes_(bytes) {}

  int fd() const { return socket_.fd(); }
  std::size_t compared() const { return received_; }
  const std::string& error() const { return error_; }

  // Moves what can be moved; false when it is over, well or with error().
  bool step(bool readable, bool writable) {
    if (writable && !write()) return false;
    return !readable || read();
  }
  bool wants_to_write() const { return sent_ < bytes_; }

 private:
  bool write() {
    while (sent_ < bytes_) {
      const std::string_view data = expected(sent_);
      const ssize_t sent = send(fd(), data.data(), data.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent < 0) return errno == EAGAIN || give_up("send: " + std::string(strerror(errno)));
      sent_ += static_cast<std::size_t>(sent);
    }
    shutdown(fd(), SHUT_WR);
    return true;
  }

  bool read() {
    static thread_local char buffer[kChunkBytes];
    const ssize_t got = recv(fd(), buffer, sizeof(buffer), MSG_DONTWAIT);
    if (got < 0) return errno == EAGAIN || give_up("recv: " + std::string(strerror(errno)));
    if (got == 0) {
      return received_ == bytes_ ? false
                                 : give_up("the stream ended after " + std::to_string(received_));
    }
    return compare(std::string_view(buffer, static_cast<std::size_t>(got)));
  }

  bool compare(std::string_view data) {
    while (!data.empty()) {
      if (received_ == bytes_) return give_up("more came back than was sent");
      const std::string_view want = expected(received_).substr(0, data.size());
      if (data.substr(0, want.size()) != want) {
        return give_up("wrong bytes after " + std::to_string(received_));
      }
      received_ += want.size();
      data.remove_prefix(want.size());
    }
    return true;
  }

  // The next bytes of this connection's stream, as many as lie together.
  std::string_view expected(std::size_t position) const {
    const std::size_t at = (start_ + position) % kRandomBytes;
    const std::size_t size = std::min({bytes_ - position, kRandomBytes - at, kChunkBytes});
    return std::string_view(random_block()).substr(at, size);
  }

  bool give_up(std::string why) {
    error_ = std::move(why);
    return false;
  }

  Socket socket_;
  std::size_t start_;
  std::size_t bytes_;
  std::size_t sent_ = 0;
  std::size_t received_ = 0;
  std::string error_;
};

class Loop {
 public:
  Loop() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {}

  void add(Conversation* conversation) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT;
    event.data.ptr = conversation;
    epoll_ctl(epoll_.fd(), EPOLL_CTL_ADD, conversation->fd(), &event);
    open_++;
  }

  // False once nothing happens for `limit`.
  bool turn(std::chrono::milliseconds limit, EchoOutcome& outcome) {
    epoll_event events[256];
    const int count = epoll_wait(epoll_.fd(), events, 256, static_cast<int>(limit.count()));
    for (int i = 0; i < count; i++) {
      handle(static_cast<Conversation*>(events[i].data.ptr), events[i].events, outcome);
    }
    return count > 0;
  }

  std::size_t open() const { return open_; }

 private:
  void handle(Conversation* conversation, std::uint32_t events, EchoOutcome& outcome) {
    const bool wanted_to_write = conversation->wants_to_write();
    const bool goes_on = conversation->step((events & ~EPOLLOUT) != 0, (events & EPOLLOUT) != 0);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = conversation;
    if (goes_on) {
      if (wanted_to_write && !conversation->wants_to_write()) {
        epoll_ctl(epoll_.fd(), EPOLL_CTL_MOD, conversation->fd(), &event);
      }
      return;
    }
    epoll_ctl(epoll_.fd(), EPOLL_CTL_DEL, conversation->fd(), &event);
    open_--;
    outcome.compared += conversation->compared();
    if (conversation->error().empty()) {
      outcome.completed++;
    } else {
      outcome.errors.push_back(conversation->error());
    }
  }

  Socket epoll_;
  std::size_t open_ = 0;
};

}  // namespace

std::string_view random_bytes(std::size_t offset, std::size_t size) {
  return std::string_view(random_block()).substr(offset % (kRandomBytes / 2), size);
}

EchoOutcome run_echo_load(const std::string& address, std::size_t connections,
                          std::size_t bytes_each, std::chrono::milliseconds limit) {
  random_block();
  const sockaddr_in to = parse_address(address);
  std::vector<std::unique_ptr<Conversation>> conversations;
  for (std::size_t i = 0; i < connections; i++) {
    conversations.push_back(std::make_unique<Conversation>(to, i, bytes_each));
  }
  Loop loop;
  for (const auto& conversation : conversations)
    loop.add(conversation.get());

  EchoOutcome outcome;
  while (loop.open() > 0 && loop.turn(limit, outcome)) {
  }
  if (loop.open() > 0) {
    outcome.errors.push_back(std::to_string(loop.open()) + " connections stand still");
  }
  return outcome;
}

EchoNoise::EchoNoise(unsigned clients) {
  random_block();
  for (unsigned i = 0; i < clients; i++)
    threads_.emplace_back([this] { run(); });
}

EchoNoise::~EchoNoise() {
  stop_ = true;
  for (std::thread& thread : threads_)
    thread.join();
}

void EchoNoise::aim(const std::string& address) { port_ = ntohs(parse_address(address).sin_port); }

void EchoNoise::run() {
  while (!stop_) {
    const std::uint16_t port = port_;
    try {
      if (port != 0) talk(port);
    } catch (const std::system_error&) {
      // The server went, which is what these tests are about.
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

void EchoNoise::talk(std::uint16_t port) {
  TcpClient client("127.0.0.1:" + std::to_string(port));
  for (std::size_t i = 0; !stop_ && port == port_; i++) {
    const std::string_view data = random_bytes(i * 4099, 8192);
    client.send_all(data);
    while (!client.readable_within(100)) {
      if (stop_ || port != port_) return;
    }
    const std::string back = client.read_exactly(data.size());
    if (back.size() != data.size()) return;
    if (back != data) wrong_bytes_++;
    round_trips_++;
  }
}

}  // namespace ekiden::integration
