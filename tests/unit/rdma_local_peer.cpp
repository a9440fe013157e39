// Both sides of the conversation.
#include "tests/unit/rdma_local_peer.h"

#include <signal.h>
#include <sys/prctl.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "core/payload.h"

namespace xover::test {

namespace {

using fabric_test::OneSided;
using fabric_test::Registered;
using fabric_test::Send;

constexpr const char* address_variable = "XOVER_TEST_RDMA_LOCAL_ADDRESS";
constexpr const char* pin_variable = "XOVER_TEST_RDMA_LOCAL_PIN";
constexpr MonotonicNs bound_ns = 20 * fabric_test::second;
constexpr std::size_t receives = 4, receive_bytes = 64 << 10;
// Both ends and what they expose stay below the 8 MiB that one user may pin by rings where nobody raised the limit.
constexpr std::size_t end_bytes = std::size_t{3} << 20;
constexpr std::size_t replies_at = std::size_t{512} << 10, shared_at = std::size_t{2} << 20;

void open(fabric_test::End& end, const OptionText& options, bool sleeps) {
  OpenParameters parameters;
  parameters.link = {"local", "", options};
  auto fabric = open_fabric(parameters, {.max_requests = 64, .max_receives = 16, .sleeps = sleeps});
  ASSERT_TRUE(fabric) << fabric.error().message();
  end.fabric = std::move(*fabric);
  auto memory = end.fabric->allocate(end_bytes, PageKind::system, RemoteAccess::read_and_write);
  ASSERT_TRUE(memory) << memory.error().message();
  end.memory = std::move(*memory);
}

// --- in the process at the other end

class Peer {
 public:
  void run() {
    ASSERT_NO_FATAL_FAILURE(connect());
    for (bool ended = false; !ended;) {
      ended = static_cast<bool>(end_.queue_pair().failure());  // once more then, for what came last
      if (sleeps_ && !ended) end_.fabric->wait(monotonic_now_ns() + fabric_test::second);
      while (end_.poll() != 0) {
      }
      if (reading_) read_again();
      for (; seen_ < end_.results.size(); ++seen_) act_on(end_.results[seen_]);
    }
    if (reading_ && until_refused_) {
      EXPECT_EQ(last_status_, WorkStatus::remote_access_error);
    }
  }

 private:
  void connect() {
    ASSERT_NO_FATAL_FAILURE(open(end_, {{"pin", std::getenv(pin_variable)}}, true));
    pages_ = fabric_test::register_pages(*end_.fabric, exposed_bytes, RemoteAccess::read_and_write);
    fill_payload({pages_.pages.data(), exposed_bytes}, 1, 0);
    fill_payload(end_.bytes(shared_at, exposed_bytes), 2, 0);
    const auto prepare = [this](QueuePair& queue_pair, const Hello&) -> Result<Hello> {
      for (std::size_t i = 0; i < receives; ++i) {
        (void)queue_pair.post_receive(fabric_test::receive_ids + i, end_.piece(i * receive_bytes, receive_bytes));
      }
      const ExposedMemory exposed{pages_.remote(), end_.remote(shared_at)};
      const auto bytes = std::as_bytes(std::span(&exposed, 1));
      return Hello(bytes.begin(), bytes.end());
    };
    auto connected = end_.fabric->connect(std::getenv(address_variable), prepare, monotonic_now_ns() + bound_ns);
    ASSERT_TRUE(connected) << connected.error().message();
    end_.queue_pairs.push_back(std::move(connected->queue_pair));
  }

