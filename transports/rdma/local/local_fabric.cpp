// Opens the fabric of this host, and tries it.
#include "transports/rdma/local/local_fabric.h"

#include <algorithm>
#include <array>
#include <future>
#include <string>
#include <utility>

#include "transports/rdma/local/local_adapter.h"
#include "transports/rdma/rdma_links.h"

namespace xover {

namespace {

constexpr MonotonicNs trial_bound_ns = 2'000'000'000;
constexpr std::uint32_t trial_bytes = 4096;

// One end of the trial: a page that the other may read, and a receive posted in it.
struct TrialEnd {
  std::unique_ptr<LocalAdapter> adapter;
  std::unique_ptr<FabricMemory> memory;
  Fabric::Connected connection;

  static Result<TrialEnd> open(const std::string& pin) {
    TrialEnd end;
    auto adapter = LocalAdapter::create(pin, {});
    if (!adapter) return tl::make_unexpected(std::move(adapter.error()));
    end.adapter = std::move(*adapter);
    auto memory = end.adapter->allocate(2 * trial_bytes, PageKind::system, RemoteAccess::read);
    if (!memory) return tl::make_unexpected(std::move(memory.error()));
    end.memory = std::move(*memory);
    return end;
  }

  std::span<std::byte> first_half() const { return memory->bytes().first(trial_bytes); }
  std::span<std::byte> second_half() const { return memory->bytes().subspan(trial_bytes, trial_bytes); }
  LocalPiece piece(std::span<std::byte> bytes) const {
    return {bytes.data(), static_cast<std::uint32_t>(bytes.size()), memory->region().key};
  }

  // Posts the receive, and says where its memory is.
  Fabric::Prepare prepare() {
    return [this](QueuePair& queue_pair, const Hello&) -> Result<Hello> {
      (void)queue_pair.post_receive(0, piece(second_half()));
      const RemotePiece own{reinterpret_cast<std::uintptr_t>(memory->bytes().data()), memory->region().remote_key};
      const auto bytes = std::as_bytes(std::span(&own, 1));
      return Hello(bytes.begin(), bytes.end());
    };
  }

  bool has(Work work) {
    const MonotonicNs deadline = monotonic_now_ns() + trial_bound_ns;
    do {
      std::array<WorkResult, 1> results;
      if (adapter->poll(results) == 1 && results[0].work == work) return results[0].status == WorkStatus::success;
    } while (monotonic_now_ns() < deadline);
    return false;
  }
};

// Sends the first half of one end into the second half of the other, and reads it from there as well.
bool moves_bytes(TrialEnd& from, TrialEnd& to) {
  std::fill(from.first_half().begin(), from.first_half().end(), std::byte{0x5a});
  const std::array sent{from.piece(from.first_half())}, read{to.piece(to.first_half())};
  if (from.connection.queue_pair->post({1, Work::send, sent}) != Posted::ok || !from.has(Work::send)) return false;
  if (!to.has(Work::receive)) return false;
  WorkRequest request{2, Work::read, read};
  std::copy_n(to.connection.peer_hello.begin(), sizeof request.remote,
              std::as_writable_bytes(std::span(&request.remote, 1)).begin());
  if (to.connection.queue_pair->post(request) != Posted::ok || !to.has(Work::read)) return false;
  return std::ranges::equal(from.first_half(), to.second_half()) &&
         std::ranges::equal(from.first_half(), to.first_half());
}

Result<void> try_out(const std::string& pin) {
  auto a = TrialEnd::open(pin), b = TrialEnd::open(pin);
  if (!a) return tl::make_unexpected(std::move(a.error()));
  if (!b) return tl::make_unexpected(std::move(b.error()));
  const auto address = a->adapter->listen();
  if (!address) return tl::make_unexpected(address.error());
  const MonotonicNs deadline = monotonic_now_ns() + trial_bound_ns;
  const auto keep = [](TrialEnd& end, Result<Fabric::Connected> made) -> Result<void> {
    if (!made) return tl::make_unexpected(std::move(made.error()));
    end.connection = std::move(*made);
    return {};
  };
  auto connecting =
      std::async(std::launch::async, [&] { return keep(*b, b->adapter->connect(*address, b->prepare(), deadline)); });
  const auto accepted = keep(*a, a->adapter->accept(a->prepare(), deadline));
  const auto connected = connecting.get();
  if (!accepted) return accepted;
  if (!connected) return connected;
  if (moves_bytes(*a, *b)) return {};
  return make_error(ErrorCode::internal, "try the local fabric", "the bytes did not arrive");
}

Status status_of(ErrorCode code) {
  return code == ErrorCode::unsupported ? Status::kernel_too_old : Status::not_permitted;
}

}  // namespace

Result<std::unique_ptr<Fabric>> open_local_fabric(const OpenParameters& parameters, const FabricShape& shape) {
  const auto options = resolve_rdma_link(parameters.link);
  if (!options) return tl::make_unexpected(options.error());
  return LocalAdapter::create(options->choice("pin"), shape);
}

Availability probe_local_fabric(const Link& link) {
  const auto options = resolve_rdma_link(link);
  if (!options) return {Status::no_device, options.error().message(), {}};
  const auto tried = try_out(options->choice("pin"));
  if (tried) return {};
  Error why = tried.error();
  const std::string remedy = std::exchange(why.remedy, {});
  return {status_of(why.code), why.message(), remedy};
}

}  // namespace xover
