// The process that serves one client, the one whose turn it is: it carries out what is asked over the control
// connection, with agents of its own, and ends with the client. So whatever a client took of this host is given back by
// the end of a process.
//
// After the handshake (remote/handshake.h) all is sealed frames of JSON (remote/sealed_frames.h). Requests have an id,
// and are answered in any order: {"id": n, "ok": true, ...} or {"id": n, "ok": false, "error": as in
// agents/protocol.h}.
//
//   hello        {program, protocol, run} -> program, protocol, limits; before anything else. `protocol` is that of
//                                            agents, and must be the same where it is said
//   clock                                 -> monotonic_ns, realtime_ns; at any time after the handshake
//   bye                                   -> nothing is left of the client on this host; the connection is closed
//   start_agent  {name}                   -> agent, a number
//   ask          {agent, bound_ns, body}  -> reply; `body` is a request of agents/protocol.h. One at a time. What the
//                                            agent refuses is an error here
//   end_agent    {agent}                  also ends the wait for its answer
//
// The last three are for the client whose turn it is. Events come at any time:
//
//   queued       {place}                  1: next
//   turn
//   alive                                 every second of the turn
//   agent_ended  {agent, how}             by itself
//   closing      {why}                    the server ends the connection for a reason of its own
#pragma once

namespace xover {

// `line_fd` leads to the listening process, which has sent what there is to know (handover.h); `client_fd` is the
// client's socket. Blocks until the client has gone, or must go; returns the exit code. Dies with the listening
// process.
int client_host_main(int line_fd, int client_fd);

}  // namespace xover
