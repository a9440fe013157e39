// Tables of words.
#include "transports/rdma/verbs/verbs_words.h"

#include <cerrno>

#include "core/units.h"

namespace xover {

WorkStatus work_status_of(ibv_wc_status status) {
  switch (status) {
    case IBV_WC_SUCCESS: return WorkStatus::success;
    case IBV_WC_WR_FLUSH_ERR: return WorkStatus::flushed;
    case IBV_WC_REM_ACCESS_ERR:
    case IBV_WC_REM_INV_REQ_ERR:
    case IBV_WC_REM_OP_ERR:
    case IBV_WC_REM_ABORT_ERR: return WorkStatus::remote_access_error;
    case IBV_WC_RETRY_EXC_ERR:
    case IBV_WC_RESP_TIMEOUT_ERR: return WorkStatus::retries_exhausted;
    case IBV_WC_RNR_RETRY_EXC_ERR: return WorkStatus::receiver_not_ready;
    default: return WorkStatus::local_error;
  }
}

Failure failure_of(WorkStatus status) {
  switch (status) {
    case WorkStatus::success: return {};
    case WorkStatus::flushed: return {ErrorCode::peer_died, ECONNRESET, "RDMA connection"};
    case WorkStatus::remote_access_error:
      return {ErrorCode::internal, EREMOTEIO, "RDMA request: the peer's memory is not registered so, or too small"};
    case WorkStatus::retries_exhausted: return {ErrorCode::peer_died, ETIMEDOUT, "RDMA request: retries exhausted"};
    case WorkStatus::receiver_not_ready:
      return {ErrorCode::timed_out, ETIMEDOUT, "RDMA send: the peer posts no receive"};
    case WorkStatus::local_error: break;
  }
  return {ErrorCode::internal, EFAULT, "RDMA request: own memory is not registered so, or too small"};
}

std::string_view to_string(ibv_port_state state) {
  switch (state) {
    case IBV_PORT_ACTIVE: return "active";
    case IBV_PORT_ACTIVE_DEFER: return "active, deferred";
    case IBV_PORT_ARMED: return "armed";
    case IBV_PORT_INIT: return "initialising";
    case IBV_PORT_DOWN: return "down";
    default: return "unknown";
  }
}

std::string_view link_layer_text(std::uint8_t link_layer) {
  if (link_layer == IBV_LINK_LAYER_ETHERNET) return "Ethernet";
  if (link_layer == IBV_LINK_LAYER_INFINIBAND) return "InfiniBand";
  return "unspecified";
}

Failure registration_failure(int errno_value) {
  // EAGAIN: a table of the driver is full.
  if (errno_value == ENOMEM || errno_value == EAGAIN) return {ErrorCode::no_memory, ENOMEM, "ibv_reg_mr"};
  return failure_of_errno(errno_value, "ibv_reg_mr");
}

Error registration_error(int errno_value, std::size_t size_bytes) {
  const Failure failure = registration_failure(errno_value);
  const bool memory = failure.code == ErrorCode::no_memory;
  return to_error(failure, format_size(size_bytes),
                  memory ? "allow more locked memory (ulimit -l), or ask for less" : "");
}

}  // namespace xover
