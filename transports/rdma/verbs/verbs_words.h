// What the verbs say, in the words of the fabric seam and of errors. Decisions alone: no call of the device.
#pragma once

#include <infiniband/verbs.h>

#include <string>

#include "core/error.h"
#include "transports/rdma/fabric.h"

namespace xover {

WorkStatus work_status_of(ibv_wc_status status);
// Why a connection ended, by the first of its results that was no success.
Failure failure_of(WorkStatus status);

std::string_view to_string(ibv_port_state state);
std::string_view link_layer_text(std::uint8_t link_layer);

// ibv_reg_mr(3) has failed.
Failure registration_failure(int errno_value);
Error registration_error(int errno_value, std::size_t size_bytes);

}  // namespace xover
