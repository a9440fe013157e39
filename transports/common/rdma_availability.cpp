// Which device is asked for, and an error of one as a status.
#include <utility>

#include "transports/common/link_ends.h"
#include "transports/common/rdma_device.h"

namespace xover {

namespace {

Status status_of(ErrorCode code) {
  if (code == ErrorCode::unsupported) return Status::not_built;
  // Memory is missing because this user may not lock more.
  const bool not_allowed = code == ErrorCode::not_permitted || code == ErrorCode::no_memory;
  return not_allowed ? Status::not_permitted : Status::no_device;
}

}  // namespace

Result<RdmaDevice> find_rdma_device(const OpenParameters& parameters) {
  return find_rdma_device(end_of(parameters.link, parameters.role),
                          parameters.two_hosts ? parameters.own.ipv4 : std::string());
}

Availability rdma_availability(const Result<void>& outcome) {
  if (outcome) return {};
  Error cause = outcome.error();
  std::string remedy = std::exchange(cause.remedy, {});
  return {status_of(cause.code), cause.message(), std::move(remedy)};
}

}  // namespace xover
