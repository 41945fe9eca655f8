#include "daemon/ctl/units.hpp"

#include <catch2/catch.hpp>

using namespace ekiden::daemon::ctl;

TEST_CASE("durations") {
  const std::vector<std::pair<std::int64_t, std::string>> table = {
      {0, "0 ms"},         {999, "999 ms"},
      {1000, "1.0 s"},     {59'999, "59.9 s"},
      {60'000, "1 min"},   {303'000, "5 min 3 s"},
      {3'600'000, "1 h"},  {12'000'000, "3 h 20 min"},
      {86'400'000, "1 d"}, {1'051'200'000, "12 d 4 h"},
      {-250, "-250 ms"},   {INT64_MIN, "-106751991167 d 7 h"},
  };
  for (const auto& [milliseconds, text] : table)
    CHECK(duration_text(milliseconds) == text);
}

TEST_CASE("short durations have three digits") {
  const std::vector<std::pair<std::uint64_t, std::string>> table = {
      {0, "0 ns"},
      {999, "999 ns"},
      {1000, "1.00 us"},
      {1236, "1.24 us"},
      {9'996, "10.0 us"},
      {99'960, "100 us"},
      {999'499, "999 us"},
      {999'500, "1.00 ms"},
      {12'340'000, "12.3 ms"},
      {2'010'000'000, "2.01 s"},
      {999'999'999'999, "1000 s"},
  };
  for (const auto& [nanoseconds, text] : table)
    CHECK(nanos_text(nanoseconds) == text);
}

TEST_CASE("bytes") {
  const std::vector<std::pair<std::uint64_t, std::string>> table = {
      {0, "0 B"},        {1023, "1023 B"},         {1024, "1.0 KiB"},
      {1536, "1.5 KiB"}, {21'286'093, "20.3 MiB"}, {UINT64_MAX, "16.0 EiB"},
  };
  for (const auto& [bytes, text] : table)
    CHECK(bytes_text(bytes) == text);
}
