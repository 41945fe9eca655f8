#include "daemon/ctl/table.hpp"

#include <algorithm>

#include "daemon/logging/escape.hpp"
#include "runtime/base/check.hpp"

namespace ekiden::daemon::ctl {
namespace {

constexpr std::string_view kGap = "  ";

void append_cell(std::string& line, std::string_view text, std::size_t width, Align align) {
  const std::string blanks(width - std::min(width, display_width(text)), ' ');
  if (align == Align::kRight) line += blanks;
  line += text;
  if (align == Align::kLeft) line += blanks;
}

void end_line(std::string& line) {
  line.erase(line.find_last_not_of(' ') + 1);
  line += '\n';
}

}  // namespace

std::size_t display_width(std::string_view text) {
  // A code point has exactly one byte that is no continuation byte.
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

void Table::add(std::vector<std::string> cells) {
  EKIDEN_CHECK(cells.size() == columns_.size());
  for (std::string& cell : cells)
    cell = cell.empty() ? "-" : escape_text(cell);
  rows_.push_back(std::move(cells));
}

std::vector<std::size_t> Table::widths() const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); i++) {
    std::size_t width = display_width(columns_[i].header);
    for (const auto& row : rows_)
      width = std::max(width, display_width(row[i]));
    widths.push_back(width);
  }
  return widths;
}

std::string Table::text() const {
  const std::vector<std::size_t> widths = this->widths();
  std::string out;
  const auto add_line = [&](const auto& cell) {
    std::string line;
    for (std::size_t i = 0; i < columns_.size(); i++) {
      if (i != 0) line += kGap;
      append_cell(line, cell(i), widths[i], columns_[i].align);
    }
    end_line(line);
    out += line;
  };
  add_line([&](std::size_t i) { return std::string_view(columns_[i].header); });
  for (const auto& row : rows_) {
    add_line([&](std::size_t i) { return std::string_view(row[i]); });
  }
  return out;
}

std::string facts_text(const std::vector<std::pair<std::string, std::string>>& facts) {
  std::size_t width = 0;
  for (const auto& [name, value] : facts)
    width = std::max(width, display_width(name));
  std::string out;
  for (const auto& [name, value] : facts) {
    std::string line;
    append_cell(line, name, width, Align::kLeft);
    line += kGap;
    line += value.empty() ? "-" : escape_text(value);
    end_line(line);
    out += line;
  }
  return out;
}

}  // namespace ekiden::daemon::ctl
