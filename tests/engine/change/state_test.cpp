// SPDX-License-Identifier: MIT
#include "engine/change/state.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "support/temp_tree.hpp"

using namespace nettune;
using namespace nettune::change;

namespace {

using Purpose = JournalEntry::Purpose;
namespace fs = std::filesystem;

const Place here{"boot-1", {.device = 4, .inode = 4026531840, .cookie = 1}};

sysctl::Key key(std::string_view name) { return *sysctl::Key::parse(name); }

State example() {
  State state;
  state.profile = "latency";
  state.baselines = {{key("net.core.somaxconn"), "4096", "8192", false},
                     {key("net/ipv4/conf/eth0.100/forwarding"), "0", "1", true}};
  state.foreign = {{key("net.core.optmem_max"), "20480", "131072", false}};
  state.journal =
      Journal{{{key("net.ipv4.tcp_rmem"), "4096 131072 6291456", "1 2 3", Purpose::desired},
               {key("net.core.wmem_max"), "", "\x01\\\t", Purpose::restored}},
              "a file\nwith\todd\\signs.yaml",
              77,
              4711};
  return state;
}

bool same(const State& one, const State& other) {
  return to_text(one, here) == to_text(other, here);
}

std::string reason(const std::string& text) {
  const auto state = parse_state(text, here);
  return state ? "" : state.error();
}

void write(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }

std::string content(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

constexpr const char* file = "netns-4026531840.state";

Failure::Kind kind_of(const std::expected<State, Failure>& state) {
  REQUIRE_FALSE(state.has_value());
  return state.error().kind;
}

}  // namespace

TEST_CASE("nobody else can open the lock, also one that an earlier version made") {
  const test::TempTree tree;
  const std::string path = tree.add("state/lock", "");
  REQUIRE(::chmod(path.c_str(), 0644) == 0);
  REQUIRE(StateFolder::lock(tree.path() + "/state", here, 0).has_value());
  struct stat status{};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  REQUIRE(StateFolder::lock(tree.path() + "/new", here, 0).has_value());
  REQUIRE(::stat((tree.path() + "/new/lock").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
}

TEST_CASE("a state survives its text, whatever signs its values hold") {
  const auto read = parse_state(to_text(example(), here), here);
  REQUIRE(read.has_value());
  CHECK(same(*read, example()));
  CHECK(read->journal->profile == "a file\nwith\todd\\signs.yaml");
  CHECK(read->journal->entries[1].after == "\x01\\\t");
  CHECK(read->find(key("net.core.somaxconn"))->left == "8192");
  CHECK(read->find(key("net.core.rmem_max")) == nullptr);
}

TEST_CASE("a state of another boot or network namespace is an empty one") {
  const std::string text = to_text(example(), here);
  Place other = here;
  other.boot_id = "boot-2";
  CHECK(parse_state(text, other)->is_empty());
  other = here;
  other.netns.inode = 4026532000;
  CHECK(parse_state(text, other)->is_empty());
  other = here;
  other.netns.cookie = 2;  // the inode of a namespace that has gone is used again
  CHECK(parse_state(text, other)->is_empty());
  other.netns.cookie = 0;  // this kernel has none
  CHECK_FALSE(parse_state(text, other)->is_empty());
}

TEST_CASE("a text that is not understood is refused with its reason, cut at any byte") {
  const std::string text = to_text(example(), here);
  CHECK(reason("") == "it is empty or cut off");
  CHECK(reason("hello\n") == "it is not a state file of nettune");
  CHECK(reason("nettune-state\t3\n") == "its format is 3, and this nettune knows formats 1 and 2");
  CHECK(reason("nettune-state\t2\n") == "it is damaged: its checksum does not match");
  CHECK(reason("nettune-state\t1\nboot\tx\nnetns\t1\t2\n") == "line 3 is not valid");
  CHECK(reason(text + "more\n") == "it is damaged: its checksum does not match");
  for (std::size_t size = 0; size < text.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(parse_state(text.substr(0, size), here).has_value());
  }
}

TEST_CASE("a text with any one bit changed, or any byte more or less, is refused") {
  State state = example();
  for (const bool has_journal : {false, true}) {
    if (!has_journal) state.journal.reset();
    if (has_journal) state = example();
    REQUIRE(state.journal.has_value() == has_journal);
    const std::string text = to_text(state, here);
    REQUIRE(same(*parse_state(text, here), state));
    std::size_t accepted = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      for (unsigned bit = 0; bit < 8; ++bit) {
        std::string flipped = text;
        flipped[i] = static_cast<char>(static_cast<unsigned char>(flipped[i]) ^ (1U << bit));
        if (parse_state(flipped, here)) ++accepted;
      }
      std::string shorter = text;
      shorter.erase(i, 1);
      if (parse_state(shorter, here)) ++accepted;
      std::string longer = text;
      longer.insert(i, 1, text[i]);
      if (parse_state(longer, here)) ++accepted;
    }
    CHECK(accepted == 0);
  }
}

TEST_CASE("a state of the format before, without a checksum, is still read") {
  std::string text = to_text(example(), here);
  text.replace(text.find("\t2\n"), 3, "\t1\n");
  text.replace(text.rfind("end\t"), std::string::npos, "end\n");
  REQUIRE(parse_state(text, here).has_value());
  CHECK(same(*parse_state(text, here), example()));
  CHECK_FALSE(parse_state(text + "more\n", here).has_value());
}

TEST_CASE("a line with a key outside net, an unknown word or a broken escape is refused") {
  const std::string head = "nettune-state\t1\nboot\tboot-1\nnetns\t4\t4026531840\t1\nprofile\tp\n";
  const auto with = [&](const std::string& line) { return reason(head + line + "\nend\n"); };
  CHECK(with("baseline\tnet/core/somaxconn\twritten\t1\t2") == "");
  for (const char* line : {
           "baseline\tkernel/panic\twritten\t1\t2",
           "baseline\tnet/../kernel/panic\twritten\t1\t2",
           "baseline\tnet.core.somaxconn\twritten\t1\t2",
           "baseline\tnet/core/somaxconn\tperhaps\t1\t2",
           "baseline\tnet/core/somaxconn\twritten\t1",
           "baseline\tnet/core/somaxconn\twritten\t1\\x\t2",
           "baseline\tnet/core/somaxconn\twritten\t1\\xzz\t2",
           "journal\tsoon\t0\tp",
           "journal\t0\t0",
           "entry\tnet/core/somaxconn\tdesired\t1\t2",
           "",
       }) {
    CAPTURE(line);
    CHECK(with(line) == "line 5 is not valid");
  }
  CHECK(with("foreign\tnet/core/somaxconn\twritten\t1\t2") == "");
  for (const char* second : {"foreign\tnet/core/somaxconn\twritten\t1\t2",
                             "foreign\tnet/core/optmem_max\tperhaps\t1\t2"}) {
    CAPTURE(second);
    CHECK(with("baseline\tnet/core/somaxconn\twritten\t1\t2\n" + std::string(second)) ==
          "line 6 is not valid");
    CHECK(with("foreign\tnet/core/somaxconn\twritten\t1\t2\n" + std::string(second)) ==
          "line 6 is not valid");
  }
  CHECK(with("foreign\tnet/core/optmem_max\twritten\t1\t2\n"
             "baseline\tnet/core/somaxconn\twritten\t1\t2") == "line 6 is not valid");
  CHECK(with("baseline\tnet/core/wmem_max\twritten\t1\t2\n"
             "baseline\tnet/core/somaxconn\twritten\t1\t2") == "line 6 is not valid");
}

TEST_CASE("a change that is kept becomes part of the baseline") {
  State state;
  state.profile = "a";
  state.baselines = {{key("net.core.rmem_max"), "1", "2", false},
                     {key("net.core.somaxconn"), "1", "2", false},
                     {key("net.core.wmem_max"), "1", "2", true}};
  state.journal = Journal{{{key("net.core.rmem_max"), "2", "3", Purpose::desired},
                           {key("net.core.busy_poll"), "0", "50", Purpose::desired},
                           {key("net.core.somaxconn"), "2", "1", Purpose::restored},
                           {key("net.core.wmem_max"), "2", "1", Purpose::side_effect},
                           {key("net.core.dev_weight"), "64", "64", Purpose::side_effect},
                           {key("net.core.optmem_max"), "5", "6", Purpose::side_effect}},
                          "b",
                          0,
                          0};
  const State next = kept(state);
  State wanted;
  wanted.profile = "b";
  wanted.baselines = {{key("net.core.busy_poll"), "0", "50", false},
                      {key("net.core.optmem_max"), "5", "6", true},
                      {key("net.core.rmem_max"), "1", "3", false}};
  CHECK(to_text(next, here) == to_text(wanted, here));
}

TEST_CASE("a side effect that did not come leaves what something else wrote as its own") {
  State state;
  state.profile = "a";
  // nettune left 2, something else wrote 1, and the change left that as it was.
  state.baselines = {{key("net.core.rmem_max"), "0", "2", false},
                     {key("net.core.somaxconn"), "0", "2", true},
                     {key("net.core.wmem_max"), "1", "2", true}};
  state.journal = Journal{{{key("net.core.rmem_max"), "1", "1", Purpose::side_effect},
                           {key("net.core.somaxconn"), "1", "1", Purpose::side_effect},
                           {key("net.core.wmem_max"), "1", "1", Purpose::side_effect}},
                          "b",
                          0,
                          0};
  State wanted;
  wanted.profile = "b";
  wanted.baselines = {{key("net.core.rmem_max"), "0", "2", false},
                      {key("net.core.somaxconn"), "0", "2", true}};  // the third is as before
  CHECK(to_text(kept(state), here) == to_text(wanted, here));
}

TEST_CASE("the state is stored as a whole, readable by all, and removed when it is empty") {
  const test::TempTree folder;
  const std::string directory = folder.path() + "/nettune";
  {
    const auto locked = StateFolder::lock(directory, here, 0);
    REQUIRE(locked.has_value());
    CHECK(locked->load()->is_empty());
    REQUIRE(locked->store(example()).has_value());
    CHECK(same(*locked->load(), example()));
    struct stat status{};
    REQUIRE(::stat((directory + "/" + file).c_str(), &status) == 0);
    CHECK((status.st_mode & 07777) == 0644);
    REQUIRE(::stat(directory.c_str(), &status) == 0);
    CHECK((status.st_mode & 07777) == 0755);
    REQUIRE(locked->store(State{}).has_value());
  }
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(directory))
    names.push_back(entry.path().filename());
  CHECK(names == std::vector<std::string>{"lock"});
  CHECK(look_at_state(directory, here)->is_empty());
  CHECK(look_at_state(folder.path() + "/not-there", here)->is_empty());
}

TEST_CASE("a second process is told who holds the lock") {
  const test::TempTree folder;
  const auto locked = StateFolder::lock(folder.path(), here, 0);
  REQUIRE(locked.has_value());
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) {
    const auto second = StateFolder::lock(folder.path(), here, 0.05);
    const bool right =
        !second && second.error().kind == Failure::Kind::busy &&
        second.error().message.starts_with("process " + std::to_string(parent) + " (") &&
        second.error().message.ends_with(") is changing this host's keys");
    ::_exit(right ? 0 : 1);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}

TEST_CASE("what somebody else could have written is not believed") {
  const test::TempTree folder;
  const std::string path = folder.path() + "/" + file;
  write(path, to_text(example(), here));
  CHECK(look_at_state(folder.path(), here).has_value());

  REQUIRE(::chmod(path.c_str(), 0664) == 0);
  CHECK(kind_of(look_at_state(folder.path(), here)) == Failure::Kind::state);
  CHECK(look_at_state(folder.path(), here).error().message ==
        path + " is not trusted: others may write it (mode 0664)");
  REQUIRE(::chmod(path.c_str(), 0644) == 0);
  REQUIRE(::chmod(folder.path().c_str(), 0777) == 0);
  CHECK(kind_of(look_at_state(folder.path(), here)) == Failure::Kind::state);
  CHECK(StateFolder::lock(folder.path(), here, 0).error().kind == Failure::Kind::state);
  REQUIRE(::chmod(folder.path().c_str(), 0755) == 0);

  // To root another user's word is nothing, however much of his own there is.
  if (::geteuid() == 0 && ::chown(path.c_str(), 12345, 12345) == 0) {
    CHECK(look_at_state(folder.path(), here).error().message ==
          path + " is not trusted: it belongs to user 12345");
    REQUIRE(::chown(folder.path().c_str(), 12345, 12345) == 0);
    CHECK(look_at_state(folder.path(), here).error().message ==
          folder.path() + " is not trusted: it belongs to user 12345");
    CHECK(StateFolder::lock(folder.path(), here, 0).error().kind == Failure::Kind::state);
    REQUIRE(::chown(folder.path().c_str(), 0, 0) == 0);
    REQUIRE(::chown(path.c_str(), 0, 0) == 0);
  }

  fs::rename(path, folder.path() + "/elsewhere");
  fs::create_symlink(folder.path() + "/elsewhere", path);
  CHECK(kind_of(look_at_state(folder.path(), here)) == Failure::Kind::state);
  fs::remove(path);
  REQUIRE(::mkfifo(path.c_str(), 0644) == 0);
  CHECK(look_at_state(folder.path(), here).error().message == path + " is not a regular file");
}

TEST_CASE("a state that is not understood stays where it is") {
  const test::TempTree folder;
  const std::string path = folder.path() + "/" + file;
  write(path, "nettune-state\t9\n");
  const auto state = look_at_state(folder.path(), here);
  CHECK(kind_of(state) == Failure::Kind::state);
  CHECK(state.error().message == path +
                                     " is not understood: its format is 9, and this nettune knows "
                                     "formats 1 and 2; nothing is changed before it is moved "
                                     "away");
  CHECK(content(path) == "nettune-state\t9\n");
}
