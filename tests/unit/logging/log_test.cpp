#include "daemon/logging/log.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <regex>
#include <string>
#include <thread>
#include <vector>

#include "daemon/logging/limits.hpp"
#include "tests/unit/logging/pipe.hpp"

using namespace std::chrono_literals;
using namespace std::string_view_literals;
using namespace ekiden::daemon;
using log::Format;
using log::Level;
using log::test::Pipe;
using log::test::split_lines;

namespace {

// The log writes to a pipe of the test in place of stderr.
class CapturedLog {
 public:
  CapturedLog() : stderr_(dup(STDERR_FILENO)) { dup2(pipe_.writer(), STDERR_FILENO); }
  CapturedLog(Format format, Level level) : CapturedLog() { log::setup(format, level); }
  ~CapturedLog() {
    log::shutdown();
    restore();
    log::set_level(Level::kInfo);
  }
  CapturedLog(const CapturedLog&) = delete;
  CapturedLog& operator=(const CapturedLog&) = delete;

  Pipe& pipe() { return pipe_; }

  // Ends the log; what it has written and was not read yet.
  std::string finish() {
    log::shutdown();
    return pipe_.read_available();
  }

 private:
  void restore() {
    dup2(stderr_, STDERR_FILENO);
    close(stderr_);
  }

  Pipe pipe_;
  int stderr_;
};

const std::string kTimePattern = R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)";

}  // namespace

TEST_CASE("a record is a line of text") {
  CapturedLog captured(Format::kText, Level::kInfo);
  log::info("daemon", "ready");
  log::write(Level::kCritical, "plugin.echo", "it is over");
  const std::vector<std::string> lines = split_lines(captured.finish());
  REQUIRE(lines.size() == 2);
  CHECK(std::regex_match(lines[0], std::regex(kTimePattern + " info  daemon: ready")));
  CHECK(std::regex_match(lines[1],
                         std::regex(kTimePattern + R"( critical plugin\.echo: it is over)")));
}

TEST_CASE("a record is a line of JSON") {
  CapturedLog captured(Format::kJson, Level::kInfo);
  log::warn("plugin.echo", "a \"quoted\" \\ word\n{\"level\":\"forged\"}");
  const std::vector<std::string> lines = split_lines(captured.finish());
  REQUIRE(lines.size() == 1);
  const auto record = nlohmann::json::parse(lines[0]);
  CHECK(record.size() == 4);
  CHECK(std::regex_match(record.at("time").get<std::string>(), std::regex(kTimePattern)));
  CHECK(record.at("level") == "warn");
  CHECK(record.at("component") == "plugin.echo");
  CHECK(record.at("message") == "a \"quoted\" \\ word\n{\"level\":\"forged\"}");
}

TEST_CASE("hostile text stays one line in both formats") {
  const std::vector<std::string_view> texts = {
      "line\nbreak", "\r\n\r\n",           "nul\0nul"sv,
      "\x1b[31mred", "\xff\xfe not UTF-8", "cut \xe9\xa7",
      "%s %n {}",    "\xe2\x80\xa8",       "",
  };
  for (const Format format : {Format::kText, Format::kJson}) {
    for (const std::string_view text : texts) {
      CapturedLog captured(format, Level::kInfo);
      log::info(text, text);
      const std::string written = captured.finish();
      CAPTURE(written);
      CHECK(split_lines(written).size() == 1);
      CHECK(written.find('\0') == std::string::npos);
      CHECK(written.find('\x1b') == std::string::npos);
      if (format == Format::kJson) CHECK(nlohmann::json::accept(written));
    }
  }
}

TEST_CASE("a message of any size is cut, and says by how much") {
  for (const Format format : {Format::kText, Format::kJson}) {
    CapturedLog captured(format, Level::kInfo);
    log::info("daemon", std::string(log::kMessageMaxBytes + 1000, 'x'));
    const std::string written = captured.finish();
    CHECK(written.size() < log::kMessageMaxBytes + 500);
    CHECK(written.find("(1000 bytes more)") != std::string::npos);
    CHECK(split_lines(written).size() == 1);
  }
}

TEST_CASE("records below the level of their component are not written") {
  CapturedLog captured(Format::kText, Level::kWarn);
  CHECK(log::level() == Level::kWarn);
  log::info("daemon", "hidden");
  REQUIRE(log::set_level("plugin.echo", Level::kDebug));
  CHECK(log::enabled(Level::kDebug));
  CHECK(log::enabled(Level::kDebug, "plugin.echo"));
  CHECK_FALSE(log::enabled(Level::kDebug, "daemon"));
  CHECK(log::component_levels().at("plugin.echo") == Level::kDebug);
  log::debug("plugin.echo", "shown");
  CHECK(log::clear_level("plugin.echo"));
  CHECK(log::level("plugin.echo") == Level::kWarn);
  log::debug("plugin.echo", "hidden");
  log::write(Level::kOff, "daemon", "hidden");
  const std::vector<std::string> lines = split_lines(captured.finish());
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].find("shown") != std::string::npos);
}

