// Tables for people: a header, columns as wide as their widest cell, numbers to the right. Cells
// may hold anything: what could steer a terminal is escaped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ekiden::daemon::ctl {

enum class Align : std::uint8_t { kLeft, kRight };

struct Column {
  std::string header;
  Align align = Align::kLeft;
};

class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // As many cells as there are columns; an empty one is shown as "-".
  void add(std::vector<std::string> cells);

  // Lines, each with its line break; the header is there also without rows. No trailing blanks.
  std::string text() const;

 private:
  std::vector<std::size_t> widths() const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// Name and value on each line, the values one below the other.
std::string facts_text(const std::vector<std::pair<std::string, std::string>>& facts);

// How many columns a terminal needs for it, one a code point.
std::size_t display_width(std::string_view text);

}  // namespace ekiden::daemon::ctl
