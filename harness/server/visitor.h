// Somebody who has connected and whose turn it is not: in the handshake, saying hello, or in the queue. Its socket
// never blocks, and what is kept of it is bounded. Used by the listening process alone.
//
//   handshake -> hello -> queued -> handed over
//   any of them -> leaving (a last word is on its way) -> gone
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "core/clock.h"
#include "core/error.h"
#include "harness/remote/handshake.h"
#include "harness/remote/sealed_frames.h"
#include "harness/server/handover.h"
#include "harness/server/limits.h"
#include "transports/common/file_descriptor.h"

namespace xover {

// What every client is served under.
struct ServerTerms {
  Key key;
  ClientLimits limits;
  std::string program;  // this one and its version, as clients are told
};

enum class Stage : std::uint8_t { handshake, hello, queued, leaving, gone };

class Visitor {
 public:
  // `name` is how lines call it, `network` what it is counted by. The server's greeting goes out at once. The terms
  // outlive it.
  Visitor(FileDescriptor socket, std::string name, std::string network, const ServerTerms& terms, MonotonicNs now);

  Stage stage() const { return stage_; }
  bool has_key() const { return stage_ == Stage::hello || stage_ == Stage::queued; }
  int socket() const { return socket_.get(); }
  short events() const;
  const std::string& name() const { return name_; }
  const std::string& network() const { return network_; }
  const std::string& program() const { return program_; }  // as it says
  const std::string& run() const { return run_; }
  MonotonicNs came_at() const { return came_at_; }
  std::optional<MonotonicNs> deadline() const;  // of the stage it is in

  // Why it was sent away or has left before its turn; each once.
  std::optional<std::string> take_refusal();

  // Reads and writes what can be. `has_room`: one more client with the key would be taken now.
  void serve(bool has_room, MonotonicNs now);
  // Sends it away if its time is over.
  void look_at_clock(MonotonicNs now);
  void tell_place(std::size_t place);
  // With a last word where the connection is as far as that.
  void send_away(const std::string& why, MonotonicNs now);
  // As if it had closed the connection itself.
  void drop(const std::string& why);

  // Only when queued. The visitor keeps its socket until it is destroyed.
  HandedClient hand_over();
  const FileDescriptor& descriptor() const { return socket_; }

 private:
  void read(bool has_room, MonotonicNs now);
  void read_handshake(std::string_view bytes, bool has_room, MonotonicNs now);
  void read_requests(MonotonicNs now);
  void end_of_stream(const std::string& how);
  nlohmann::json answer(const nlohmann::json& request);
  nlohmann::json answer_hello(const nlohmann::json& request);
  void tell(const nlohmann::json& text);
  void write();
  void leave(MonotonicNs now);

  FileDescriptor socket_;
  std::string name_, network_, program_, run_;
  const ServerTerms& terms_;
  MonotonicNs came_at_, leaves_at_ = 0;
  Stage stage_ = Stage::handshake;
  std::optional<ServerHandshake> handshake_;
  std::optional<SessionKeys> keys_;
  std::optional<SealedWriter> writer_;
  std::optional<SealedParser> parser_;
  std::string unsent_;
  std::size_t place_ = 0;  // as it was told
  bool goes_ = false;      // it said goodbye
  std::optional<std::string> refusal_;
};

}  // namespace xover
