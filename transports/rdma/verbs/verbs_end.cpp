// Memory, progress and waiting; how connections come to be is in verbs_connecting.cpp.
#include "transports/rdma/verbs/verbs_end.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "transports/common/pages.h"
#include "transports/common/timespec.h"
#include "transports/rdma/verbs/verbs_words.h"

namespace xover {

namespace {

constexpr std::int64_t look_interval_ns = 2'000'000;
constexpr std::int64_t longest_sleep_ns = 100'000'000;  // between two looks
constexpr std::size_t most_inline_bytes = std::size_t{64} << 10;

class VerbsMemory final : public FabricMemory {
 public:
  VerbsMemory(Pages pages, VerbsHandle<ibv_mr> registered)
      : pages_(std::move(pages)), registered_(std::move(registered)) {
    region_ = {reinterpret_cast<std::uintptr_t>(registered_.get()), registered_->lkey, registered_->rkey};
  }
  std::span<std::byte> bytes() const noexcept override { return {pages_.data(), pages_.size_bytes()}; }
  const FabricRegion& region() const noexcept override { return region_; }

 private:
  Pages pages_;
  VerbsHandle<ibv_mr> registered_;  // goes before its pages
  FabricRegion region_;
};

}  // namespace

VerbsEnd::VerbsEnd(VerbsDevice device, const OpenParameters& parameters, const FabricShape& shape)
    : device_(std::move(device)), peer_(device_.found(), parameters), shape_(shape) {
  limits_.max_message_bytes = device_.max_message_bytes();
  limits_.max_pieces = std::min(device_.max_pieces(), VerbsQueuePair::most_pieces);
  limits_.max_reads = device_.max_reads();
  limits_.max_hello_bytes = 55;  // one byte of the 56 tells the length, which the connection manager does not
  limits_.handover = device_.found().handover();
  last_look_ = monotonic_now_ns();
}

Result<std::unique_ptr<VerbsEnd>> VerbsEnd::open(const OpenParameters& parameters, const FabricShape& shape) {
  auto device = VerbsDevice::open(parameters);
  if (!device) return tl::make_unexpected(device.error());
  std::unique_ptr<VerbsEnd> end(new VerbsEnd(std::move(*device), parameters, shape));
  const std::size_t of_each = shape.max_requests + VerbsQueuePair::farewell_requests + shape.max_receives;
  auto completions = VerbsCompletions::open(end->device_, shape.max_queue_pairs * of_each, shape.sleeps);
  if (!completions) return tl::make_unexpected(completions.error());
  end->completions_ = std::move(*completions);
  if (auto done = end->find_inline_limit(); !done) return tl::make_unexpected(done.error());
  end->watched_.reserve(shape.max_queue_pairs + 1);
  end->watch();
  return end;
}

ibv_qp_init_attr VerbsEnd::queue_pair_attributes(std::size_t inline_bytes) const {
  ibv_qp_init_attr attributes{};
  attributes.send_cq = attributes.recv_cq = completions_->queue();
  attributes.qp_type = IBV_QPT_RC;
  attributes.cap.max_send_wr = static_cast<std::uint32_t>(shape_.max_requests + VerbsQueuePair::farewell_requests);
  attributes.cap.max_recv_wr = static_cast<std::uint32_t>(shape_.max_receives);
  attributes.cap.max_send_sge = static_cast<std::uint32_t>(limits_.max_pieces);
  attributes.cap.max_recv_sge = 1;
  attributes.cap.max_inline_data = static_cast<std::uint32_t>(inline_bytes);
  return attributes;
}

// Drivers do not tell how much they take inline; they refuse a queue pair that wants too much.
Result<void> VerbsEnd::find_inline_limit() {
  for (std::size_t wanted = std::min(shape_.max_inline_bytes, most_inline_bytes);; wanted /= 2) {
    ibv_qp_init_attr attributes = queue_pair_attributes(wanted);
    if (ibv_qp* queue_pair = ibv_create_qp(device_.domain(), &attributes); queue_pair != nullptr) {
      ibv_destroy_qp(queue_pair);
      limits_.max_inline_bytes = attributes.cap.max_inline_data;
      return {};
    }
    if (wanted == 0) {
      return system_error("ibv_create_qp",
                          std::to_string(shape_.max_requests) + " requests and " + std::to_string(shape_.max_receives) +
                              " receives on " + device_.found().name,
                          "use less depth, or allow more locked memory (ulimit -l)");
    }
  }
}

// --- memory

Result<std::unique_ptr<FabricMemory>> VerbsEnd::allocate(std::size_t size_bytes, PageKind kind, RemoteAccess access) {
  auto pages = Pages::allocate(size_bytes, kind);
  if (!pages) return tl::make_unexpected(pages.error());
  auto registered = device_.register_memory({pages->data(), pages->size_bytes()}, access);
  if (!registered) return tl::make_unexpected(registration_error(registered.error(), pages->size_bytes()));
  return std::make_unique<VerbsMemory>(std::move(*pages), std::move(*registered));
}

tl::expected<FabricRegion, Failure> VerbsEnd::register_memory(std::span<std::byte> pages,
                                                              RemoteAccess access) noexcept {
  auto registered = device_.register_memory(pages, access);
  if (!registered) return tl::make_unexpected(registration_failure(registered.error()));
  const ibv_mr* region = registered->release();
  return FabricRegion{reinterpret_cast<std::uintptr_t>(region), region->lkey, region->rkey};
}

Failure VerbsEnd::deregister(std::uint64_t handle) noexcept {
  const int error = ibv_dereg_mr(reinterpret_cast<ibv_mr*>(handle));
  return error == 0 ? Failure{} : failure_of_errno(error, "ibv_dereg_mr");
}

// --- queue pairs

void VerbsEnd::add(VerbsQueuePair& queue_pair) {
  all_.push_back(&queue_pair);
  ++living_;
}

void VerbsEnd::remove(const VerbsQueuePair& queue_pair) noexcept {
  all_[queue_pair.index()] = nullptr;
  --living_;
  watch();
}

void VerbsEnd::watch() noexcept {
  watched_.clear();
  watched_.push_back({completions_->event_fd(), POLLIN, 0});
  for (const VerbsQueuePair* each : all_) {
    if (each != nullptr && each->event_fd() >= 0) watched_.push_back({each->event_fd(), POLLIN, 0});
  }
}

// --- progress

std::size_t VerbsEnd::poll(std::span<WorkResult> out) noexcept {
  std::array<ibv_wc, 32> batch;
  std::size_t count = 0;
  while (count < out.size()) {
    const std::size_t wanted = std::min(batch.size(), out.size() - count);
    const std::size_t taken = completions_->take({batch.data(), wanted});
    counters_.completions += taken;
    for (std::size_t i = 0; i < taken; ++i) {
      VerbsQueuePair* of = at(VerbsWorkId::of(batch[i].wr_id).queue_pair);
      if (of != nullptr && of->take(batch[i], out[count])) ++count;
    }
    if (taken < wanted) break;
  }
  if (ticks_now() >= next_look_) look();
  for (std::size_t i = 0; i < all_.size() && count < out.size(); ++i) {
    if (all_[i] == nullptr || !all_[i]->is_given_up()) continue;
    while (count < out.size() && all_[i]->give_up(out[count])) ++count;
  }
  return count;
}

void VerbsEnd::look() noexcept {
  next_look_ = ticks_now() + static_cast<Ticks>(ticks_per_second() * 1e-9 * look_interval_ns);
  const MonotonicNs now = monotonic_now_ns();
  // Time in which nobody looked is no time in which a peer was silent.
  const std::int64_t passed_ns = std::min(now - std::exchange(last_look_, now), 2 * longest_sleep_ns);
  counters_.async_events += device_.take_async_events();
  if (::poll(watched_.data() + 1, watched_.size() - 1, 0) > 0) {
    for (const pollfd& each : std::span(watched_).subspan(1)) {
      if (each.revents == 0) continue;
      const auto of = std::ranges::find_if(all_, [&](const VerbsQueuePair* queue_pair) {
        return queue_pair != nullptr && queue_pair->event_fd() == each.fd;
      });
      if (of != all_.end()) (*of)->peer_left();
    }
  }
  for (VerbsQueuePair* each : all_) {
    if (each != nullptr) each->time_passed(passed_ns);
  }
  if (std::exchange(ended_, false)) watch();
}

void VerbsEnd::wait(MonotonicNs deadline) noexcept {
  if (!can_sleep()) return;
  for (;;) {
    if (ticks_now() >= next_look_) look();
    if (completions_->arm() ||
        std::ranges::any_of(all_, [](const VerbsQueuePair* each) { return each != nullptr && each->is_given_up(); })) {
      return;
    }
    const MonotonicNs now = monotonic_now_ns();
    if (now >= deadline) return;
    const timespec at_most = to_timespec(std::min(deadline - now, longest_sleep_ns));
    ++counters_.sleeps;
    const int events = ppoll(watched_.data(), watched_.size(), &at_most, nullptr);
    if (events < 0) return;  // a signal
    const int completions = watched_[0].revents != 0 ? 1 : 0;
    if (completions != 0) completions_->take_events();
    if (events > completions) next_look_ = 0;  // a connection has news
  }
}

// --- what it says of itself

std::vector<Counter> VerbsEnd::counters() const {
  std::vector<Counter> all{{"completions", counters_.completions},
                           {"posted_requests", counters_.posted},
                           {"queue_full", counters_.full},
                           {"receiver_not_ready", counters_.receiver_not_ready},
                           {"retries_exhausted", counters_.retries_exhausted},
                           {"watchdog_ends", counters_.watchdog},
                           {"async_events", counters_.async_events},
                           {"sleeps", counters_.sleeps},
                           {"strangers", counters_.strangers}};
  const auto of_device = device_.counters();
  all.insert(all.end(), of_device.begin(), of_device.end());
  return all;
}

std::vector<Fact> VerbsEnd::facts() const {
  std::vector<Fact> all = device_.facts();
  all.push_back({"inline_bytes", std::to_string(limits_.max_inline_bytes)});
  all.push_back({"completions_by", can_sleep() ? "polling, and a completion channel to sleep on" : "polling"});
  return all;
}

}  // namespace xover
