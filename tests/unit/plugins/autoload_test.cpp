// What the folder decides against what the plugins are meanwhile, with plugins that are none.
#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <mutex>
#include <utility>

#include "daemon/plugins/autoload.hpp"
#include "tests/unit/plugins/fixture.hpp"

namespace ekiden::daemon {
namespace {

using test::wait_until;
using test::write_bytes;

// One plugin, of which the test says how it is and what happens when it is asked for.
class OnePlugin : public AutoloadTarget {
 public:
  std::vector<std::string> names() const override { return {}; }
  std::optional<PluginRow> find(const std::string& /*name*/) const override {
    std::function<void()> once;
    {
      const std::lock_guard lock(mutex_);
      once = std::exchange(while_looked_at_, nullptr);
    }
    if (once) once();  // calls into the folder's code, which calls us: not under the lock
    const std::lock_guard lock(mutex_);
    return row_;
  }
  bool is_enabled(const std::string& /*name*/) const override { return true; }
  bool load_new(const std::string& name) override { return asked("load " + name); }
  bool load_replaced(const std::string& name) override { return asked("replace " + name); }
  void unload_removed(const std::string& name) override { asked("unload " + name); }
  void is_same(const std::string& name) override { asked("same " + name); }
  void give_up_replacement(const std::string& name) override { asked("give up " + name); }
  void refuse_name(const std::string& /*stem*/) override {}
  void forget(const std::string& /*stem*/) override {}

  void runs() {
    const std::lock_guard lock(mutex_);
    row_ = PluginRow{};
    row_->state = "running";
    row_->sha256 = "of another file";
  }
  void while_looked_at(std::function<void()> once) {
    const std::lock_guard lock(mutex_);
    while_looked_at_ = std::move(once);
  }
  void refuse(bool refuses) {
    const std::lock_guard lock(mutex_);
    refuses_ = refuses;
  }
  std::size_t count(const std::string& what) const {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::count(asked_.begin(), asked_.end(), what));
  }

 private:
  bool asked(const std::string& what) {
    const std::lock_guard lock(mutex_);
    asked_.push_back(what);
    return !refuses_;
  }

  mutable std::mutex mutex_;
  std::optional<PluginRow> row_;
  mutable std::function<void()> while_looked_at_;
  bool refuses_ = false;
  std::vector<std::string> asked_;
};

struct Followed {
  Followed() {
    REQUIRE(autoload.begin().empty());
    autoload.start();
  }
  bool is_asked(const std::string& what, std::size_t times = 1) {
    return wait_until([&] { return plugins.count(what) >= times; });
  }
  void drop(const std::string& name, const std::string& bytes) {
    write_bytes(folder.path() / (name + ".so"), bytes);
  }

  test::TempFolder folder;
  OnePlugin plugins;
  Autoload autoload{folder.path(), plugins};
};

}  // namespace

TEST_CASE("An unload by hand while the folder decides is not undone") {
  Followed f;
  f.plugins.runs();
  f.plugins.while_looked_at([&] { f.autoload.note_unload("x"); });
  f.drop("x", "new");
  f.drop("y", "new");  // is looked at afterwards
  CHECK(f.is_asked("replace y"));
  CHECK(f.plugins.count("replace x") == 0);
}

TEST_CASE("What could not be begun is begun when what was in the way is over") {
  Followed f;
  f.plugins.refuse(true);
  f.drop("x", "new");
  REQUIRE(f.is_asked("load x"));
  f.plugins.refuse(false);
  f.autoload.operation_is_over("x");
  CHECK(f.is_asked("load x", 2));
  // It counts as dealt with now.
  f.autoload.operation_is_over("x");
  f.drop("y", "new");
  CHECK(f.is_asked("load y"));
  CHECK(f.plugins.count("load x") == 2);
}

TEST_CASE("The end of something that goes on while the folder acts is not missed") {
  Followed f;
  f.plugins.refuse(true);
  // Over before the load is asked for, and after it was looked for.
  f.plugins.while_looked_at([&] { f.autoload.operation_is_over("x"); });
  f.drop("x", "new");
  CHECK(f.is_asked("load x", 2));
}

}  // namespace ekiden::daemon
