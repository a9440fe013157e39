// Both ends of an rdma.* connection on the link `local` within this process, used from one thread, each over a fabric
// that can be made to fail. In the end everything has been given back.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "core/payload.h"
#include "tests/unit/faulty_fabric.h"
#include "tests/unit/given_back.h"
#include "tests/unit/session_pair.h"
#include "transports/rdma/fabric.h"
#include "transports/rdma/rdma_session.h"

namespace xover::test {

inline constexpr std::uint64_t rdma_seed = 31;

struct RdmaSetup {
  std::size_t depth = 8;
  OptionText options{};  // of both ends
  std::size_t max_channels = 1;
};

// A row's options, resolved, for the link `local`.
inline OpenParameters rdma_parameters(std::string_view id, const RdmaSetup& setup = {}) {
  OpenParameters parameters;
  parameters.link = {.name = "local"};
  parameters.options = Options::resolve(id, find_transport(id)->options, setup.options).value();
  parameters.depth = setup.depth;
  parameters.max_channels = setup.max_channels;
  return parameters;
}

inline RdmaWay way_of(std::string_view id) {
  if (id == "rdma.send") return RdmaWay::send;
  return id == "rdma.write" ? RdmaWay::write : RdmaWay::read;
}

// Room for every row's requests on a queue pair.
inline FabricShape roomy_shape() {
  return {.max_queue_pairs = 2, .max_requests = 512, .max_receives = 256, .max_inline_bytes = 256, .sleeps = true};
}

inline Result<std::unique_ptr<Session>> open_faulty(std::string_view id, FabricFaults& faults,
                                                    const RdmaSetup& setup = {}) {
  const OpenParameters parameters = rdma_parameters(id, setup);
  auto fabric = open_fabric(parameters, roomy_shape());
  if (!fabric) return tl::make_unexpected(fabric.error());
  return RdmaSession::open_over(std::make_unique<FaultyFabric>(std::move(*fabric), faults), parameters, way_of(id));
}

struct RdmaEnds {
  GivenBack all_given_back;                    // looks when the rest has gone
  std::vector<std::vector<std::byte>> memory;  // what ops point to, which outlives the sessions
  std::vector<Segment> segments;               // likewise, for messages in one piece
  FabricFaults a_faults, b_faults;
  SessionEnd a, b;  // a connects to b

  explicit RdmaEnds(std::string_view id, const RdmaSetup& setup = {}) {
    segments.reserve(10'000);
    a.session = open_faulty(id, a_faults, setup).value();
    b.session = open_faulty(id, b_faults, setup).value();
    const std::string address = b.session->listen().value();
    Result<Channel*> accepted = nullptr;
    std::thread accepting([&] { accepted = b.session->accept(soon()); });
    auto connected = a.session->connect(address, soon());
    accepting.join();
    a.channel = connected.value();
    b.channel = accepted.value();
  }
  RdmaEnds(const RdmaEnds&) = delete;
  RdmaEnds& operator=(const RdmaEnds&) = delete;
  ~RdmaEnds() {
    a.seen.clear();
    b.seen.clear();
    a.session.reset();
    b.session.reset();
    EXPECT_EQ(a_faults.live_regions, 0);
    EXPECT_EQ(b_faults.live_regions, 0);
  }

  // Memory with the pattern in it: of the arena, or foreign.
  std::span<std::byte> arena(std::size_t size_bytes) {
    const Segment segment = a.session->arena(size_bytes).value().at(0);
    return filled({segment.data, size_bytes});
  }
  std::span<std::byte> foreign(std::size_t size_bytes) { return filled(memory.emplace_back(size_bytes)); }
  static std::span<std::byte> filled(std::span<std::byte> bytes) {
    fill_payload(bytes, rdma_seed, 0);
    return bytes;
  }

  Submitted send(Token token, std::span<std::byte> bytes, Channel* channel = nullptr) {
    segments.push_back({bytes.data(), bytes.size()});
    const SendOp op{token, {&segments.back(), 1}};
    return (channel != nullptr ? channel : a.channel)->submit({&op, 1});
  }

  template <typename Condition>
  [[nodiscard]] bool reap_until(Condition condition, MonotonicNs bound = 5 * second) {
    return reap_both_until(a, b, std::move(condition), bound);
  }
};

}  // namespace xover::test
