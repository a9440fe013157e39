// Opening, meeting, polling.
#include "tests/fabric/rig.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <thread>

namespace xover::fabric_test {

Hello hello_of(std::string_view text) {
  Hello hello;
  for (const char letter : text) hello.push_back(static_cast<std::byte>(letter));
  return hello;
}

Result<std::string> End::open(const Link& link, const FabricShape& shape) {
  OpenParameters parameters;
  parameters.link = link;
  auto opened = open_fabric(parameters, shape);
  if (!opened) return tl::make_unexpected(opened.error());
  fabric = std::move(*opened);
  auto allocated = fabric->allocate(memory_bytes, PageKind::system, RemoteAccess::read_and_write);
  if (!allocated) return tl::make_unexpected(allocated.error());
  memory = std::move(*allocated);
  return std::string();
}

void End::close() {
  queue_pairs.clear();
  memory.reset();
  fabric.reset();
}

std::size_t End::poll() {
  std::array<WorkResult, 4> ready;  // fewer than there are: the rest must come later
  const std::size_t count = fabric->poll(ready);
  results.insert(results.end(), ready.begin(), ready.begin() + static_cast<std::ptrdiff_t>(count));
  return count;
}

void End::post_receives(std::size_t count, std::size_t size_bytes) {
  for (std::size_t i = 0; i < count; ++i, ++posted_receives_) {
    const LocalPiece into = piece(posted_receives_ * size_bytes, static_cast<std::uint32_t>(size_bytes));
    ASSERT_EQ(queue_pair().post_receive(receive_ids + posted_receives_, into), Posted::ok);
  }
}

Posted End::post(const Send& send) {
  LocalPiece from = piece(send.offset, send.size_bytes);
  if (send.inline_data) from.key = 0;
  WorkRequest request{.id = send.id, .work = Work::send};
  if (send.size_bytes != 0) request.pieces = {&from, 1};
  request.inline_data = send.inline_data;
  request.fenced = send.fenced;
  request.signalled = send.signalled;
  return queue_pair().post(request);
}

Posted End::post(const OneSided& one_sided) {
  const LocalPiece own = piece(one_sided.offset, one_sided.size_bytes);
  WorkRequest request{.id = one_sided.id, .work = one_sided.work};
  if (one_sided.size_bytes != 0) request.pieces = {&own, 1};
  request.remote = one_sided.remote;
  request.immediate = one_sided.immediate;
  request.signalled = one_sided.signalled;
  return queue_pair().post(request);
}

LocalPiece End::piece(std::size_t offset, std::size_t size_bytes) const {
  return {memory->bytes().data() + offset, static_cast<std::uint32_t>(size_bytes), memory->region().key};
}

RemotePiece End::remote(std::size_t offset) const {
  return {reinterpret_cast<std::uint64_t>(memory->bytes().data()) + offset, memory->region().remote_key};
}

std::span<std::byte> End::bytes(std::size_t offset, std::size_t size_bytes) const {
  return memory->bytes().subspan(offset, size_bytes);
}

std::vector<WorkResult> End::of(Work work) const {
  std::vector<WorkResult> chosen;
  for (const WorkResult& result : results) {
    if (result.work == work) chosen.push_back(result);
  }
  return chosen;
}

const WorkResult* End::find(std::uint64_t id) const {
  const auto found = std::find_if(results.begin(), results.end(), [id](const WorkResult& r) { return r.id == id; });
  return found == results.end() ? nullptr : &*found;
}

std::size_t End::count(WorkStatus status) const {
  return static_cast<std::size_t>(
      std::count_if(results.begin(), results.end(), [status](const WorkResult& r) { return r.status == status; }));
}

Registered register_pages(Fabric& fabric, std::size_t size_bytes, RemoteAccess access) {
  Registered registered;
  auto pages = Pages::allocate(size_bytes, Pages::Fault::now);
  if (!pages) {
    ADD_FAILURE() << pages.error().message();
    return registered;
  }
  registered.pages = std::move(*pages);
  const auto region = fabric.register_memory({registered.pages.data(), registered.pages.size_bytes()}, access);
  if (!region) {
    ADD_FAILURE() << to_error(region.error()).message();
    return registered;
  }
  registered.region = *region;
  return registered;
}

void FabricTest::SetUp() {
  link_.name = GetParam();
  if (link_.name == "verbs") {
    const char* device = std::getenv("XOVER_VERBS_DEVICE");
    if (device == nullptr) GTEST_SKIP() << "XOVER_VERBS_DEVICE does not name a device to try this with";
    link_.argument = device;
  }
  if (const Availability here = probe_fabric(link_); !here.usable()) {
    if (link_.name == "simulated") FAIL() << "a model needs nothing of the machine: " << here.cause;
    GTEST_SKIP() << here.cause << "; " << here.remedy;
  }
}

FabricShape FabricTest::usual_shape() {
  return {.max_queue_pairs = 1, .max_requests = 16, .max_receives = 16, .max_inline_bytes = 64};
}

void FabricTest::open(const FabricShape& shape) {
  for (End* end : {&a, &b}) {
    const auto opened = end->open(link_, shape);
    ASSERT_TRUE(opened) << opened.error().message();
  }
  const auto address = b.fabric->listen();
  ASSERT_TRUE(address) << address.error().message();
  address_ = *address;
}

FabricTest::Met FabricTest::try_to_meet(Fabric::Prepare prepare_a, Fabric::Prepare prepare_b, std::int64_t within_ns) {
  const Fabric::Prepare silent = [](QueuePair&, const Hello&) { return Hello(); };
  const MonotonicNs deadline = monotonic_now_ns() + within_ns;
  Met met;
  std::thread accepting([&] { met.accepted = b.fabric->accept(prepare_b ? prepare_b : silent, deadline); });
  met.connected = a.fabric->connect(address_, prepare_a ? prepare_a : silent, deadline);
  accepting.join();
  return met;
}

void FabricTest::meet() {
  Met met = try_to_meet({}, {});
  ASSERT_TRUE(met.connected) << met.connected.error().message();
  ASSERT_TRUE(met.accepted) << met.accepted.error().message();
  a.queue_pairs.push_back(std::move(met.connected->queue_pair));
  b.queue_pairs.push_back(std::move(met.accepted->queue_pair));
}

void FabricTest::open_and_meet(const FabricShape& shape) {
  ASSERT_NO_FATAL_FAILURE(open(shape));
  meet();
}

std::size_t FabricTest::turn() {
  const std::size_t ready = a.poll() + b.poll();
  idle_turns_ = ready == 0 ? idle_turns_ + 1 : 0;
  if (ready != 0) return ready;
  if (VirtualClock* clock = a.fabric->clock()) {
    clock->advance();
  } else if (idle_turns_ > 100) {
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  return 0;
}

bool FabricTest::until(const std::function<bool()>& done) {
  const MonotonicNs deadline = monotonic_now_ns() + bound_ns;
  while (!done()) {
    if (monotonic_now_ns() > deadline) return false;
    turn();
  }
  return true;
}

void FabricTest::settle() {
  if (VirtualClock* clock = a.fabric->clock()) {
    for (int turns = 0; turns < 50; ++turns) {
      if (turn() == 0 && !clock->advance()) return;
    }
    return;
  }
  const MonotonicNs deadline = monotonic_now_ns() + second / 20;
  while (monotonic_now_ns() < deadline) turn();
}

void FabricTest::expect_ended() {
  const auto ended = [&] { return a.queue_pair().failure() && b.queue_pair().failure(); };
  EXPECT_TRUE(until(ended)) << "a: " << to_string(a.queue_pair().failure().code)
                            << ", b: " << to_string(b.queue_pair().failure().code);
}

}  // namespace xover::fabric_test