  void act_on(const WorkResult& result) {
    if (result.work == Work::read) return check_read(result);
    if (result.work == Work::send) return post_receive(result.id);  // the echo went from the receive's memory
    if (result.work != Work::receive || result.status != WorkStatus::success || end_.queue_pair().failure()) return;
    CommandMessage message;
    std::memcpy(&message, buffer(result.id).data(), sizeof message);
    const std::size_t offset = (result.id - fabric_test::receive_ids) * receive_bytes;
    if (message.command == Command::echo) {
      ASSERT_EQ(end_.post(Send{.id = result.id, .offset = offset, .size_bytes = result.bytes}), Posted::ok);
      return;
    }
    if (message.command == Command::allocate) return allocate(result.id, offset);
    post_receive(result.id);
    if (message.command == Command::sleep) sleeps_ = true;
    if (message.command == Command::disconnect) end_.queue_pair().disconnect();
    if (message.command == Command::read_until_refused || message.command == Command::read_on) {
      until_refused_ = message.command == Command::read_until_refused;
      to_read_ = message;
      reading_ = true;
    }
  }

  void allocate(std::uint64_t id, std::size_t offset) {
    auto memory = end_.fabric->allocate(exposed_bytes, PageKind::system, RemoteAccess::read);
    ASSERT_TRUE(memory) << memory.error().message();
    more_ = std::move(*memory);
    fill_payload(more_->bytes(), 4, 0);
    const RemotePiece place{reinterpret_cast<std::uint64_t>(more_->bytes().data()), more_->region().remote_key};
    std::memcpy(buffer(id).data(), &place, sizeof place);
    ASSERT_EQ(end_.post(Send{.id = id, .offset = offset, .size_bytes = command_bytes}), Posted::ok);
  }

  std::span<std::byte> buffer(std::uint64_t id) const {
    return end_.bytes((id - fabric_test::receive_ids) * receive_bytes, receive_bytes);
  }
  void post_receive(std::uint64_t id) {
    const LocalPiece piece{buffer(id).data(), receive_bytes, end_.memory->region().key};
    (void)end_.queue_pair().post_receive(id, piece);
  }

  void read_again() {
    if (outstanding_ || end_.queue_pair().failure()) return;
    const OneSided read{.id = 1, .offset = replies_at, .size_bytes = to_read_.size_bytes, .remote = to_read_.remote};
    outstanding_ = end_.post(read) == Posted::ok;
  }

  void check_read(const WorkResult& result) {
    outstanding_ = false;
    last_status_ = result.status;
    if (result.status != WorkStatus::success) return;
    ASSERT_FALSE(verify_payload(end_.bytes(replies_at, to_read_.size_bytes), 3, 0));
  }

  fabric_test::End end_;
  Registered pages_;
  std::unique_ptr<FabricMemory> more_;
  std::size_t seen_ = 0;
  bool sleeps_ = false, reading_ = false, until_refused_ = false, outstanding_ = false;
  CommandMessage to_read_;
  WorkStatus last_status_ = WorkStatus::success;

