// Memory, polling and sleeping. How two ends meet is in local_meeting.cpp.
#include "transports/rdma/local/local_adapter.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <utility>

#include "core/units.h"
#include "transports/common/pages.h"

namespace xover {

namespace {

constexpr MonotonicNs look_every_ns = 10'000'000;
constexpr std::size_t largest_message_bytes = std::size_t{16} << 20;
constexpr std::size_t largest_inline_bytes = std::size_t{1} << 20;
constexpr std::size_t most_reads = 16;
// A request that waits for a posted receive is tried again so often; no bell tells of receives.
constexpr MonotonicNs retry_ns = 1'000'000;
constexpr MonotonicNs longest_sleep_ns = 1'000'000'000;
// For a peer that was stopped in the middle of an operation.
constexpr MonotonicNs deregister_bound_ns = 5'000'000'000;

Ticks ticks_of(MonotonicNs duration_ns) {
  return static_cast<Ticks>(static_cast<double>(duration_ns) * 1e-9 * ticks_per_second());
}

}  // namespace

class LocalAdapter::SharedPages final : public FabricPages {
 public:
  explicit SharedPages(LocalAdapter& adapter) : adapter_(adapter) {}
  ~SharedPages() override {
    if (index_ != no_memory_index) adapter_.unshare(index_);
  }

  std::span<std::byte> bytes() const noexcept override {
    return shared_ ? std::span{shared_->data(), shared_->size_bytes()} : std::span{own_.data(), own_.size_bytes()};
  }

  Result<void> make(std::size_t size_bytes, PageKind kind) {
    if (kind == PageKind::huge) {
      auto pages = Pages::allocate(size_bytes, kind);
      if (!pages) return tl::make_unexpected(std::move(pages.error()));
      own_ = std::move(*pages);
    } else {
      auto memory = SharedMemory::create("xover-memory", size_bytes);
      if (!memory) return tl::make_unexpected(std::move(memory.error()));
      shared_ = std::move(*memory);
      index_ = adapter_.share(shared_);
    }
    return {};
  }

 private:
  LocalAdapter& adapter_;
  Pages own_;
  std::shared_ptr<SharedMemory> shared_;
  std::uint32_t index_ = no_memory_index;
};

class LocalAdapter::Memory final : public FabricMemory {
 public:
  explicit Memory(LocalAdapter& adapter) : adapter_(adapter), pages_(adapter) {}
  ~Memory() override {
    if (region_.handle != 0) (void)adapter_.deregister(region_.handle);
  }

  std::span<std::byte> bytes() const noexcept override { return pages_.bytes(); }
  const FabricRegion& region() const noexcept override { return region_; }

  Result<void> make(std::size_t size_bytes, PageKind kind, RemoteAccess access) {
    if (auto made = pages_.make(size_bytes, kind); !made) return made;
    const auto region = adapter_.register_memory(bytes(), access);
    if (!region) return tl::make_unexpected(pinning_error(region.error(), bytes().size()));
    region_ = *region;
    return {};
  }

 private:
  LocalAdapter& adapter_;
  SharedPages pages_;
  FabricRegion region_;
};

Result<std::unique_ptr<LocalAdapter>> LocalAdapter::create(const std::string& pin, const FabricShape& shape) {
  std::unique_ptr<LocalAdapter> adapter(new LocalAdapter);
  LocalState& state = adapter->state_;
  state.shape = shape;
  state.limits.max_message_bytes = largest_message_bytes;
  state.limits.max_pieces = most_pieces;
  state.limits.max_inline_bytes = std::min(shape.max_inline_bytes, largest_inline_bytes);
  state.limits.max_reads = most_reads;
  state.limits.handover = Handover::driver;
  state.queue_pairs.reserve(shape.max_queue_pairs);
  state.look_every = ticks_of(look_every_ns);
  auto regions = RegionTable::create();
  if (!regions) return tl::make_unexpected(std::move(regions.error()));
  state.regions = std::move(*regions);
  auto pinning = open_page_pinning(pin, region_slots);
  if (!pinning) return tl::make_unexpected(std::move(pinning.error()));
  adapter->pinning_ = std::move(*pinning);
  if (auto made = adapter->make_bell(); !made) return tl::make_unexpected(std::move(made.error()));
  return adapter;
}

LocalAdapter::~LocalAdapter() { assert(state_.queue_pairs.empty()); }

// Edges are enough of the bell, so nobody has to read it.
Result<void> LocalAdapter::make_bell() {
  if (!state_.shape.sleeps) return {};
  bell_ = FileDescriptor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!bell_) return system_error("eventfd");
  sleeper_ = FileDescriptor(epoll_create1(EPOLL_CLOEXEC));
  if (!sleeper_) return system_error("epoll_create1");
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  if (epoll_ctl(sleeper_.get(), EPOLL_CTL_ADD, bell_.get(), &event) != 0) return system_error("epoll_ctl", "bell");
  return {};
}

