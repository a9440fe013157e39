// Two ends of a fabric in one process, and one thread that drives both: what the cases are written with.
//
// Every wait here is bounded by wall time, and ends at once where a virtual clock says that nothing is under way.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "transports/common/pages.h"
#include "transports/rdma/fabric.h"

namespace xover::fabric_test {

inline constexpr std::int64_t second = 1'000'000'000;
inline constexpr std::int64_t bound_ns = 20 * second;  // soft-RoCE in an emulated guest is slow, and retries take time
inline constexpr std::size_t memory_bytes = std::size_t{4} << 20;
inline constexpr std::uint64_t receive_ids = 1000;  // ids of receives begin here, those of requests at 0

Hello hello_of(std::string_view text);

struct Send {
  std::uint64_t id = 0;
  std::size_t offset = 0;  // in End::memory
  std::size_t size_bytes = 0;
  bool signalled = true;
  bool fenced = false;
  bool inline_data = false;
};

struct OneSided {
  std::uint64_t id = 0;
  Work work = Work::read;
  std::size_t offset = 0;  // in End::memory
  std::size_t size_bytes = 0;
  RemotePiece remote;
  std::uint32_t immediate = 0;
  bool signalled = true;
};

// One fabric, its queue pairs, memory that the peer may read and write, and all results that came.
class End {
 public:
  Result<std::string> open(const Link& link, const FabricShape& shape);

  std::size_t poll();
  void post_receives(std::size_t count, std::size_t size_bytes);  // side by side in memory, ids from receive_ids on
  Posted post(const Send& send);
  Posted post(const OneSided& request);

  LocalPiece piece(std::size_t offset, std::size_t size_bytes) const;
  RemotePiece remote(std::size_t offset) const;  // as the peer names this memory
  std::span<std::byte> bytes(std::size_t offset, std::size_t size_bytes) const;
  QueuePair& queue_pair() const { return *queue_pairs.at(0); }

  std::vector<WorkResult> of(Work work) const;  // in the order in which they came
  const WorkResult* find(std::uint64_t id) const;
  std::size_t count(WorkStatus status) const;

  std::unique_ptr<Fabric> fabric;
  std::unique_ptr<FabricMemory> memory;
  std::vector<std::unique_ptr<QueuePair>> queue_pairs;  // before the fabric goes, as they must
  std::vector<Hello> peer_hellos;
  std::vector<WorkResult> results;

  End() = default;
  End(const End&) = delete;
  End& operator=(const End&) = delete;
  ~End() { close(); }
  void close();

 private:
  std::size_t posted_receives_ = 0;
};

// Anonymous pages with an access of their own.
struct Registered {
  Pages pages;
  FabricRegion region;
  RemotePiece remote(std::size_t offset = 0) const {
    return {reinterpret_cast<std::uint64_t>(pages.data()) + offset, region.remote_key};
  }
};
Registered register_pages(Fabric& fabric, std::size_t size_bytes, RemoteAccess access);

inline std::string name_of_fabric(const testing::TestParamInfo<std::string_view>& info) {
  return std::string(info.param);
}

// The parameter is the link's name. `a` connects, `b` accepts.
class FabricTest : public testing::TestWithParam<std::string_view> {
 protected:
  void SetUp() override;

  static FabricShape usual_shape();
  void open(const FabricShape& shape = usual_shape());
  void meet();  // one more queue pair at each end; needs open()
  void open_and_meet(const FabricShape& shape = usual_shape());
  // Both ends at once. A Prepare that is empty says nothing.
  struct Met {
    Result<Fabric::Connected> connected, accepted;
  };
  Met try_to_meet(Fabric::Prepare prepare_a, Fabric::Prepare prepare_b, std::int64_t within_ns = bound_ns);

  std::size_t turn();  // polls both ends; lets virtual time go on when nothing came
  bool until(const std::function<bool()>& done);
  void settle();  // a while in which what is under way mostly arrives; for what must not happen
  bool virtual_time() const { return a.fabric->limits().virtual_time; }
  // Everything posted has come back, and both ends know that and why the connection ended.
  void expect_ended();

  Link link_;
  std::string address_;
  End a, b;

 private:
  int idle_turns_ = 0;
};

}  // namespace xover::fabric_test