 public:
  ~Peer() {
    end_.queue_pairs.clear();
    more_.reset();
  }
};

}  // namespace

bool is_local_peer() { return std::getenv(address_variable) != nullptr; }

void be_local_peer() {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  Peer().run();
}

// --- in the test

void LocalPeerProcess::start(const OptionText& options, bool sleeps) {
  const auto started = try_start(options, sleeps);
  ASSERT_TRUE(started) << started.error().message() << (process ? process->wait(std::chrono::seconds(1)).out : "");
}

Result<void> LocalPeerProcess::try_start(const OptionText& options, bool sleeps) {
  open(end, options, sleeps);
  if (!end.memory) return make_error(ErrorCode::internal, "open");
  const auto address = end.fabric->listen();
  if (!address) return tl::make_unexpected(address.error());
  const testing::TestInfo& test = *testing::UnitTest::GetInstance()->current_test_info();
  setenv(address_variable, address->c_str(), 1);
  setenv(pin_variable, options.contains("pin") ? options.at("pin").c_str() : "auto", 1);
  process = std::make_unique<ChildProcess>(std::vector<std::string>{
      this_program(), std::string("--gtest_filter=") + test.test_suite_name() + "." + test.name()});
  unsetenv(address_variable);
  return accept();
}

Result<void> LocalPeerProcess::accept() {
  const auto prepare = [this](QueuePair& queue_pair, const Hello& heard) -> Result<Hello> {
    if (heard.size() != sizeof exposed) return make_error(ErrorCode::bad_input, "accept", "a strange hello");
    std::memcpy(&exposed, heard.data(), sizeof exposed);
    for (std::size_t i = 0; i < receives; ++i) {
      (void)queue_pair.post_receive(fabric_test::receive_ids + i, end.piece(i * receive_bytes, receive_bytes));
    }
    return Hello();
  };
  const MonotonicNs deadline = monotonic_now_ns() + bound_ns;
  for (;;) {
    auto accepted = end.fabric->accept(prepare, monotonic_now_ns() + fabric_test::second);
    if (accepted) {
      end.queue_pairs.push_back(std::move(accepted->queue_pair));
      return {};
    }
    const bool may_still_come = monotonic_now_ns() < deadline && !process->ends_within(std::chrono::milliseconds(0));
    if (accepted.error().code != ErrorCode::timed_out || !may_still_come) {
      return tl::make_unexpected(std::move(accepted.error()));
    }
  }
}

bool LocalPeerProcess::until(const std::function<bool()>& done) {
  const MonotonicNs deadline = monotonic_now_ns() + bound_ns;
  while (!done()) {
    if (monotonic_now_ns() > deadline) return false;
    if (end.fabric->can_sleep()) end.fabric->wait(deadline);
    end.poll();
  }
  return true;
}

void LocalPeerProcess::command(const CommandMessage& message) {
  std::memcpy(end.bytes(replies_at, sizeof message).data(), &message, sizeof message);
  const std::uint64_t id = ++messages_;
  ASSERT_EQ(end.post(Send{.id = id, .offset = replies_at, .size_bytes = command_bytes}), Posted::ok);
}

void LocalPeerProcess::expect_echo(std::size_t size_bytes) {
  ASSERT_GE(size_bytes, sizeof(Command));
  const std::uint64_t seed = ++messages_, receive = fabric_test::receive_ids + echoes_ % receives;
  const Command echo = Command::echo;
  fill_payload(end.bytes(replies_at, size_bytes), seed, 0);
  std::memcpy(end.bytes(replies_at, sizeof echo).data(), &echo, sizeof echo);
  const std::size_t before = end.of(Work::receive).size();
  ASSERT_EQ(end.post(Send{.id = seed, .offset = replies_at, .size_bytes = size_bytes}), Posted::ok);
  ASSERT_TRUE(until([&] { return end.of(Work::receive).size() > before; }));
  const WorkResult result = end.of(Work::receive).back();
  ASSERT_EQ(result.id, receive);
  ASSERT_EQ(result.status, WorkStatus::success);
  ASSERT_EQ(result.bytes, size_bytes);
  const std::size_t offset = (receive - fabric_test::receive_ids) * receive_bytes;
  EXPECT_FALSE(verify_payload(end.bytes(offset + sizeof echo, size_bytes - sizeof echo), seed, sizeof echo));
  ASSERT_EQ(end.queue_pair().post_receive(receive, end.piece(offset, receive_bytes)), Posted::ok);
  ++echoes_;
}

const WorkResult* LocalPeerProcess::result_of(const OneSided& request) {
  if (end.post(request) != Posted::ok) return nullptr;
  return until([&] { return end.find(request.id) != nullptr; }) ? end.find(request.id) : nullptr;
}

std::uint64_t LocalPeerProcess::counter(std::string_view name) const {
  for (const Counter& counter : end.fabric->counters()) {
    if (counter.name == name) return counter.value;
  }
  ADD_FAILURE() << "no counter " << name;
  return 0;
}

std::string LocalPeerProcess::fact(std::string_view name) const {
  for (const Fact& fact : end.fabric->facts()) {
    if (fact.name == name) return fact.value;
  }
  return "no such fact";
}

}  // namespace xover::test
