// Causes and remedies in words.
#include "transports/dpdk/dpdk_availability.h"

#include <utility>

namespace xover {

namespace {

Status status_of(ErrorCode code) {
  // Memory and locked memory are missing because this user may not have more.
  const bool not_allowed = code == ErrorCode::not_permitted || code == ErrorCode::no_memory;
  return not_allowed ? Status::not_permitted : Status::no_device;
}

}  // namespace

Availability dpdk_not_built() {
  return {Status::not_built, "this xover was built without libdpdk", "apt-get install libdpdk-dev, then ./dev build"};
}

Availability dpdk_availability(const Result<void>& outcome) {
  if (outcome) return {};
  Error cause = outcome.error();
  std::string remedy = std::exchange(cause.remedy, {});
  return {status_of(cause.code), cause.message(), std::move(remedy)};
}

Result<void> allow_way(DpdkWay way, const Link& link, const std::string& driver, std::size_t most_segments) {
  if (way != DpdkWay::extbuf || most_segments > 1) return {};
  return make_error(ErrorCode::unsupported, "open dpdk.extbuf",
                    "link " + link.text() + ": driver " + driver +
                        " sends no frame of several mbufs, and one with headers must stand before the attached memory",
                    "use dpdk.copy or dpdk.mbuf on this link");
}

}  // namespace xover
