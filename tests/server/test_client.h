// A client of `xover serve` for tests: it can do everything right, and anything wrong. Every wait is bounded, and
// throws when it takes too long.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "harness/remote/handshake.h"
#include "harness/remote/sealed_frames.h"
#include "transports/common/file_descriptor.h"

namespace xover::test {

// The connection was closed by the server.
struct ServerGone : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class TestClient {
 public:
  using json = nlohmann::json;

  explicit TestClient(std::uint16_t port, const Key& key = no_key(), std::uint32_t version = remote_protocol_version);
  ~TestClient();

  // Through the handshake, to its end whatever that is.
  HandshakeState shake_hands();
  const ClientHandshake& handshake() const { return handshake_; }
  // The same, hello, and what it was answered.
  json say_hello(const std::string& run = "test");
  // The same, and until it is its turn.
  void reach_turn();

  std::uint64_t send(json request);  // gives it an id
  json answer_to(std::uint64_t id);  // events that come before it are kept
  json request(json request);
  json event(const std::string& name);  // the next of this name; others before it are dropped
  std::optional<json> event_within(const std::string& name, std::chrono::milliseconds bound);

  std::uint64_t start_agent();
  json ask(std::uint64_t agent, const json& body, std::int64_t bound_ns = 30'000'000'000);

  // Beside the rules.
  void send_bytes(std::string_view bytes);
  std::string seal(const json& text);
  bool is_closed_within(std::chrono::milliseconds bound);  // by the server; what comes before is kept
  void close() { socket_.close(); }
  int socket() const { return socket_.get(); }
  std::string received_bytes;  // all that ever came, as it came

 private:
  bool receive(std::chrono::steady_clock::time_point deadline);  // false: nothing came
  std::optional<json> take(const std::function<bool(const json&)>& wanted, std::chrono::milliseconds bound);

  FileDescriptor socket_;
  ClientHandshake handshake_;
  std::optional<SealedWriter> writer_;
  std::optional<SealedParser> parser_;
  std::vector<json> inbox_;
  std::uint64_t last_id_ = 0;
};

// One that no server has.
Key another_key();

// A connection that says nothing by itself.
FileDescriptor connect_to(std::uint16_t port);

}  // namespace xover::test