Result<std::unique_ptr<FabricMemory>> LocalAdapter::allocate(std::size_t size_bytes, PageKind pages,
                                                             RemoteAccess access) {
  auto memory = std::make_unique<Memory>(*this);
  if (auto made = memory->make(size_bytes, pages, access); !made) return tl::make_unexpected(std::move(made.error()));
  return memory;
}

Result<std::unique_ptr<FabricPages>> LocalAdapter::allocate_pages(std::size_t size_bytes, PageKind pages) {
  auto memory = std::make_unique<SharedPages>(*this);
  if (auto made = memory->make(size_bytes, pages); !made) return tl::make_unexpected(std::move(made.error()));
  return memory;
}

// An index is used once, since a peer may hear late that its memory is gone.
std::uint32_t LocalAdapter::share(const std::shared_ptr<SharedMemory>& memory) {
  if (memories_.size() == max_shared_memories) return no_memory_index;
  const auto index = static_cast<std::uint32_t>(memories_.size());
  memories_.push_back(memory);
  tell_peers_of_memory(index);
  return index;
}

void LocalAdapter::unshare(std::uint32_t index) {
  memories_[index].reset();
  tell_peers_of_memory(index);
}

// Those that it has met already. One that does not listen reaches new memory by system calls, and keeps its mapping of
// what is gone as long as the connection.
void LocalAdapter::tell_peers_of_memory(std::uint32_t index) const {
  for (const LocalQueuePair* queue_pair : state_.queue_pairs) {
    if (queue_pair->listens_to_line()) (void)tell_memory(queue_pair->line(), index, 0);
  }
}

std::uint32_t LocalAdapter::shared_index_of(std::span<const std::byte> pages) const noexcept {
  const auto holds_pages = [&](const std::shared_ptr<SharedMemory>& memory) {
    return memory && pages.data() >= memory->data() &&
           pages.data() + pages.size() <= memory->data() + memory->size_bytes();
  };
  const auto found = std::find_if(memories_.begin(), memories_.end(), holds_pages);
  return found == memories_.end() ? no_memory_index : static_cast<std::uint32_t>(found - memories_.begin());
}

tl::expected<FabricRegion, Failure> LocalAdapter::register_memory(std::span<std::byte> pages,
                                                                  RemoteAccess access) noexcept {
  const std::uint32_t key = state_.regions.next_key();
  if (key == 0) return tl::make_unexpected(Failure{ErrorCode::no_memory, ENOBUFS, "table of regions"});
  if (const Failure failure = pinning_->pin(slot_of_key(key), pages)) return tl::make_unexpected(failure);
  state_.regions.add(pages, access, shared_index_of(pages));
  ++state_.counters.registrations;
  state_.counters.registered_bytes += pages.size();
  return FabricRegion{key, key, key};
}

