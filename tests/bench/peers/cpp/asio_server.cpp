// HTTP hello and echo on Boost.Asio alone: one io_context, callbacks, as many threads as workers.
//
//   asio_server http|echo PORT [THREADS]
//
// Serves on 127.0.0.1 until it is killed.
#include <array>
#include <boost/asio.hpp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr std::string_view kReply =
    "HTTP/1.1 200 OK\r\nContent-Length: 13\r\nContent-Type: text/plain\r\n\r\nHello, World!";

enum class Service { kHttp, kEcho };

// Alive as long as an operation of its socket holds a pointer to it.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, Service service) : socket_{std::move(socket)}, service_{service} {}

  void read() {
    socket_.async_read_some(asio::buffer(buffer_),
                            [self = shared_from_this()](auto error, std::size_t size) {
                              if (!error) self->answer(size);
                            });
  }

 private:
  void answer(std::size_t size) {
    const std::string_view read{buffer_.data(), size};
    // A read that does not end a request's head is let pass: a request comes in one piece.
    const bool complete = service_ == Service::kEcho || read.find("\r\n\r\n") != read.npos;
    if (!complete) return this->read();
    const std::string_view text = service_ == Service::kEcho ? read : kReply;
    asio::async_write(socket_, asio::buffer(text.data(), text.size()),
                      [self = shared_from_this()](auto error, std::size_t) {
                        if (!error) self->read();
                      });
  }

  tcp::socket socket_;
  Service service_;
  std::array<char, 4096> buffer_;
};

void accept(tcp::acceptor& acceptor, Service service) {
  acceptor.async_accept([&acceptor, service](auto error, tcp::socket socket) {
    if (!error) {
      socket.set_option(tcp::no_delay{true});
      std::make_shared<Session>(std::move(socket), service)->read();
    }
    accept(acceptor, service);
  });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fputs("usage: asio_server http|echo PORT [THREADS]\n", stderr);
    return 64;
  }
  const auto service = std::strcmp(argv[1], "http") == 0 ? Service::kHttp : Service::kEcho;
  const auto port = static_cast<unsigned short>(std::strtoul(argv[2], nullptr, 10));
  const int threads = argc > 3 ? static_cast<int>(std::strtol(argv[3], nullptr, 10)) : 2;

  asio::io_context context{threads};
  tcp::acceptor acceptor{context, {asio::ip::make_address("127.0.0.1"), port}};
  accept(acceptor, service);
  std::vector<std::jthread> others;
  for (int i = 1; i < threads; i++)
    others.emplace_back([&context] { context.run(); });
  context.run();
}
