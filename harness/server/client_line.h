// The conversation with the client whose turn it is: sealed frames of JSON over its socket, from the client host's
// side. One thread.
#pragma once

#include <optional>

#include <nlohmann/json_fwd.hpp>

#include "core/error.h"
#include "harness/remote/sealed_frames.h"
#include "harness/server/handover.h"
#include "transports/common/file_descriptor.h"

namespace xover {

class ClientLine {
 public:
  // Goes on where the listening process left off.
  ClientLine(FileDescriptor socket, HandedClient& handed);

  // Blocks while the client does not read, for some seconds at the most.
  Result<void> send(const nlohmann::json& text);

  // The next text that came; nothing when there is none now. Never blocks. Errors: peer_died when the client has gone;
  // bad_input when what came is no frame of this connection, or no JSON.
  Result<std::optional<nlohmann::json>> take();

  // Lets what was sent arrive: closing at once, with bytes unread, would throw it away. Blocks for half a second at the
  // most.
  void finish();

  int socket() const { return socket_.get(); }

 private:
  Result<void> send_bytes(std::string_view bytes);

  FileDescriptor socket_;
  SealedWriter writer_;
  SealedParser parser_;
  std::string unsent_;  // from before
};

}  // namespace xover
