// One end of the conversation between coordinator and agent: frames over a stream socket, each wait bounded. Control
// plane, one thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/error.h"
#include "harness/agents/frame.h"

namespace xover {

class ControlChannel {
 public:
  explicit ControlChannel(int socket) : socket_(socket) {}  // owns the socket
  ControlChannel(ControlChannel&& other) noexcept;
  ControlChannel& operator=(ControlChannel&&) = delete;
  ~ControlChannel();

  Result<void> send(std::string_view text, MonotonicNs deadline);

  // Waits for the next frame. `interrupted` is asked at least every 50 ms; when it gives an error, the wait ends with
  // it. An end of stream is ErrorCode::peer_died.
  Result<std::string> receive(MonotonicNs deadline, const std::function<Result<void>()>& interrupted);

  int socket() const { return socket_; }

 private:
  int socket_;
  FrameParser parser_;
};

}  // namespace xover
