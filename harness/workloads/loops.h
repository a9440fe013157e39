// The loops of the workloads that send messages: what the two ends of a connection do in a phase. Each runs on the
// worker that owns the end.
//
//   stream    as many messages as go, `depth` in flight; the receiver takes them
//   pingpong  one message at a time, sent back by the receiver
//   paced     messages at a fixed rate, whether or not earlier ones have arrived (an open loop); latency counts from
//             the moment at which a message should have been sent, so that a stall is charged to all that it delays
//
// A sender's phase ends with everything released; a receiver's with the arrival of what the sender says it sent. The
// receivers of a fanout do what those of a stream do.
#pragma once

#include "core/error.h"
#include "harness/workloads/connection_end.h"

namespace xover {

Result<void> send_workload(ConnectionEnd& end, const PhaseOrder& order);
Result<void> receive_workload(ConnectionEnd& end, const PhaseOrder& order, const Expectation& expected);

}  // namespace xover