TEST_CASE("before set-up and after shutdown the caller writes the record") {
  CapturedLog captured;
  log::info("daemon", "early");
  CHECK(captured.pipe().read_available().find("early") != std::string::npos);
  log::setup(Format::kText, Level::kInfo);
  log::shutdown();
  log::shutdown();
  log::info("daemon", "late");
  CHECK(captured.pipe().read_available().find("late") != std::string::npos);
}

TEST_CASE("a second set-up loses nothing of the first") {
  CapturedLog captured(Format::kText, Level::kInfo);
  log::info("daemon", "first");
  log::setup(Format::kJson, Level::kInfo);
  log::info("daemon", "second");
  const std::vector<std::string> lines = split_lines(captured.finish());
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].find("first") != std::string::npos);
  CHECK(nlohmann::json::parse(lines[1]).at("message") == "second");
}

TEST_CASE("callers never wait for a reader that has stopped") {
  CapturedLog captured(Format::kText, Level::kInfo);
  const std::uint64_t dropped_before = log::dropped();
  const std::string message(log::kMessageMaxBytes, 'x');
  const std::size_t records = 4 * log::kQueueMaxBytes / log::kMessageMaxBytes;
  for (std::size_t i = 0; i < records; ++i)
    log::info("daemon", message);
  CHECK(log::dropped() > dropped_before);
  CHECK_FALSE(log::flush(1ms));
  log::info("daemon", "the last one");

  std::string received;
  std::thread reader([&] {
    while (received.find("the last one") == std::string::npos) {
      received += captured.pipe().read_available();
      std::this_thread::yield();
    }
  });
  reader.join();
  CHECK(log::flush(60s));
  CHECK(received.find("records are lost: stderr was not read fast enough") != std::string::npos);
}

TEST_CASE("shutdown returns where stderr is full, and the counter keeps what was lost") {
  CapturedLog captured;
  const std::uint64_t dropped_before = log::dropped();
  captured.pipe().fill();
  log::setup(Format::kText, Level::kInfo);
  for (int i = 0; i < 10; ++i)
    log::info("daemon", "never read");
  log::shutdown();
  CHECK(log::dropped() == dropped_before + 10);
  log::info("daemon", "written by the caller, who does not wait for long");
  CHECK(log::dropped() == dropped_before + 11);
}

TEST_CASE("lines of several threads are whole and in each thread's order") {
  constexpr int kThreads = 4;
  constexpr int kRecords = 500;
  CapturedLog captured(Format::kJson, Level::kInfo);
  std::vector<std::thread> writers;
  for (int thread = 0; thread < kThreads; ++thread) {
    writers.emplace_back([thread] {
      for (int i = 0; i < kRecords; ++i)
        log::info(std::to_string(thread), std::to_string(i));
    });
  }
  std::vector<int> next(kThreads, 0);
  bool in_order = true;
  std::string text;
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  int seen = 0;
  while (seen < kThreads * kRecords && std::chrono::steady_clock::now() < deadline) {
    text += captured.pipe().read_available();
    for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n')) {
      const auto record = nlohmann::json::parse(text.substr(0, end));
      text.erase(0, end + 1);
      const int thread = std::stoi(record.at("component").get<std::string>());
      in_order &= std::stoi(record.at("message").get<std::string>()) == next[thread]++;
      ++seen;
    }
    std::this_thread::yield();
  }
  for (std::thread& writer : writers)
    writer.join();
  CHECK(seen == kThreads * kRecords);
  CHECK(in_order);
}

TEST_CASE("a sink gets the records as they are, and nothing is written meanwhile") {
  CapturedLog captured(Format::kText, Level::kInfo);
  std::vector<std::string> records;
  log::set_sink(std::make_shared<const log::Sink>(
      [&](Level level, std::string_view component, std::string_view message) {
        records.push_back(std::string(log::level_name(level)) + "|" + std::string(component) + "|" +
                          std::string(message));
      }));
  log::info("plugin.echo", "two\nlines");
  log::debug("plugin.echo", "not wanted");
  log::error("daemon", std::string(2 * log::kMessageMaxBytes, 'x'));
  log::set_sink(nullptr);
  log::info("daemon", "written again");
  REQUIRE(records.size() == 2);
  CHECK(records[0] == "info|plugin.echo|two\nlines");
  CHECK(records[1].size() > 2 * log::kMessageMaxBytes);
  const auto lines = split_lines(captured.finish());
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].find("written again") != std::string::npos);
}

TEST_CASE("a sink that throws costs its record and nothing else") {
  CapturedLog captured(Format::kText, Level::kInfo);
  const auto dropped_before = log::dropped();
  log::set_sink(std::make_shared<const log::Sink>(
      [](Level, std::string_view, std::string_view) { throw std::runtime_error("full"); }));
  log::info("daemon", "lost");
  log::set_sink(nullptr);
  CHECK(log::dropped() == dropped_before + 1);
}
