// Packets over a pair of sockets of AF_UNIX.
#include "harness/server/handover.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

#include <openssl/crypto.h>
#include <nlohmann/json.hpp>

#include "transports/common/sockets.h"

namespace xover {

using nlohmann::json;

namespace {

constexpr std::size_t longest_packet = 160 * 1024;  // what the server keeps of a client is far below
constexpr std::int64_t receive_bound_ns = 10'000'000'000;

using PackedKeys = std::array<unsigned char, 2 * key_bytes>;

Result<void> send_bytes(int line, const void* bytes, std::size_t size) {
  if (send(line, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL) == static_cast<ssize_t>(size)) return {};
  return system_error("send", "line between server and client host");
}

// The size of the packet; nothing when there is none now.
Result<std::optional<std::size_t>> take_bytes(int line, void* bytes, std::size_t size) {
  for (;;) {
    const ssize_t got = recv(line, bytes, size, MSG_DONTWAIT);
    if (got > 0) return std::optional(static_cast<std::size_t>(got));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return std::optional<std::size_t>();
    return make_error(ErrorCode::peer_died, "receive", "the line between server and client host was closed");
  }
}

Result<std::size_t> wait_for_bytes(int line, void* bytes, std::size_t size) {
  const MonotonicNs deadline = monotonic_now_ns() + receive_bound_ns;
  if (auto ready = await(line, POLLIN, deadline, "receive", "the line to the server"); !ready)
    return tl::make_unexpected(ready.error());
  const auto got = take_bytes(line, bytes, size);
  if (!got) return tl::make_unexpected(got.error());
  return got->value_or(0);
}

std::vector<std::uint8_t> bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

std::string text_of(const json& value) {
  const auto& bytes = value.get_binary();
  return {bytes.begin(), bytes.end()};
}

Result<SessionKeys> receive_keys(int line) {
  PackedKeys packed;
  const auto got = wait_for_bytes(line, packed.data(), packed.size());
  if (!got) return tl::make_unexpected(got.error());
  if (*got != packed.size()) return make_error(ErrorCode::internal, "receive", "no session keys came");
  SessionKeys keys;
  std::copy_n(packed.begin(), key_bytes, keys.to_server.bytes.begin());
  std::copy_n(packed.begin() + key_bytes, key_bytes, keys.to_client.bytes.begin());
  OPENSSL_cleanse(packed.data(), packed.size());
  return keys;
}

}  // namespace

Result<LineEnds> make_line() {
  std::array<int, 2> ends;
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) return system_error("socketpair");
  return LineEnds{FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

Result<void> send_handover(int line, const HandedClient& handed) {
  PackedKeys packed;
  std::ranges::copy(handed.keys.to_server.bytes, packed.begin());
  std::ranges::copy(handed.keys.to_client.bytes, packed.begin() + key_bytes);
  auto sent = send_bytes(line, packed.data(), packed.size());
  OPENSSL_cleanse(packed.data(), packed.size());
  if (!sent) return sent;
  const json rest{{"read_sequence", handed.read_sequence},
                  {"write_sequence", handed.write_sequence},
                  {"unparsed", json::binary(bytes_of(handed.unparsed))},
                  {"unsent", json::binary(bytes_of(handed.unsent))},
                  {"limits", to_json(handed.limits)}};
  const auto bytes = json::to_cbor(rest);
  return send_bytes(line, bytes.data(), bytes.size());
}

Result<HandedClient> receive_handover(int line) {
  HandedClient handed;
  auto keys = receive_keys(line);
  if (!keys) return tl::make_unexpected(keys.error());
  handed.keys = *keys;
  std::vector<std::uint8_t> bytes(longest_packet);
  const auto got = wait_for_bytes(line, bytes.data(), bytes.size());
  if (!got) return tl::make_unexpected(got.error());
  bytes.resize(*got);
  try {
    const json rest = json::from_cbor(bytes);
    rest.at("read_sequence").get_to(handed.read_sequence);
    rest.at("write_sequence").get_to(handed.write_sequence);
    handed.unparsed = text_of(rest.at("unparsed"));
    handed.unsent = text_of(rest.at("unsent"));
    auto limits = client_limits_from_json(rest.at("limits"));
    if (!limits) return tl::make_unexpected(limits.error());
    handed.limits = *limits;
  } catch (const std::exception& problem) {
    return make_error(ErrorCode::internal, "receive", problem.what());
  }
  return handed;
}

Result<void> send_packet(int line, const json& packet) {
  const std::string text = packet.dump(-1, ' ', false, json::error_handler_t::replace);
  return send_bytes(line, text.data(), text.size());
}

Result<std::optional<json>> take_packet(int line) {
  std::array<char, 4096> bytes;
  const auto got = take_bytes(line, bytes.data(), bytes.size());
  if (!got) return tl::make_unexpected(got.error());
  if (!*got) return std::optional<json>();
  return std::optional(json::parse(std::string_view(bytes.data(), **got), nullptr, false));
}

}  // namespace xover
