#include "daemon/config/problem.hpp"

#include <utility>

#include "daemon/config/limits.hpp"
#include "daemon/logging/escape.hpp"
#include "daemon/logging/utf8.hpp"

namespace ekiden::daemon {
namespace {

// A key may be as long as the file.
constexpr std::size_t kPointerMaxBytes = 256;

std::string shown(std::string_view pointer) {
  const std::string_view front = utf8_prefix(pointer, kPointerMaxBytes);
  return escape_text(front) + (front.size() < pointer.size() ? "…" : "");
}

}  // namespace

std::string to_string(const Problem& problem) {
  if (problem.line != 0) {
    return "line " + std::to_string(problem.line) + ", column " + std::to_string(problem.column) +
           ": " + problem.text;
  }
  return problem.pointer.empty() ? problem.text : problem.pointer + ": " + problem.text;
}

void ProblemList::add(std::string_view pointer, std::string text) {
  keep({shown(pointer), 0, 0, std::move(text)});
}

void ProblemList::add_at(std::size_t line, std::size_t column, std::string text) {
  keep({"", line, column, std::move(text)});
}

bool ProblemList::full() const noexcept { return problems_.size() >= limits::kProblemsMax; }

Problems ProblemList::take() {
  Problems taken = std::exchange(problems_, {});
  if (not_kept_ > 0) {
    const std::string more = std::to_string(std::exchange(not_kept_, 0));
    taken.push_back({"", 0, 0, "and " + more + " more; repair these first"});
  }
  return taken;
}

void ProblemList::keep(Problem problem) {
  if (full()) {
    ++not_kept_;
  } else {
    problems_.push_back(std::move(problem));
  }
}

}  // namespace ekiden::daemon
