// Ordinary data of a model, which no two threads may touch at the same time unless both only read:
// the checker reports a race. For what the code under check hands from one thread to another.
#pragma once

#include "tests/model/checker/engine.hpp"

namespace ekiden::model {

template <class T>
class Plain {
 public:
  Plain() = default;
  explicit Plain(T value) : value_(value) {}

  T read(Site site = Site::here()) const {
    if (Engine* engine = Engine::running()) engine->read_plain(history_, site);
    return value_;
  }
  void write(T value, Site site = Site::here()) {
    if (Engine* engine = Engine::running()) engine->write_plain(history_, site);
    value_ = value;
  }

 private:
  T value_{};
  mutable PlainHistory history_;
};

}  // namespace ekiden::model
