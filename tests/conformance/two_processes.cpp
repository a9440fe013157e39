// memfd_create(2), passed on as the standard input of a process that posix_spawn(3) starts from /proc/self/exe.
#include "tests/conformance/two_processes.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cassert>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/conformance/link_end.h"
#include "tests/conformance/side.h"
#include "transports/common/file_descriptor.h"

extern char** environ;

namespace xover::conformance {

namespace {

constexpr const char* other_end_flag = "--other-end";
constexpr std::size_t room_bytes = 1 << 20;
constexpr std::chrono::milliseconds nap{1};

// At the beginning of the memory; behind it stand the Shared ones.
struct Header {
  SubjectFacts facts;
  pid_t suite = -1;                                          // the suite's process
  std::atomic<std::uint32_t> pairs_begun{0}, pairs_done{0};  // by the suite's process; by the other one
  std::atomic<bool> ended{false};                            // no pair will follow
};
static_assert(std::is_trivially_copyable_v<SubjectFacts>);

struct Room {
  std::byte* base = nullptr;  // null: the test has one process
  std::size_t used_bytes = 0;
  FileDescriptor memory;
  std::uint32_t pairs = 0;  // that this process has begun
  pid_t other = -1;         // in the suite's process: the spawned one, while it has not been reaped
  bool spawned = false;

  Header& header() const { return *reinterpret_cast<Header*>(base); }
};

Room room;
Ends ends = Ends::both;

void map_room(int descriptor) {
  void* const base = ::mmap(nullptr, room_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  if (base == MAP_FAILED) {
    std::perror("memory of two processes");
    std::abort();
  }
  room.base = static_cast<std::byte*>(base);
  room.used_bytes = sizeof(Header);
}

// The test runner's own settings are not for the spawned process, which runs one test whatever shard this is.
std::vector<char*> environment_without_test_settings() {
  std::vector<char*> kept;
  for (char** entry = environ; *entry != nullptr; ++entry)
    if (!std::string_view(*entry).starts_with("GTEST_")) kept.push_back(*entry);
  kept.push_back(nullptr);
  return kept;
}

std::string name_of_running_test() {
  const testing::TestInfo* test = testing::UnitTest::GetInstance()->current_test_info();
  return std::string(test->test_suite_name()) + "." + test->name();
}

void spawn_other(const Subject& subject) {
  const AtLinkEnd sender(subject.link, LinkEnd::sender);
  std::vector<std::string> texts{"/proc/self/exe", other_end_flag, own_addresses().ipv4, own_addresses().ipv6,
                                 "--gtest_filter=" + name_of_running_test()};
  std::vector<char*> arguments;
  for (std::string& text : texts) arguments.push_back(text.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, room.memory.get(), STDIN_FILENO);
  const int error = ::posix_spawn(&room.other, arguments[0], &actions, nullptr, arguments.data(),
                                  environment_without_test_settings().data());
  ::posix_spawn_file_actions_destroy(&actions);
  room.spawned = error == 0;
  if (error != 0) room.other = -1;
  if (error != 0) ADD_FAILURE() << "the process of the sender's end could not be started: " << std::strerror(error);
}

void fail_without_pair() {
  ADD_FAILURE() << "the process of the sender's end ended without pair " << room.pairs << " of its test";
}

void note_exit(int status) {
  room.other = -1;
  if (WIFSIGNALED(status)) {
    ADD_FAILURE() << "the process of the sender's end was ended by signal " << WTERMSIG(status);
  } else if (WEXITSTATUS(status) != 0) {
    ADD_FAILURE() << "the sender's end failed, see what it said above; exit code " << WEXITSTATUS(status);
  } else if (room.header().pairs_done.load() < room.pairs) {
    fail_without_pair();
  }
}

bool other_process_lives() {
  if (room.other <= 0) return false;
  int status = 0;
  if (::waitpid(room.other, &status, WNOHANG) != room.other) return true;
  note_exit(status);
  return false;
}

// In the spawned process nothing is worth saying but what went wrong.
class FailurePrinter final : public testing::EmptyTestEventListener {
 public:
  void OnTestPartResult(const testing::TestPartResult& result) override {
    if (!result.failed()) return;
    const char* const file = result.file_name() == nullptr ? "unknown file" : result.file_name();
    std::fprintf(stderr, "%s:%d: at the sender's end: %s\n", file, result.line_number(), result.message());
  }
};

}  // namespace

Ends ends_here() { return ends; }

void begin_two_processes(const Subject& subject, const SubjectFacts& facts) {
  if (!subject.two_processes || ends == Ends::sender) return;
  room.memory = FileDescriptor(::memfd_create("conformance", MFD_CLOEXEC));
  if (room.memory.get() < 0 || ::ftruncate(room.memory.get(), room_bytes) != 0) {
    std::perror("memory of two processes");
    std::abort();
  }
  map_room(room.memory.get());
  new (room.base) Header{.facts = facts, .suite = ::getpid()};
  ends = Ends::receiver;
}

void end_two_processes() {
  if (ends != Ends::receiver) return;
  room.header().ended = true;
  const MonotonicNs deadline = monotonic_now_ns() + side_bound_ns;
  while (other_process_lives() && monotonic_now_ns() < deadline) std::this_thread::sleep_for(nap);
  if (room.other > 0) {
    ::kill(room.other, SIGKILL);
    int status = 0;
    if (::waitpid(room.other, &status, 0) == room.other) note_exit(status);
  }
  ::munmap(room.base, room_bytes);
  room = Room();
  ends = Ends::both;
}

SubjectFacts facts_from_suite() { return room.header().facts; }

bool begin_pair(const Subject& subject) {
  Header& header = room.header();
  ++room.pairs;
  if (ends == Ends::receiver) {
    if (!room.spawned) spawn_other(subject);
    if (!other_process_lives()) {
      fail_without_pair();
      return false;
    }
    header.pairs_begun = room.pairs;
    return true;
  }
  while (header.pairs_begun.load() < room.pairs && !header.ended.load()) std::this_thread::sleep_for(nap);
  return header.pairs_begun.load() >= room.pairs;
}

bool other_process_is_done() { return room.header().pairs_done.load() >= room.pairs || !other_process_lives(); }

// Looked at in this order: it is done before it ends.
bool other_process_failed() { return !other_process_lives() && room.header().pairs_done.load() < room.pairs; }

void end_pair() { room.header().pairs_done = room.pairs; }

bool run_as_other_end(int argc, char** argv) {
  if (argc < 4 || std::string_view(argv[1]) != other_end_flag) return false;
  map_room(STDIN_FILENO);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != room.header().suite) std::exit(EXIT_FAILURE);  // it died before the line above
  set_own_addresses({argv[2], argv[3]});
  ends = Ends::sender;
  testing::TestEventListeners& listeners = testing::UnitTest::GetInstance()->listeners();
  delete listeners.Release(listeners.default_result_printer());
  listeners.Append(new FailurePrinter);
  return true;
}

void* shared_room(std::size_t size_bytes, std::size_t alignment_bytes) {
  if (room.base == nullptr) return nullptr;
  const std::size_t at = (room.used_bytes + alignment_bytes - 1) / alignment_bytes * alignment_bytes;
  assert(at + size_bytes <= room_bytes);
  room.used_bytes = at + size_bytes;
  return room.base + at;
}

bool SharedText::set(const std::string& text) {
  if (text.size() >= bytes_.size()) return false;
  text.copy(bytes_.data(), text.size());
  known_ = true;
  return true;
}

}  // namespace xover::conformance
