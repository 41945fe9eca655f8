#include "runtime/timer/wheel.hpp"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <random>
#include <vector>

using namespace ekiden::runtime;

namespace {

struct Item : Wheel::Entry {
  std::size_t id = 0;
  Tick wanted = 0;
};

std::unique_ptr<Item> make_item(std::size_t id) {
  auto item = std::make_unique<Item>();
  static_cast<Wheel::Entry&>(*item) = Wheel::Entry{};
  item->id = id;
  return item;
}

// All ids that are due at `now`, turned in steps of at most `step` entries.
std::vector<std::size_t> turn_all(Wheel& wheel, Tick now, std::size_t step = 64) {
  std::vector<std::size_t> ids;
  std::vector<Wheel::Entry*> due(step);
  for (;;) {
    const Wheel::Turned turned = wheel.turn(now, due);
    for (std::size_t i = 0; i < turned.due; ++i) {
      Item& item = *static_cast<Item*>(due[i]);
      if (item.is_linked() || item.wanted > now) throw std::logic_error("fired early or linked");
      ids.push_back(item.id);
    }
    if (turned.finished) return ids;
  }
}

// What a wheel has to do, done with a sorted map.
class Model {
 public:
  void insert(Tick tick, std::size_t id) { ticks_[id] = by_tick_.emplace(tick, id); }
  void remove(std::size_t id) {
    by_tick_.erase(ticks_.at(id));
    ticks_.erase(id);
  }
  std::vector<std::size_t> turn(Tick now) {
    std::vector<std::size_t> ids;
    while (!by_tick_.empty() && by_tick_.begin()->first <= now) {
      ids.push_back(by_tick_.begin()->second);
      remove(ids.back());
    }
    return ids;
  }
  Tick first() const { return by_tick_.empty() ? Wheel::kNoTick : by_tick_.begin()->first; }
  std::size_t size() const { return by_tick_.size(); }

 private:
  std::multimap<Tick, std::size_t> by_tick_;
  std::map<std::size_t, std::multimap<Tick, std::size_t>::iterator> ticks_;
};

// Wheel and model side by side, driven by random operations.
class Pair {
 public:
  explicit Pair(std::uint64_t seed, std::size_t items, unsigned spread_bits)
      : random_(seed), spread_bits_(spread_bits), now_(random_() >> (15 + random_() % 20)) {
    for (std::size_t id = 0; id < items; ++id)
      items_.push_back(make_item(id));
  }

  void step() {
    const std::size_t id = random_() % items_.size();
    Item& item = *items_[id];
    switch (random_() % 8) {
      case 0:
        turn();
        break;
      case 1:
      case 2:
        if (item.is_linked()) {
          wheel_.remove(item);
          model_.remove(id);
        }
        break;
      default:
        if (!item.is_linked()) {
          if (random_() % 4 == 0) pass_time();
          item.wanted = some_tick();
          wheel_.insert(item, item.wanted);
          model_.insert(item.wanted, id);
        }
    }
    check_next();
  }

  void finish() {
    now_ = Tick{1} << 49;  // the tick of kNever, later than any clock
    turn();
    REQUIRE(wheel_.size() == 0);
    REQUIRE(wheel_.next_tick() == Wheel::kNoTick);
  }

 private:
  Tick some_tick() {
    const Tick distance = random_() >> (64 - random_() % spread_bits_ - 1);
    if (random_() % 16 == 0) return now_ - std::min(now_, distance);  // overdue
    return std::min(now_ + distance, Tick{1} << 49);
  }

  // Without a turn.
  void pass_time() {
    if (random_() % 8 == 0) {
      now_ = std::min(now_ + (random_() >> (64 - random_() % 40 - 1)), (Tick{1} << 49) - 1);
    } else {
      now_ += random_() % 100;
    }
    wheel_.catch_up(now_);
  }

  void turn() {
    pass_time();
    std::vector<std::size_t> got = turn_all(wheel_, now_, 1 + random_() % 70);
    std::vector<std::size_t> expected = model_.turn(now_);
    std::sort(got.begin(), got.end());
    std::sort(expected.begin(), expected.end());
    REQUIRE(got == expected);
  }

  void check_next() {
    REQUIRE(wheel_.size() == model_.size());
    const Tick first = model_.first();
    const Tick next = wheel_.next_tick();
    if (first == Wheel::kNoTick) {
      REQUIRE(next == Wheel::kNoTick);
    } else {
      REQUIRE(next <= std::max(first, now_));
      // With few entries it is exact, so that a sleeper sleeps through.
      if (model_.size() <= 16) REQUIRE(next >= std::min(first, now_));
      if (model_.size() <= 16 && first > now_) REQUIRE(next == first);
    }
  }

  std::mt19937_64 random_;
  const unsigned spread_bits_;
  Tick now_;
  Wheel wheel_;
  Model model_;
  std::vector<std::unique_ptr<Item>> items_;
};

}  // namespace

TEST_CASE("ticks round a deadline up and a clock down") {
  CHECK(tick_not_before(0) == 0);
  CHECK(tick_not_before(1) == 1);
  CHECK(tick_not_before(kTickNanos) == 1);
  CHECK(tick_not_before(kTickNanos + 1) == 2);
  CHECK(tick_at(kTickNanos - 1) == 0);
  CHECK(tick_at(kTickNanos) == 1);
  CHECK(tick_start(1) == kTickNanos);
  CHECK(tick_start(tick_not_before(kNever)) == kNever);
  CHECK(tick_start(Wheel::kNoTick) == kNever);
}