// First nobody can begin anything with the region, then whoever had begun before has ended, then it goes.
Failure LocalAdapter::deregister(std::uint64_t handle) noexcept {
  const auto key = static_cast<std::uint32_t>(handle);
  const SharedRegion* const region = state_.regions.find(key);
  assert(region != nullptr && "deregistered twice, or never registered");
  if (region == nullptr) return {ErrorCode::bad_input, EINVAL, "deregister"};
  state_.regions.invalidate(key);
  for (LocalQueuePair* queue_pair : state_.queue_pairs) {
    if (!queue_pair->failure() && queue_pair->await_quiet(deregister_bound_ns)) ++state_.counters.deregistration_waits;
  }
  const std::span pages{reinterpret_cast<std::byte*>(region->address), region->size_bytes};
  const Failure failure = pinning_->unpin(slot_of_key(key), pages);
  state_.counters.registered_bytes -= pages.size();
  state_.regions.free(key);
  return failure;
}

// Each time beginning with another queue pair, so that none is left behind where results do not all fit.
std::size_t LocalAdapter::poll(std::span<WorkResult> out) noexcept {
  const std::size_t queue_pairs = state_.queue_pairs.size();
  if (++first_polled_ >= queue_pairs) first_polled_ = 0;
  std::size_t count = 0;
  for (std::size_t i = 0, at = first_polled_; i < queue_pairs; ++i) {
    LocalQueuePair& queue_pair = *state_.queue_pairs[at];
    queue_pair.make_progress();
    count += queue_pair.take(out.subspan(count));
    if (++at == queue_pairs) at = 0;
  }
  return count;
}

bool LocalAdapter::anything_ready() const noexcept {
  return std::any_of(state_.queue_pairs.begin(), state_.queue_pairs.end(), [](const LocalQueuePair* queue_pair) {
    return queue_pair->has_results() || queue_pair->may_go_on();
  });
}

void LocalAdapter::wait(MonotonicNs deadline) noexcept {
  if (!state_.shape.sleeps) return;
  SharedWord& sleeping = state_.regions.page().sleeping;
  sleeping.store(1);
  if (!anything_ready()) sleep(deadline);
  sleeping.store(0, std::memory_order_relaxed);
}

void LocalAdapter::sleep(MonotonicNs deadline) noexcept {
  const bool retries = std::any_of(state_.queue_pairs.begin(), state_.queue_pairs.end(),
                                   [](const LocalQueuePair* queue_pair) { return queue_pair->waits(); });
  const MonotonicNs left_ns =
      std::min({deadline - monotonic_now_ns(), retries ? retry_ns : longest_sleep_ns, longest_sleep_ns});
  if (left_ns <= 0) return;
  ++state_.counters.sleeps;
  std::array<epoll_event, 16> events;
  const int count = epoll_wait(sleeper_.get(), events.data(), static_cast<int>(events.size()),
                               static_cast<int>((left_ns + 999'999) / 1'000'000));
  for (int i = 0; i < count; ++i) {
    if (auto* const queue_pair = static_cast<LocalQueuePair*>(events[static_cast<std::size_t>(i)].data.ptr)) {
      queue_pair->look_at_line();
    }
  }
}

std::vector<Counter> LocalAdapter::counters() const {
  const LocalCounters& counters = state_.counters;
  return {{"fabric_messages", counters.messages},
          {"fabric_message_bytes", counters.message_bytes},
          {"one_sided_operations", counters.one_sided_operations},
          {"one_sided_bytes", counters.one_sided_bytes},
          {"memcpy_bytes", counters.memcpy_bytes},
          {"process_vm_bytes", counters.system_call_bytes},
          {"rnr_waits", counters.rnr_waits},
          {"staged_inline_bytes", counters.staged_inline_bytes},
          {"peer_wakeups", counters.bells_rung},
          {"fabric_sleeps", counters.sleeps},
          {"fabric_registrations", counters.registrations},
          {"registered_bytes", counters.registered_bytes},
          {"deregistration_waits", counters.deregistration_waits}};
}

std::vector<Fact> LocalAdapter::facts() const {
  std::string one_sided = met_process_ ? "process_vm_readv, or memcpy where both ends map the memory" : "memcpy";
  if (met_process_ && met_thread_) one_sided += " or are threads of one process";
  if (!met_process_ && !met_thread_) one_sided = "no peer yet";
  return {{"device", "local"}, {"one_sided", one_sided}, {"registration", pinning_->how()}};
}

}  // namespace xover
