// What is wrong with a configuration. All problems are collected, so that an operator repairs a
// file once and not once a mistake.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ekiden::daemon {

// Texts are escaped: they are one line each and safe to print.
struct Problem {
  std::string pointer;     // JSON pointer (RFC 6901) of the value; empty: the file or its root
  std::size_t line = 0;    // from 1; 0: not known. Only where the file is not well-formed
  std::size_t column = 0;  // in bytes, from 1
  std::string text;        // what was found and what is allowed

  bool operator==(const Problem&) const = default;
};

using Problems = std::vector<Problem>;

// "/runtime/workers: found 0; allowed: …", "line 3, column 7: …", or the text alone.
std::string to_string(const Problem& problem);

// Collects up to limits::kProblemsMax and counts the rest.
class ProblemList {
 public:
  // `pointer` is escaped and shortened here; the text is its maker's care.
  void add(std::string_view pointer, std::string text);
  void add_at(std::size_t line, std::size_t column, std::string text);

  bool empty() const noexcept { return problems_.empty(); }
  // Further problems are counted only.
  bool full() const noexcept;

  // Leaves the list empty. A last entry says how many were not kept.
  Problems take();

 private:
  void keep(Problem problem);

  Problems problems_;
  std::size_t not_kept_ = 0;
};

}  // namespace ekiden::daemon