TEST_CASE("a wheel agrees with a sorted map") {
  const unsigned spread_bits = GENERATE(6u, 13u, 30u, 49u);
  const std::size_t items = GENERATE(3u, 16u, 400u);
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    Pair pair(seed, items, spread_bits);
    for (int i = 0; i < 4000; ++i)
      pair.step();
    pair.finish();
  }
}

TEST_CASE("a clock that jumps years turns the wheel at once") {
  Wheel wheel;
  auto soon = make_item(1);
  auto late = make_item(2);
  const Tick year = tick_at(365ull * 24 * 3600 * kNanosPerSecond);
  soon->wanted = 10;
  late->wanted = 300 * year;
  wheel.insert(*soon, soon->wanted);
  wheel.insert(*late, late->wanted);
  CHECK(turn_all(wheel, 100 * year) == std::vector<std::size_t>{1});
  CHECK(wheel.next_tick() == 300 * year);
  CHECK(turn_all(wheel, 300 * year - 1).empty());
  CHECK(turn_all(wheel, 300 * year) == std::vector<std::size_t>{2});
}

TEST_CASE("entries come and go while a bucket is open") {
  Wheel wheel;
  std::vector<std::unique_ptr<Item>> items;
  for (std::size_t id = 0; id < 10; ++id) {
    items.push_back(make_item(id));
    items[id]->wanted = 5000;
    wheel.insert(*items[id], 5000);
  }
  std::array<Wheel::Entry*, 3> due;
  const Wheel::Turned turned = wheel.turn(6000, due);
  REQUIRE(turned.due == 3);
  REQUIRE_FALSE(turned.finished);
  CHECK(wheel.next_tick() <= 6000);

  std::size_t removed = 0;
  for (auto& item : items) {
    if (!item->is_linked() || removed == 4) continue;
    wheel.remove(*item);
    ++removed;
  }
  auto overdue = make_item(10);
  auto later = make_item(11);
  overdue->wanted = 1;
  later->wanted = 6001;
  wheel.insert(*overdue, overdue->wanted);
  wheel.insert(*later, later->wanted);

  CHECK(turn_all(wheel, 6000, 1).size() == 4);
  CHECK(wheel.size() == 1);
  CHECK(wheel.next_tick() == 6001);
}

TEST_CASE("a turn with an older clock fires nothing early") {
  Wheel wheel;
  auto a = make_item(1);
  auto b = make_item(2);
  a->wanted = 4096;
  b->wanted = 4100;
  wheel.insert(*a, a->wanted);
  wheel.insert(*b, b->wanted);
  std::array<Wheel::Entry*, 1> due;
  wheel.turn(4200, due);  // opens their bucket and handles one
  CHECK(turn_all(wheel, 4000).empty());
  CHECK(turn_all(wheel, 4200).size() == 1);
}

TEST_CASE("a crowded far bucket asks to be looked at when it starts, not before") {
  Wheel wheel;
  constexpr Tick kStart = 64 * 65;  // of a bucket of level 1
  std::vector<std::unique_ptr<Item>> items;
  for (std::size_t id = 0; id < 40; ++id) {
    items.push_back(make_item(id));
    items[id]->wanted = kStart + 20 + id;
    wheel.insert(*items[id], items[id]->wanted);
  }
  CHECK(wheel.next_tick() == kStart);
  CHECK(turn_all(wheel, kStart).empty());
  CHECK(wheel.next_tick() == kStart + 20);
}

TEST_CASE("a wheel that stood still for long takes short sleeps at the lowest levels") {
  Wheel wheel;
  const Tick now = 10'000'000;
  auto far = make_item(0);
  far->wanted = 2 * now;
  wheel.insert(*far, far->wanted);
  wheel.catch_up(now);
  std::vector<std::unique_ptr<Item>> items;
  for (std::size_t id = 1; id <= 40; ++id) {
    items.push_back(make_item(id));
    items.back()->wanted = now + 50;
    wheel.insert(*items.back(), items.back()->wanted);
  }
  CHECK(wheel.next_tick() == now + 50);  // in a higher bucket it would be too many to tell
  CHECK(turn_all(wheel, now + 50).size() == 40);
  CHECK(turn_all(wheel, 2 * now) == std::vector<std::size_t>{0});
}

// A burst is what moves before anything of a bucket can fire. Boundaries of the clock must not
// bring one about.
TEST_CASE("sleeps of up to two seconds move in small parts, wherever the clock stands") {
  const Tick begin = GENERATE(Tick{0}, Tick{65'000}, (Tick{1} << 22) - 3000, (Tick{1} << 28) - 1);
  constexpr std::size_t kItems = 30'000;
  constexpr Tick kLast = 60'000;  // just under two seconds
  Wheel wheel;
  std::vector<std::unique_ptr<Item>> items;
  turn_all(wheel, begin);
  for (std::size_t id = 0; id < kItems; ++id) {
    items.push_back(make_item(id));
    items[id]->wanted = begin + 1 + id * kLast / kItems;
    wheel.insert(*items[id], items[id]->wanted);
  }
  std::vector<Wheel::Entry*> due(64);
  std::size_t fired = 0, steps_without = 0;
  for (Tick now = begin; now <= begin + kLast; ++now) {
    for (bool finished = false; !finished;) {
      const Wheel::Turned turned = wheel.turn(now, due);
      fired += turned.due;
      steps_without = turned.due == 0 && !turned.finished ? steps_without + 1 : 0;
      REQUIRE(steps_without <= 2);
      finished = turned.finished;
    }
  }
  CHECK(fired == kItems);
}
