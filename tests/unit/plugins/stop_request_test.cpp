// Asking the daemon to stop: once or often, before or after somebody wants to hear of it.
#include <catch2/catch.hpp>
#include <thread>
#include <vector>

#include "daemon/app/stop_request.hpp"

namespace ekiden::daemon {

TEST_CASE("Whoever set what to do is told once, also if it was asked for before") {
  int told = 0;
  StopRequest stop;
  CHECK_FALSE(stop.is_requested());
  SECTION("set first") {
    stop.set([&] { told++; });
    CHECK(told == 0);
    stop.request();
  }
  SECTION("asked first") {
    stop.request();
    stop.set([&] { told++; });
  }
  stop.request();
  CHECK(stop.is_requested());
  CHECK(told == 1);
  stop.wait();
}

TEST_CASE("The wait ends when it has been told, whoever asks") {
  StopRequest stop;
  bool told = false;
  stop.set([&] { told = true; });
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; i++)
    threads.emplace_back([&] { stop.request(); });
  stop.wait();
  CHECK(told);
  for (auto& thread : threads)
    thread.join();
}

}  // namespace ekiden::daemon
