// Taking completions, now or later.
#include "transports/rdma/verbs/verbs_completions.h"

#include <array>
#include <cerrno>

namespace xover {

bool is_farewell(const ibv_wc& completion) noexcept {
  return VerbsWorkId::of(completion.wr_id).receive && completion.status == IBV_WC_SUCCESS &&
         completion.opcode == IBV_WC_RECV && (completion.wc_flags & IBV_WC_WITH_IMM) != 0;
}

Result<std::unique_ptr<VerbsCompletions>> VerbsCompletions::open(const VerbsDevice& device, std::size_t entries,
                                                                 bool sleeps) {
  const auto most = static_cast<std::size_t>(device.attributes().max_cqe);
  if (entries > most) {
    return make_error(ErrorCode::no_memory, "ibv_create_cq",
                      std::to_string(entries) + " entries, " + device.found().name + " has " + std::to_string(most),
                      "use fewer connections or less depth");
  }
  std::unique_ptr<VerbsCompletions> made(new VerbsCompletions(entries));
  if (sleeps) {
    made->channel_.reset(ibv_create_comp_channel(device.context()));
    if (!made->channel_) return system_error("ibv_create_comp_channel", device.found().name);
    if (set_nonblocking(made->channel_->fd) != 0) return system_error("fcntl", "completion channel");
  }
  made->queue_.reset(ibv_create_cq(device.context(), static_cast<int>(entries), nullptr, made->channel_.get(), 0));
  if (!made->queue_) return system_error("ibv_create_cq", device.found().name, "allow more locked memory (ulimit -l)");
  return made;
}

// The queue waits in its destruction for events that have been taken and not acknowledged.
VerbsCompletions::~VerbsCompletions() {
  take_events();
  if (unacknowledged_events_ > 0) ibv_ack_cq_events(queue_.get(), unacknowledged_events_);
  queue_.reset();
}

std::size_t VerbsCompletions::take(std::span<ibv_wc> out) noexcept {
  std::size_t count = 0;
  for (; count < out.size() && !backlog_.empty(); backlog_.pop()) out[count++] = backlog_.front();
  if (count == out.size()) return count;
  const int polled = ibv_poll_cq(queue_.get(), static_cast<int>(out.size() - count), &out[count]);
  return polled > 0 ? count + static_cast<std::size_t>(polled) : count;
}

template <typename Keep>
void VerbsCompletions::fill_backlog(Keep&& keep) noexcept {
  for (std::size_t left = backlog_.size(); left > 0; --left) {
    const ibv_wc each = backlog_.front();
    backlog_.pop();
    if (keep(each)) backlog_.push(each);
  }
  std::array<ibv_wc, 16> batch;
  for (int polled = 1; polled > 0;) {
    polled = ibv_poll_cq(queue_.get(), static_cast<int>(batch.size()), batch.data());
    for (int i = 0; i < polled; ++i) {
      if (keep(batch[static_cast<std::size_t>(i)])) backlog_.push(batch[static_cast<std::size_t>(i)]);
    }
  }
}

void VerbsCompletions::set_aside() noexcept {
  fill_backlog([](const ibv_wc&) { return true; });
}

void VerbsCompletions::forget(std::uint32_t queue_pair) noexcept {
  fill_backlog([&](const ibv_wc& each) { return VerbsWorkId::of(each.wr_id).queue_pair != queue_pair; });
}

bool VerbsCompletions::has_set_aside(std::uint64_t work_id) const noexcept {
  for (std::size_t i = 0; i < backlog_.size(); ++i) {
    if (backlog_.at(i).wr_id == work_id) return true;
  }
  return false;
}

bool VerbsCompletions::has_farewell_for(std::uint32_t queue_pair) const noexcept {
  for (std::size_t i = 0; i < backlog_.size(); ++i) {
    const ibv_wc& each = backlog_.at(i);
    if (VerbsWorkId::of(each.wr_id).queue_pair == queue_pair && is_farewell(each)) return true;
  }
  return false;
}

// In this order: what arrives between the two calls is found, what arrives behind them makes an event.
bool VerbsCompletions::arm() noexcept {
  if (!backlog_.empty()) return true;
  ibv_req_notify_cq(queue_.get(), 0);
  set_aside();
  return !backlog_.empty();
}

void VerbsCompletions::take_events() noexcept {
  if (channel_ == nullptr) return;
  constexpr unsigned acknowledged_at_once = 1024;
  void* context = nullptr;
  for (ibv_cq* queue = nullptr; ibv_get_cq_event(channel_.get(), &queue, &context) == 0;) ++unacknowledged_events_;
  if (unacknowledged_events_ < acknowledged_at_once) return;
  ibv_ack_cq_events(queue_.get(), unacknowledged_events_);
  unacknowledged_events_ = 0;
}

}  // namespace xover
