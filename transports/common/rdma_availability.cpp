// An error of an RDMA device as a status.
#include <utility>

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

Availability rdma_availability(const Result<void>& outcome) {
  if (outcome) return {};
  Error cause = outcome.error();
  std::string remedy = std::exchange(cause.remedy, {});
  return {status_of(cause.code), cause.message(), std::move(remedy)};
}

}  // namespace xover
