// Saying what an unload has found, and the errors that a test gets.
#include <ekiden/testing.hpp>
#include <string>
#include <vector>

namespace ekiden::testing {

Error::Error(const std::string& text) : std::runtime_error(text) {}
Error::~Error() = default;

CallError::CallError(std::int32_t code, const std::string& text) : Error(text), code_(code) {}
CallError::~CallError() = default;

void detail::raise(std::int32_t code, const std::string& text) {
  if (code < 0) throw CallError(code, text);
  throw Error(text);
}

namespace {

std::string text_of(const Left& left) {
  std::string text = std::to_string(left.count) + " " + left.kind + (left.count == 1 ? "" : "s");
  if (left.bytes != 0) text += " of " + std::to_string(left.bytes) + " bytes";
  if (left.made_by.empty()) return text;
  return text + (left.kind == "task" ? " of type " : " made by task type ") + left.made_by;
}

void add(std::string& text, const char* what, const std::vector<Left>& rows) {
  std::string list;
  for (const Left& left : rows)
    list += (list.empty() ? "" : ", ") + text_of(left);
  if (!list.empty()) text += (text.empty() ? "" : "; ") + std::string(what) + list;
}

}  // namespace

std::string Unloaded::text() const {
  std::string all;
  add(all, "leaked: ", leaked);
  add(all, "cancelled: ", cancelled);
  if (!drain_problem.empty()) all += (all.empty() ? "" : "; ") + ("drain: " + drain_problem);
  return all;
}

}  // namespace ekiden::testing
