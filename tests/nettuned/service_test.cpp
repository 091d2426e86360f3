// SPDX-License-Identifier: MIT
// The service's states, the contest and the trial, with the time as an argument, over a FakeTree.
#include "nettuned/service.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <random>
#include <sstream>

#include "nettuned/journal.hpp"
#include "support/fake_tree.hpp"
#include "support/temp_tree.hpp"

using namespace nettune;
using namespace nettune::daemon;

namespace {

constexpr std::int64_t second = 1'000'000'000;
constexpr std::int64_t minute = 60 * second;
const change::Place here{"boot-1", {.device = 4, .inode = 4026531840, .cookie = 1}};

sysctl::Key key(std::string_view name) { return *sysctl::Key::parse(name); }

constexpr std::string_view rmem = "net.core.rmem_max";
constexpr std::string_view wmem = "net.core.wmem_max";

template <class Change>
Settings with(Change change) {
  Settings settings;
  change(settings);
  return settings;
}

// Another process that holds the lock: one of fcntl(2) is the process's.
class OtherWriter {
 public:
  explicit OtherWriter(const std::string& folder) {
    const std::string command =
        "exec 3<>" + folder +
        "/state/lock; /usr/bin/python3 -c 'import fcntl,sys; fcntl.lockf(3, 2); print(1, "
        "flush=True); sys.stdin.read()' 3<&3";
    writer_ = ::popen(("bash -c \"" + command + "\" 2>&1 >" + folder + "/held").c_str(), "w");
    REQUIRE(writer_ != nullptr);
    bool is_held = false;
    for (int i = 0; i < 6000 && !is_held; ++i) {
      const struct timespec pause{0, 10'000'000};
      ::nanosleep(&pause, nullptr);
      is_held = std::ifstream(folder + "/held").peek() == '1';
    }
    REQUIRE(is_held);
  }
  ~OtherWriter() { release(); }
  OtherWriter(const OtherWriter&) = delete;
  OtherWriter& operator=(const OtherWriter&) = delete;

  void release() {
    if (writer_ != nullptr) ::pclose(std::exchange(writer_, nullptr));
  }

 private:
  FILE* writer_ = nullptr;
};

// A host with two keys, a folder for profiles and the state, and a clock that a test sets.
struct Host {
  explicit Host(FakeTree& keys, Settings settings = {})
      : tree(keys),
        store({folder.path() + "/profiles"}),
        service({tree, store, facts(), here, folder.path() + "/state", folder.path() + "/active"},
                std::move(settings)) {
    add("big", "  net.core.rmem_max: 16777216\n  net.core.wmem_max: 16777216\n");
  }

  static profile::Host facts() {
    profile::Host host;
    host.memory_bytes = std::uint64_t{8} << 30;
    return host;
  }

  void add(const std::string& name, std::string_view rules, std::string_view head = "") const {
    folder.add("profiles/" + name + ".yaml",
               "nettune: 1\n" + std::string(head) + "sysctl:\n" + std::string(rules));
  }

  Moment now() const { return {time, static_cast<std::uint64_t>(time / 1000)}; }
  void wait(std::int64_t nanoseconds) { time += nanoseconds; }

  // Another program writes, and the watch tells of it.
  void foreign(std::string_view name, const std::string& text) {
    tree.set(name, text);
    service.look_at({key(name)}, now());
  }

  std::string choice() const {
    std::ifstream file(folder.path() + "/active");
    std::string line;
    std::getline(file, line);
    return line;
  }

  // "drift-detected net.core.rmem_max" …, since the last call.
  std::vector<std::string> events() {
    static constexpr auto names = std::to_array<const char*>(
        {"profile", "applied", "drift", "restored", "ended", "contested", "refused", "recovered",
         "taken", "failed", "trial-from", "trial-to", "written"});
    static_assert(names.size() == static_cast<std::size_t>(Event::Kind::written) + 1);
    std::vector<std::string> texts;
    sentences.clear();
    for (const Event& event : service.take_events()) {
      sentences.push_back(describe(event));
      if (event.kind == Event::Kind::written) {
        written = event.changes;
        continue;
      }
      if (event.kind == Event::Kind::taken_over) others = event.changes;
      std::string text = names[static_cast<std::size_t>(event.kind)];
      const std::string& about = event.key.empty() ? event.profile : event.key;
      if (!about.empty()) text += " " + about;
      texts.push_back(text);
    }
    return texts;
  }

  // What nettunectl does.
  void apply_locally(const std::string& name) {
    auto session = change::begin(folder.path() + "/state", here, 0, tree);
    REQUIRE(session.has_value());
    const auto resolved = service.load(name);
    REQUIRE(resolved.has_value());
    const change::Plan plan =
        change::make_plan(*resolved, audit::compare(*resolved, tree), session->state, tree, name);
    REQUIRE(change::carry_out(plan, tree, session->folder, session->state, {}).has_value());
  }
  void revert_locally() {
    auto session = change::begin(folder.path() + "/state", here, 0, tree);
    REQUIRE(session.has_value());
    const change::Plan plan = change::make_revert_plan(session->state, tree, false);
    REQUIRE(change::carry_out(plan, tree, session->folder, session->state, {}).has_value());
  }

