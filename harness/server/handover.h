// How a client goes from the listening process to the process that serves it: the socket is inherited, everything else
// goes over a pair of packet sockets, the line, which stays for as long as the client is served. Keys go there only:
// never into arguments, the environment or a text.
//
//   server -> host   the session keys; one HandedClient; later perhaps {"stop": WHY}
//   host -> server   {"beat": true} every second; at the end {"how": ..., "samples": n}
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "core/error.h"
#include "harness/remote/handshake.h"
#include "harness/server/limits.h"
#include "transports/common/file_descriptor.h"

namespace xover {

// All that was agreed on with a client so far.
struct HandedClient {
  SessionKeys keys;
  std::uint64_t read_sequence = 0, write_sequence = 0;
  std::string unparsed;  // bytes of the client that are no whole frame yet
  std::string unsent;    // frames for the client that did not fit into its socket
  ClientLimits limits;
};

struct LineEnds {
  FileDescriptor server, host;
};
Result<LineEnds> make_line();

// Neither blocks: the line is fresh, and has room for what is bounded.
Result<void> send_handover(int line, const HandedClient& handed);
// Blocks for a few seconds at the most.
Result<HandedClient> receive_handover(int line);

// Packets of JSON. Sending fails only when the other end has gone or does not read; neither call blocks.
Result<void> send_packet(int line, const nlohmann::json& packet);
// Nothing when there is none now; peer_died when the other end has gone.
Result<std::optional<nlohmann::json>> take_packet(int line);

}  // namespace xover