  test::TempTree folder;
  FakeTree& tree;
  profile::Store store;
  Service service;
  std::int64_t time = 1000 * second;
  std::vector<Event::Change> written;  // with the events that were asked for last
  std::vector<Event::Change> others;   // what another writer has changed
  std::vector<std::string> sentences;  // the same events, in words
};

FakeTree two_keys() {
  return FakeTree{{"net.core.rmem_max", "212992"}, {"net.core.wmem_max", "212992"}};
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("without a choice the service is inactive and touches nothing") {
  FakeTree tree = two_keys();
  Host host(tree);
  host.service.start(host.now());
  CHECK(host.service.status() == Status::inactive);
  CHECK(host.service.sentence() == "no profile is active");
  CHECK(tree.writes().empty());
  CHECK(host.events() == Texts{});
  CHECK_FALSE(host.service.deadline().has_value());
}

TEST_CASE("a choice that can't be saved is said for what it is") {
  FakeTree tree = two_keys();
  Host host(tree);
  host.service.start(host.now());
  REQUIRE(host.service.activate("big", 0, host.now()).has_value());
  host.folder.add("active.new/in-the-way", "");
  const auto done = host.service.deactivate(false, host.now());
  REQUIRE_FALSE(done.has_value());
  CHECK(done.error().message.starts_with(
      "big is no longer in force, but will be again after the next boot: write "));
  CHECK(tree.live(rmem) == "212992");
  const auto again = host.service.activate("big", 0, host.now());
  REQUIRE_FALSE(again.has_value());
  CHECK(again.error().message.starts_with(
      "the profile was applied, but could not be saved for the next boot: write "));
  CHECK(tree.live(rmem) == "16777216");
}

TEST_CASE("a key that can't be read is reverted by the next revert, and known until then") {
  FakeTree tree = two_keys();
  Host host(tree);
  host.service.start(host.now());
  REQUIRE(host.service.activate("big", 0, host.now()).has_value());
  tree.hide(rmem, EMFILE);
  const auto done = host.service.deactivate(false, host.now());
  REQUIRE_FALSE(done.has_value());
  CHECK(done.error().message ==
        "read net.core.rmem_max: Too many open files, so that its baseline is kept");
  CHECK(tree.live(wmem) == "212992");
  tree.show(rmem);
  REQUIRE(host.service.deactivate(false, host.now()).has_value());
  CHECK(tree.live(rmem) == "212992");
  CHECK(host.choice() == "");
}

TEST_CASE("what the service has set is no key's own value once another has reverted it") {
  FakeTree tree = two_keys();
  Host host(tree);
  host.service.start(host.now());
  REQUIRE(host.service.activate("big", 0, host.now()).has_value());
  host.revert_locally();
  tree.hide(rmem, EIO);
  host.apply_locally("big");
  tree.show(rmem);
  host.service.look_at_state(host.now());
  host.service.pass_time(host.now());
  CHECK(tree.live(rmem) == "16777216");
  REQUIRE(host.service.revert(false, host.now()).has_value());
  CHECK(tree.live(rmem) == "212992");
  CHECK(tree.live(wmem) == "212992");
}

TEST_CASE("a switch names the key that it can't read, and whose baseline it keeps") {
  FakeTree tree = two_keys();
  Host host(tree);
  host.add("other", "  net.core.wmem_max: 8388608\n");
  host.service.start(host.now());
  REQUIRE(host.service.activate("big", 0, host.now()).has_value());
  host.events();
  tree.hide(rmem, EIO);
  REQUIRE(host.service.activate("other", 0, host.now()).has_value());
  const Texts events = host.events();
  CHECK(std::ranges::find(events, "refused net.core.rmem_max") != events.end());
  tree.show(rmem);
  REQUIRE(host.service.revert(false, host.now()).has_value());
  CHECK(tree.live(rmem) == "212992");
  CHECK(tree.live(wmem) == "212992");
}

TEST_CASE("an activated profile is in force, is the choice, and comes back after a restart") {
  FakeTree tree = two_keys();
  Host host(tree);
  host.service.start(host.now());
  REQUIRE(host.service.activate("big", 0, host.now()).has_value());
  CHECK(host.service.status() == Status::in_sync);
  CHECK(host.service.sentence() == "2 keys: 2 as declared");
  CHECK(tree.live(rmem) == "16777216");
  CHECK(host.choice() == "big");
  CHECK(host.events() == Texts{"profile big"});
  REQUIRE(host.service.find(key(rmem)) != nullptr);
  CHECK(host.service.find(key(rmem))->view.baseline == "212992");

  // The same state folder, another process; nothing is written again.
  const std::size_t writes = tree.writes().size();
  Service next({tree, host.store, Host::facts(), here, host.folder.path() + "/state",
                host.folder.path() + "/active"},
               {});
  next.start(host.now());
  CHECK(next.status() == Status::in_sync);
  CHECK(next.profile() == "big");
  CHECK(tree.writes().size() == writes);
}

TEST_CASE("the settings' profile is active until activate or deactivate says otherwise") {
  FakeTree tree = two_keys();
  Host host(tree, with([](Settings& settings) { settings.profile = "big"; }));
  host.service.start(host.now());
  CHECK(host.service.profile() == "big");
  REQUIRE(host.service.deactivate(false, host.now()).has_value());
  CHECK(tree.live(rmem) == "212992");
  CHECK(host.service.status() == Status::inactive);
  Service next({tree, host.store, Host::facts(), here, host.folder.path() + "/state",
                host.folder.path() + "/active"},
               with([](Settings& settings) { settings.profile = "big"; }));
  next.start(host.now());
  CHECK(next.status() == Status::inactive);
  CHECK(tree.live(rmem) == "212992");
}

TEST_CASE("a broken profile at the start: failed, with the reason, and nothing changed") {
  FakeTree tree = two_keys();
  Host host(tree);
  host.add("broken", "  net.core.rmem_max: sixteen\n");
  host.folder.add("active", "broken\n");
  host.service.start(host.now());
  CHECK(host.service.status() == Status::failed);
  CHECK(host.service.sentence().find("broken.yaml:3:") != std::string::npos);
  CHECK(tree.writes().empty());
  CHECK(host.events() == Texts{"failed"});
  // And a good one puts an end to that.
  REQUIRE(host.service.activate("big", 0, host.now()).has_value());
  CHECK(host.service.status() == Status::in_sync);
}

TEST_CASE("what is refused leaves everything as it was") {
  FakeTree tree = two_keys();
  Host host(tree);
  host.service.start(host.now());
  REQUIRE(host.service.activate("big", 0, host.now()).has_value());
  host.add("faulty", "  net.core.rmem_max: 1 apple\n");
  host.add("elsewhere", "  net.core.rmem_max: 1 MiB\n", "requires:\n  memory: \">= 1024 GiB\"\n");
  host.add("refused", "  net.core.rmem_max: 1048576\n  net.core.wmem_max: 1048576\n");
  tree.refuse(wmem, EINVAL);
  using Kind = Refusal::Kind;
  const auto kind_of = [&](const char* name) {
    const auto done = host.service.activate(name, 0, host.now());
    REQUIRE_FALSE(done.has_value());
    return done.error().kind;
  };
  CHECK(kind_of("nosuch") == Kind::no_such_profile);
  CHECK(kind_of("faulty") == Kind::invalid_profile);
  CHECK(kind_of("elsewhere") == Kind::not_applicable);
  CHECK(kind_of("refused") == Kind::kernel_refused);
  CHECK(host.service.profile() == "big");
  CHECK(host.choice() == "big");
  CHECK(tree.live(rmem) == "16777216");
  CHECK(host.service.status() == Status::in_sync);
}

TEST_CASE("drift is put back at once, and said") {
  FakeTree tree = two_keys();
  Host host(tree);
  host.service.start(host.now());
  REQUIRE(host.service.activate("big", 0, host.now()).has_value());
  host.events();
  host.foreign(rmem, "4096");
  CHECK(tree.live(rmem) == "16777216");
  CHECK(host.events() == Texts{"drift net.core.rmem_max", "restored net.core.rmem_max"});
  CHECK(host.service.status() == Status::in_sync);
  const ManagedKey* managed = host.service.find(key(rmem));
  CHECK(managed->view.changes == 1);
  CHECK(managed->view.last_changed == host.now().wall);
  CHECK(managed->view.baseline == "212992");
}

TEST_CASE("what a view was when it was told stays until the next one is") {
  FakeTree tree = two_keys();
  Host host(tree);
  host.add("small", "  net.core.rmem_max: 1 MiB\n");
  host.service.start(host.now());
  REQUIRE(host.service.activate("big", 0, host.now()).has_value());
  CHECK_FALSE(host.service.find(key(rmem))->is_told);
  host.service.views_are_told();
  const ManagedKey* managed = host.service.find(key(rmem));
  CHECK(managed->is_told);
  CHECK(managed->told == nullptr);
  host.service.sweep(host.now());
  CHECK(host.service.find(key(rmem))->told == nullptr);  // nothing has changed
  host.foreign(rmem, "4096");
  host.foreign(rmem, "8192");
  managed = host.service.find(key(rmem));
  REQUIRE(managed->told != nullptr);
  CHECK(managed->told->changes == 0);
  CHECK(managed->view.changes == 2);
  CHECK(managed->told->live == managed->view.live);
  CHECK(host.service.find(key(wmem))->told == nullptr);
  // Another profile brings its own keys, and what is known of the same ones stays.
  REQUIRE(host.service.activate("small", 0, host.now()).has_value());
  managed = host.service.find(key(rmem));
  CHECK(managed->is_told);
  REQUIRE(managed->told != nullptr);
  CHECK(managed->told->live == "16777216");
  CHECK(managed->view.live == "1048576");
  host.service.views_are_told();
  CHECK(host.service.find(key(rmem))->told == nullptr);
}

TEST_CASE("a key that was right by itself goes back to that, not to what another made of it") {
  FakeTree tree{{"net.core.rmem_max", "16777216"}, {"net.core.wmem_max", "33554432"}};
  Host host(tree);
  host.add("least", "  net.core.rmem_max: 16777216\n  net.core.wmem_max: at least 16 MiB\n");
  host.service.start(host.now());
  REQUIRE(host.service.activate("least", 0, host.now()).has_value());
  host.foreign(rmem, "4096");
  host.foreign(wmem, "4096");
  CHECK(tree.live(rmem) == "16777216");
  CHECK(tree.live(wmem) == "16777216");
  CHECK(host.service.find(key(rmem))->view.baseline.empty());
  CHECK(host.service.find(key(wmem))->view.baseline == "33554432");
  REQUIRE(host.service.deactivate(false, host.now()).has_value());
  CHECK(tree.live(rmem) == "16777216");
  CHECK(tree.live(wmem) == "33554432");
}

TEST_CASE("a write that changes nothing, and a value that the rule allows, are no drift") {
  FakeTree tree = two_keys();
  Host host(tree);
  host.add("least", "  net.core.rmem_max: at least 1 MiB\n");
  host.service.start(host.now());
  REQUIRE(host.service.activate("least", 0, host.now()).has_value());
  host.events();
  host.foreign(rmem, "1048576");
  host.foreign(rmem, "33554432");
  host.foreign(wmem, "1");  // not in the profile
  CHECK(host.events() == Texts{});
  CHECK(host.service.find(key(rmem))->view.changes == 0);
  CHECK(host.service.find(key(rmem))->view.live == "33554432");
}

TEST_CASE("a policy of report says it once and leaves it") {
  FakeTree tree = two_keys();
  Host host(tree);
  host.add("watch", "  net.core.rmem_max: 1048576\n", "on-drift: report\n");
  host.service.start(host.now());
  REQUIRE(host.service.activate("watch", 0, host.now()).has_value());
  host.events();
  host.foreign(rmem, "4096");
  host.service.sweep(host.now());
  CHECK(host.events() == Texts{"drift net.core.rmem_max"});
  CHECK(host.service.status() == Status::drifted);
  CHECK(host.service.drift_count() == 1);
  CHECK(tree.live(rmem) == "4096");
  host.foreign(rmem, "8192");
  CHECK(host.events() == Texts{"drift net.core.rmem_max"});
  host.foreign(rmem, "1048576");
  CHECK(host.events() == Texts{"ended net.core.rmem_max"});
  CHECK(host.service.status() == Status::in_sync);

  SUBCASE("and the settings have the last word") {
    REQUIRE(
        host.service
            .reload(with([](Settings& settings) { settings.on_drift = profile::OnDrift::restore; }),
                    host.now())
            .has_value());
    host.events();
    host.foreign(rmem, "4096");
    CHECK(tree.live(rmem) == "1048576");
  }
}

TEST_CASE("a key's own policy wins over the profile's") {
  FakeTree tree = two_keys();
  Host host(tree);
  host.add("mixed",
           "  net.core.rmem_max:\n    value: 1048576\n    on-drift: report\n"
           "  net.core.wmem_max: 1048576\n");
  host.service.start(host.now());
  REQUIRE(host.service.activate("mixed", 0, host.now()).has_value());
  host.foreign(rmem, "4096");
  host.foreign(wmem, "4096");
  CHECK(tree.live(rmem) == "4096");
  CHECK(tree.live(wmem) == "1048576");
}

TEST_CASE("after five restores in a minute a key is contested, for longer each time") {
  FakeTree tree = two_keys();
  Host host(tree);
  host.service.start(host.now());
  REQUIRE(host.service.activate("big", 0, host.now()).has_value());
  host.events();
  for (int i = 0; i < 5; ++i) {
    host.wait(second);
    host.foreign(rmem, std::to_string(4096 + i));
    CHECK(tree.live(rmem) == "16777216");
  }
  host.events();
  host.wait(second);
  host.foreign(rmem, "4096");
  CHECK(host.events() == Texts{"drift net.core.rmem_max", "contested net.core.rmem_max"});
  CHECK(tree.live(rmem) == "4096");
  CHECK(host.service.status() == Status::contested);
  CHECK(host.service.contested_count() == 1);

  // 1, 2, 4, … 60 minutes: each time it tries once, and the first change back ends that.
  for (const int minutes : {1, 2, 4, 8, 16, 32, 60, 60}) {
    CAPTURE(minutes);
    REQUIRE(host.service.deadline().has_value());
    CHECK(*host.service.deadline() == host.time + minutes * minute);
    host.wait(minutes * minute - 1);
    host.service.pass_time(host.now());
    CHECK(tree.live(rmem) == "4096");
    host.wait(1);
    host.service.pass_time(host.now());
    CHECK(tree.live(rmem) == "16777216");
    CHECK(host.service.status() == Status::in_sync);
    host.wait(second);
    host.foreign(rmem, "4096");
    CHECK(tree.live(rmem) == "4096");
    CHECK(host.service.status() == Status::contested);
  }

  SUBCASE("a quiet minute after a try is peace") {
    host.wait(60 * minute);
    host.service.pass_time(host.now());
    host.wait(minute + 1);
    host.events();
    host.foreign(rmem, "4096");
    CHECK(host.events() == Texts{"drift net.core.rmem_max", "restored net.core.rmem_max"});
  }
  SUBCASE("the right value by somebody else ends it") {
    host.wait(second);
    host.foreign(rmem, "16777216");
    CHECK(host.service.status() == Status::in_sync);
    CHECK_FALSE(host.service.deadline().has_value());
  }
  SUBCASE(
      "however often it is written, it is looked at once a second, and the last is not missed") {
    host.wait(second);
    host.events();
    for (int i = 0; i < 1000; ++i) {
      host.wait(second / 500);
      host.foreign(rmem, std::to_string(4097 + i));
      host.service.pass_time(host.now());
    }
    CHECK(host.events() == Texts{"drift net.core.rmem_max", "drift net.core.rmem_max"});
    REQUIRE(host.service.deadline().has_value());
    CHECK(*host.service.deadline() <= host.time + second);
    host.foreign(rmem, "16777216");
    CHECK(host.service.status() == Status::contested);
    host.wait(second);
    host.service.pass_time(host.now());
    CHECK(host.service.status() == Status::in_sync);
    CHECK_FALSE(host.service.deadline().has_value());
  }
  SUBCASE("reload begins anew") {
    REQUIRE(host.service.reload({}, host.now()).has_value());
    CHECK(tree.live(rmem) == "16777216");
    CHECK(host.service.status() == Status::in_sync);
    host.foreign(rmem, "4096");
    CHECK(tree.live(rmem) == "16777216");
  }
  SUBCASE("activate begins anew") {
    REQUIRE(host.service.activate("big", 0, host.now()).has_value());
    CHECK(tree.live(rmem) == "16777216");
    host.foreign(rmem, "4096");
    CHECK(tree.live(rmem) == "16777216");
  }
}

TEST_CASE("restores that are far apart are no contest, and the numbers are the settings'") {
  FakeTree tree = two_keys();
  Host host(tree, with([](Settings& settings) {
              settings.contest_restores = 2;
              settings.contest_within = std::chrono::seconds(10);
            }));
  host.service.start(host.now());
  REQUIRE(host.service.activate("big", 0, host.now()).has_value());
  for (int i = 0; i < 20; ++i) {
    host.foreign(rmem, "4096");
    CHECK(tree.live(rmem) == "16777216");
    host.wait(6 * second);
  }
  host.foreign(rmem, "4096");
  host.foreign(rmem, "4096");
  host.foreign(rmem, "4096");
  CHECK(host.service.status() == Status::contested);
}

TEST_CASE("a local apply or revert is no drift: the service goes on from there") {
  FakeTree tree = two_keys();
  Host host(tree);
  host.add("small", "  net.core.rmem_max: 65536\n");
  host.service.start(host.now());
  REQUIRE(host.service.activate("big", 0, host.now()).has_value());
  host.events();

  host.apply_locally("small");
  // The watch may tell of the key before it tells of the state.
  host.service.look_at({key(rmem)}, host.now());
  CHECK(host.service.profile() == "small");
  CHECK(host.service.choice() == "big");
  CHECK(tree.live(rmem) == "65536");
  CHECK(tree.live(wmem) == "212992");
  CHECK(host.events() == Texts{"profile small", "taken small"});
  CHECK(host.service.keys().size() == 1);

  host.revert_locally();
  host.service.look_at_state(host.now());
  CHECK(host.service.status() == Status::inactive);
  CHECK(host.service.profile().empty());
  CHECK(tree.live(rmem) == "212992");
  REQUIRE(host.events() == Texts{"profile", "taken"});
}

TEST_CASE("what nettunectl changes is told key by key, from what to what") {
  FakeTree tree = two_keys();
  Host host(tree);
  host.add("small", "  net.core.rmem_max: 65536\n");
  host.service.start(host.now());
  REQUIRE(host.service.activate("big", 0, host.now()).has_value());
  host.events();
  host.apply_locally("small");
  host.service.look_at_state(host.now());
  CHECK(host.events() == Texts{"profile small", "taken small"});
  CHECK(host.sentences ==
        Texts{"profile small is active: nettunectl applied it",
              "nettunectl: small set 1 key: net.core.rmem_max; put back 1 key: net.core.wmem_max"});
  REQUIRE(host.others.size() == 2);
  CHECK(host.others[0].before == "16777216");
  CHECK(host.others[0].after == "65536");
  CHECK(host.others[1].after == "212992");
  CHECK(host.others[1].is_restored);

  // What something else has changed is not put back, and not among what was.
  tree.set(rmem, "4096");
  host.revert_locally();
  host.service.look_at_state(host.now());
  host.events();
  CHECK(host.sentences == Texts{"no profile is active any more: nettunectl took it back"});

  // A service that starts knows nothing of what was before.
  host.apply_locally("big");
  Service next({tree, host.store, Host::facts(), here, host.folder.path() + "/state",
                host.folder.path() + "/none"},
               {});
  next.start(host.now());
  for (const Event& event : next.take_events()) {
    CHECK(describe(event) == "profile big is active: nettunectl applied it");
  }
}

TEST_CASE("a reload puts the choice in force, whatever nettunectl has applied meanwhile") {
  FakeTree tree = two_keys();
  Host host(tree);
  host.add("small", "  net.core.rmem_max: 65536\n");
  host.service.start(host.now());
  REQUIRE(host.service.activate("big", 0, host.now()).has_value());
  host.apply_locally("small");
  host.service.look_at_state(host.now());
  CHECK(host.service.profile() == "small");
  REQUIRE(host.service.reload({}, host.now()).has_value());
  CHECK(host.service.profile() == "big");
  CHECK(tree.live(rmem) == "16777216");

  // Without a choice it reads again what was applied.
  REQUIRE(host.service.deactivate(false, host.now()).has_value());
  host.apply_locally("small");
  host.service.look_at_state(host.now());
  host.add("small", "  net.core.rmem_max: 131072\n");
  REQUIRE(host.service.reload({}, host.now()).has_value());
  CHECK(host.service.profile() == "small");
  CHECK(tree.live(rmem) == "131072");
}

TEST_CASE("a deactivation says what was put back, what is kept, and what was only chosen") {
  FakeTree tree = two_keys();
  Host host(tree);
  host.service.start(host.now());
  const auto deactivate = [&](bool keep) {
    host.events();
    CHECK(host.service.deactivate(keep, host.now()).has_value());
    host.events();
    return host.sentences.empty() ? std::string() : host.sentences.back();
  };
  CHECK(deactivate(false).empty());
  REQUIRE(host.service.activate("big", 0, host.now()).has_value());
  CHECK(deactivate(false) == "no profile is active any more: 2 keys put back");
  REQUIRE(host.service.activate("big", 0, host.now()).has_value());
  CHECK(deactivate(true) == "no profile is active any more: the values are kept");
  REQUIRE(host.service.activate("big", 0, host.now()).has_value());
  REQUIRE(host.service.revert(false, host.now()).has_value());
  CHECK(deactivate(false) == "no profile is active any more: big is no longer chosen");
}

TEST_CASE("a key that was put back is told with the value that it holds, and with the one it had") {
  FakeTree tree = two_keys();
  Host host(tree);
  host.add("either", "  net.core.rmem_max: one of [65536, 131072]\n");
  host.service.start(host.now());
  REQUIRE(host.service.activate("either", 0, host.now()).has_value());
  host.events();
  host.foreign(rmem, "4096");
  host.events();
  REQUIRE(host.sentences.size() == 2);
  CHECK(host.sentences[1] == "net.core.rmem_max is 65536 again; it was 4096");
}

TEST_CASE("a start that another writer is in the way of is tried again, and said once") {
  FakeTree tree = two_keys();
  Host host(tree);
  host.folder.add("active", "big\n");
  host.folder.add("state/.keep", "");
  {
    OtherWriter writer(host.folder.path());
    host.service.start(host.now());
    CHECK(host.service.status() == Status::failed);
    CHECK(host.events() == Texts{"failed"});
    for (int i = 0; i < 5; ++i) {
      REQUIRE(host.service.deadline().has_value());
      host.wait(*host.service.deadline() - host.time);
      host.service.pass_time(host.now());
      CHECK(host.events() == Texts{});
    }
  }
  host.wait(*host.service.deadline() - host.time);
  host.service.pass_time(host.now());
  CHECK(host.service.status() == Status::in_sync);
  CHECK(tree.live(rmem) == "16777216");
  CHECK(host.events() == Texts{"profile big"});
}

TEST_CASE("a trial whose time is over while its change can't be taken back yet is waited for") {
  FakeTree tree = two_keys();
  Host host(tree);
  host.time = change::boot_time();  // the state goes by the real clock: at any uptime
  host.service.start(host.now());
  REQUIRE(host.service.activate("big", 60 * second, host.now()).has_value());
  host.events();
  REQUIRE(host.service.deadline().has_value());
  // By this clock it is over; by that of the state, which has the last word, not yet.
  host.time = *host.service.deadline() + 1;
  for (int i = 0; i < 5; ++i) {
    host.service.pass_time(host.now());
    CHECK(host.events() == Texts{});
    REQUIRE(host.service.deadline().has_value());
    CHECK(*host.service.deadline() > host.time);
    host.time = *host.service.deadline();
  }
}

TEST_CASE("while another writer has the lock nothing is judged; then all of it is") {
  FakeTree tree = two_keys();
  Host host(tree);
  host.service.start(host.now());
  REQUIRE(host.service.activate("big", 0, host.now()).has_value());
  host.events();
  OtherWriter writer(host.folder.path());
  host.foreign(rmem, "4096");
  CHECK(host.events() == Texts{});
  CHECK(tree.live(rmem) == "4096");
  REQUIRE(host.service.deadline().has_value());
  const auto refused = host.service.activate("big", 0, host.now());
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().kind == Refusal::Kind::busy);
  // It tries again at once, and then ever more seldom.
  std::vector<std::int64_t> pauses;
  for (int i = 0; i < 8; ++i) {
    pauses.push_back(*host.service.deadline() - host.time);
    host.wait(pauses.back());
    host.service.pass_time(host.now());
    REQUIRE(host.service.deadline().has_value());
  }
  CHECK(pauses.front() <= 8'000'000);
  CHECK(std::ranges::is_sorted(pauses));
  CHECK(pauses.back() == 50'000'000);
  writer.release();
  host.wait(*host.service.deadline() - host.time);
  host.service.pass_time(host.now());
  CHECK(host.events() == Texts{"drift net.core.rmem_max", "restored net.core.rmem_max"});
  CHECK(tree.live(rmem) == "16777216");
}

TEST_CASE("a trial is taken back in time, kept by confirm, and not the choice before") {
  FakeTree tree = two_keys();
  Host host(tree);
  host.add("small", "  net.core.rmem_max: 65536\n");
  host.time = change::boot_time();  // the state compares with the real clock
  host.service.start(host.now());
  REQUIRE(host.service.activate("big", 0, host.now()).has_value());
  host.events();

  SUBCASE("not confirmed") {
    REQUIRE(host.service.activate("small", second / 5, host.now()).has_value());
    CHECK(host.service.waits_for_confirmation());
    CHECK(tree.live(rmem) == "65536");
    CHECK(host.choice() == "big");
    REQUIRE(host.service.deadline().has_value());
    const std::int64_t until = *host.service.deadline();
    while (change::boot_time() <= until) {
      const struct timespec pause{0, 10'000'000};
      ::nanosleep(&pause, nullptr);
    }
    host.events();
    host.time = change::boot_time();
    host.service.pass_time(host.now());
    CHECK(host.events() == Texts{"trial-to", "profile big"});
    CHECK(host.sentences == Texts{"small was not confirmed in time: 2 keys put back",
                                  "profile big is active: the trial is over"});
    CHECK_FALSE(host.service.waits_for_confirmation());
    CHECK(host.service.profile() == "big");
    CHECK(tree.live(rmem) == "16777216");
    CHECK(host.choice() == "big");
    CHECK(host.service.status() == Status::in_sync);
  }
  SUBCASE("confirmed") {
    REQUIRE(host.service.activate("small", 60 * second, host.now()).has_value());
    CHECK(host.events() == Texts{"trial-from", "profile small"});
    CHECK(host.sentences.front().starts_with("small is on trial: "));
    REQUIRE(host.service.confirm(host.now()).has_value());
    CHECK(host.events() == Texts{"trial-to"});
    CHECK(host.sentences == Texts{"confirmed: small is kept"});
    CHECK(host.choice() == "small");
    CHECK(host.service.profile() == "small");
    CHECK_FALSE(host.service.waits_for_confirmation());
    CHECK(tree.live(rmem) == "65536");
  }
  SUBCASE("confirmed, and changed again before the service looks") {
    REQUIRE(host.service.activate("small", 60 * second, host.now()).has_value());
    host.events();
    {
      const auto folder = change::StateFolder::lock(host.folder.path() + "/state", here, 0);
      REQUIRE(folder.has_value());
      REQUIRE(change::confirm(*folder).has_value());
    }
    host.revert_locally();
    host.service.look_at_state(host.now());
    host.events();
    CHECK(host.sentences.front() == "confirmed: small is kept");
    CHECK(host.service.profile().empty());
  }
  SUBCASE("there is nothing to confirm") {
    const auto confirmed = host.service.confirm(host.now());
    REQUIRE_FALSE(confirmed.has_value());
    CHECK(confirmed.error().kind == Refusal::Kind::stale);
  }
}

TEST_CASE("a profile that no longer parses keeps the last good one in force, and says so") {
  FakeTree tree = two_keys();
  Host host(tree);
  host.service.start(host.now());
  REQUIRE(host.service.activate("big", 0, host.now()).has_value());
  host.events();
  host.add("big", "  net.core.rmem_max: [\n");
  const auto done = host.service.reload({}, host.now());
  REQUIRE_FALSE(done.has_value());
  CHECK(done.error().kind == Refusal::Kind::invalid_profile);
  CHECK(host.events() == Texts{"failed"});
  CHECK(host.service.status() == Status::in_sync);
  host.foreign(rmem, "4096");
  CHECK(tree.live(rmem) == "16777216");
  host.add("big", "  net.core.rmem_max: 8388608\n");
  REQUIRE(host.service.reload({}, host.now()).has_value());
  CHECK(tree.live(rmem) == "8388608");
  CHECK(tree.live(wmem) == "212992");
}

TEST_CASE("links that come get their values, and those that go leave the report") {
  FakeTree tree{{"net.ipv4.conf.all.rp_filter", "0"}, {"net.ipv4.conf.lo.rp_filter", "0"}};
  Host host(tree);
  host.add("strict", "  net.ipv4.conf.*.rp_filter: 2\n  net.ipv4.conf.eth9.rp_filter: 1\n");
  host.service.start(host.now());
  REQUIRE(host.service.activate("strict", 0, host.now()).has_value());
  CHECK(host.service.find(key("net.ipv4.conf.eth9.rp_filter"))->view.verdict ==
        audit::Verdict::pending);
  CHECK(host.service.status() == Status::in_sync);
  host.events();

  tree.set("net.ipv4.conf.eth9.rp_filter", "0");
  tree.set("net.ipv4.conf.eth1.rp_filter", "0");
  host.service.look_for_keys({"eth9", "eth1"}, host.now());
  CHECK(tree.live("net.ipv4.conf.eth9.rp_filter") == "1");
  CHECK(tree.live("net.ipv4.conf.eth1.rp_filter") == "2");
  CHECK(host.events() ==
        Texts{"applied net.ipv4.conf.eth1.rp_filter", "applied net.ipv4.conf.eth9.rp_filter"});

  // Gone, and there again under the same name before anybody looked: no drift.
  tree.set("net.ipv4.conf.eth1.rp_filter", "0");
  host.service.look_for_keys({"eth1"}, host.now());
  CHECK(host.events() == Texts{"applied net.ipv4.conf.eth1.rp_filter"});

  tree.remove("net.ipv4.conf.eth1.rp_filter");
  host.service.look_for_keys({}, host.now());
  CHECK(host.service.find(key("net.ipv4.conf.eth1.rp_filter")) == nullptr);
  CHECK(host.service.status() == Status::in_sync);
}

TEST_CASE("what the kernel changes with another key is looked at when that one is written") {
  FakeTree tree{{"net.ipv4.ip_forward", "0"},
                {"net.ipv4.conf.all.forwarding", "0"},
                {"net.ipv4.conf.eth0.forwarding", "0"}};
  tree.behave("net.ipv4.ip_forward", [](FakeTree& keys, std::string_view text) {
    for (const char* name :
         {"net.ipv4.ip_forward", "net.ipv4.conf.all.forwarding", "net.ipv4.conf.eth0.forwarding"}) {
      keys.set(name, std::string(text));
    }
    return 0;
  });
  Host host(tree);
  host.add("router", "  net.ipv4.conf.eth0.forwarding: 1\n");
  host.service.start(host.now());
  REQUIRE(host.service.activate("router", 0, host.now()).has_value());
  host.events();
  REQUIRE(tree.write(key("net.ipv4.ip_forward"), "0").has_value());
  tree.set("net.ipv4.conf.eth0.forwarding", "0");
  host.service.look_at({key("net.ipv4.ip_forward")}, host.now());
  CHECK(tree.live("net.ipv4.conf.eth0.forwarding") == "1");
}

TEST_CASE("a key that the kernel refuses to put back is said once, and stays drifted") {
  FakeTree tree = two_keys();
  Host host(tree);
  host.service.start(host.now());
  REQUIRE(host.service.activate("big", 0, host.now()).has_value());
  host.events();
  tree.refuse(rmem, EPERM);
  host.foreign(rmem, "4096");
  CHECK(host.events() == Texts{"drift net.core.rmem_max", "refused net.core.rmem_max"});
  CHECK(host.service.status() == Status::drifted);
  for (int i = 0; i < 3; ++i) {
    host.wait(minute);
    host.service.sweep(host.now());
    CHECK(host.events() == Texts{});
  }
  // Once it has succeeded, the next refusal is news.
  tree.allow(rmem);
  host.wait(minute);
  host.service.sweep(host.now());
  CHECK(host.events() == Texts{"restored net.core.rmem_max"});
  tree.refuse(rmem, EPERM);
  host.foreign(rmem, "4096");
  CHECK(host.events() == Texts{"drift net.core.rmem_max", "refused net.core.rmem_max"});
}

TEST_CASE("a sweep costs an audit: it reads each key once, those of links as well") {
  const std::string of_link = "net.ipv4.conf.eth0.rp_filter";
  FakeTree tree{{wmem.data(), "212992"}, {of_link, "0"}};
  Host host(tree);
  host.add("links", "  net.core.wmem_max: 1 MiB\n  net.ipv4.conf.*.rp_filter: 1\n");
  host.service.start(host.now());
  REQUIRE(host.service.activate("links", 0, host.now()).has_value());
  const auto reads = [&] { return std::pair(tree.reads(wmem), tree.reads(of_link)); };
  const auto before = reads();
  host.service.sweep(host.now());
  CHECK(tree.reads(wmem) == before.first + 1);
  CHECK(tree.reads(of_link) == before.second + 1);

  // A link that came unseen is put right, and both kinds of drift are found.
  tree.set("net.ipv4.conf.eth1.rp_filter", "0");
  tree.set(wmem, "4096");
  tree.set(of_link, "0");
  host.events();
  host.service.sweep(host.now());
  CHECK(tree.live("net.ipv4.conf.eth1.rp_filter") == "1");
  CHECK(tree.live(wmem) == "1048576");
  CHECK(tree.live(of_link) == "1");
  CHECK(host.events() == Texts{"applied net.ipv4.conf.eth1.rp_filter", "drift net.core.wmem_max",
                               "drift net.ipv4.conf.eth0.rp_filter", "restored net.core.wmem_max",
                               "restored net.ipv4.conf.eth0.rp_filter"});
}

TEST_CASE("a key that is named goes with its link, and comes with it") {
  const std::string name = "net.ipv4.conf.eth0.rp_filter";
  FakeTree tree{{"net.ipv4.conf.lo.rp_filter", "0"}, {name, "0"}};
  Host host(tree);
  host.add("link", "  net.ipv4.conf.eth0.rp_filter: 2\n");
  host.service.start(host.now());
  REQUIRE(host.service.activate("link", 0, host.now()).has_value());
  CHECK(host.service.keys().front().view.verdict == audit::Verdict::match);
  tree.remove(name);
  host.service.look_for_keys({}, host.now());
  CHECK(host.service.keys().front().view.verdict == audit::Verdict::pending);
  CHECK(host.service.status() == Status::in_sync);
  host.events();
  tree.set(name, "0");
  host.service.look_for_keys({"eth0"}, host.now());
  CHECK(tree.live(name) == "2");
  CHECK(host.events() == Texts{"applied " + name});
}

TEST_CASE("what the kernel makes of a link's key when the link changes is drift") {
  const std::string name = "net.ipv6.conf.eth0.mtu";
  FakeTree tree{{name, "1500"}};
  Host host(tree);
  host.add("mtu", "  net.ipv6.conf.*.mtu: 1400\n");
  host.service.start(host.now());
  REQUIRE(host.service.activate("mtu", 0, host.now()).has_value());
  host.events();
  tree.set(name, "1500");  // ip link set eth0 mtu 1500
  host.service.look_for_keys({}, host.now());
  CHECK(host.events() == Texts{"drift " + name, "restored " + name});
  CHECK(tree.live(name) == "1400");
}

TEST_CASE("a day of random events leaves a state that tells the truth") {
  std::mt19937 random(1);
  const auto pick = [&](int most) {
    return static_cast<int>(random() % static_cast<unsigned>(most));
  };
  FakeTree tree = two_keys();
  Host host(tree);
  host.add("small", "  net.core.rmem_max: 65536\n");
  host.service.start(host.now());
  const std::int64_t end = host.time + minute * 60 * 24;
  std::size_t steps = 0;
  while (host.time < end) {
    ++steps;
    host.wait(second * pick(120));
    switch (pick(12)) {
      case 0:
        REQUIRE(host.service.activate(pick(2) == 0 ? "big" : "small", 0, host.now()).has_value());
        break;
      case 1:
        CHECK(host.service.deactivate(pick(2) == 0, host.now()).has_value());
        break;
      case 2:
        CHECK(host.service.reload({}, host.now()).has_value());
        break;
      case 3:
        host.service.sweep(host.now());
        break;
      case 4:
        host.apply_locally(pick(2) == 0 ? "big" : "small");
        host.service.look_at_state(host.now());
        break;
      case 5:
        host.revert_locally();
        host.service.look_at_state(host.now());
        break;
      default:
        host.foreign(pick(2) == 0 ? rmem : wmem, std::to_string(1000 + pick(3)));
        break;
    }
    for (int i = 0; i < 3; ++i) host.service.pass_time(host.now());
    // What is said is what is so.
    for (const ManagedKey& managed : host.service.keys()) {
      CHECK(managed.view.live == tree.live(managed.key().name()));
      const bool is_right = managed.view.live == managed.desired_text();
      CHECK(is_right == (managed.view.verdict == audit::Verdict::match));
      if (!is_right) CHECK(managed.view.is_contested);
    }
    CHECK((host.service.status() == Status::inactive) == host.service.profile().empty());
  }
  CHECK(steps > 1000);
  const auto state = change::look_at_state(host.folder.path() + "/state", here);
  REQUIRE(state.has_value());
  CHECK(state->profile == host.service.profile());
}

TEST_CASE("a choice that others may write is not obeyed") {
  FakeTree tree = two_keys();
  Host host(tree);
  host.store.trust_only_root();
  std::ofstream(host.folder.path() + "/active") << "big\n";
  REQUIRE(::chmod((host.folder.path() + "/active").c_str(), 0666) == 0);
  host.service.start(host.now());
  CHECK(host.service.status() == Status::failed);
  CHECK(host.service.sentence().find("/active is not trusted: others may write") !=
        std::string::npos);
  CHECK(host.service.sentence().find("(mode 0666)") != std::string::npos);
  CHECK(tree.live("net.core.rmem_max") == "212992");
}

TEST_CASE("a path that is not absolute names nothing: the caller's folder is another") {
  FakeTree tree = two_keys();
  Host host(tree);
  for (const char* name : {"big.yaml", "./big.yaml", "profiles/big.yaml", "99-net.conf"}) {
    CAPTURE(name);
    const auto loaded = host.service.load(name);
    REQUIRE_FALSE(loaded.has_value());
    CHECK(loaded.error().kind == Refusal::Kind::no_such_profile);
  }
  CHECK(host.service.load(host.folder.path() + "/profiles/big.yaml").has_value());
}

TEST_CASE("that writes are not seen is said as long as it is so") {
  FakeTree tree = two_keys();
  Host host(tree);
  host.service.start(host.now());
  CHECK(host.service.activate("big", 0, host.now()).has_value());
  const std::string before = host.service.sentence();
  std::uint64_t revision = host.service.revision();
  host.service.set_blind("no more watches");
  CHECK(host.service.revision() != revision);
  CHECK(host.service.sentence() ==
        before + "; polling every 2 s because writes cannot be monitored: no more watches");
  revision = host.service.revision();
  host.service.set_blind("no more watches");
  CHECK(host.service.revision() == revision);
  host.service.set_blind("");
  CHECK(host.service.sentence() == before);
}

TEST_CASE("what a profile writes, and what is put back, is said with what was there") {
  FakeTree tree = two_keys();
  Host host(tree);
  host.service.start(host.now());
  REQUIRE(host.service.activate("big", 0, host.now()).has_value());
  CHECK(host.events() == Texts{"profile big"});
  REQUIRE(host.written.size() == 2);
  CHECK(host.written[0].key == "net.core.rmem_max");
  CHECK(host.written[0].before == "212992");
  CHECK(host.written[0].after == "16777216");
  host.written.clear();
  REQUIRE(host.service.activate("big", 0, host.now()).has_value());  // all is so
  CHECK(host.events().size() == 1);
  CHECK(host.written.empty());
  REQUIRE(host.service.deactivate(false, host.now()).has_value());
  host.events();
  REQUIRE(host.written.size() == 2);
  CHECK(host.written[1].key == "net.core.wmem_max");
  CHECK(host.written[1].before == "16777216");
  CHECK(host.written[1].after == "212992");
}

TEST_CASE("a drift says what the value was until then") {
  FakeTree tree = two_keys();
  Host host(tree, with([](Settings& settings) { settings.on_drift = profile::OnDrift::report; }));
  host.service.start(host.now());
  REQUIRE(host.service.activate("big", 0, host.now()).has_value());
  host.service.take_events();
  host.foreign("net.core.rmem_max", "1");
  host.foreign("net.core.rmem_max", "2");
  const std::vector<Event> events = host.service.take_events();
  REQUIRE(events.size() == 2);
  CHECK(events[0].before == "16777216");
  CHECK(events[1].before == "1");
  CHECK(events[1].live == "2");
}
