// Receive side scaling: by which key, hash and table an interface chooses the queue of a flow; so which queue that is.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"

namespace xover {

enum class FlowKind : std::uint8_t { tcp_ipv4, udp_ipv4, tcp_ipv6, udp_ipv6 };
inline constexpr std::size_t flow_kinds = 4;

// As the receiver's interface sees it: the source is the peer.
struct Flow {
  std::string source, destination;  // numeric addresses, both of one version
  std::uint16_t source_port = 0, destination_port = 0;
  bool udp = false;
};

FlowKind kind_of(const Flow& flow);

// What of a flow goes into the hash.
struct HashFields {
  bool addresses = false, ports = false;
  bool others = false;  // or only one of the two addresses or ports

  bool operator==(const HashFields&) const = default;
};

struct Rss {
  std::string function;                    // "toeplitz", "xor", "crc32"; empty: the driver does not tell
  std::vector<std::uint8_t> key;           // empty: the driver does not tell
  std::vector<std::uint32_t> indirection;  // queue by the hash modulo its size; empty: the driver does not tell
  bool symmetric = false;                  // source and destination are mixed before they are hashed
  std::array<std::optional<HashFields>, flow_kinds> fields;  // by FlowKind; none: the driver does not tell
  std::uint32_t queues = 0;                                  // 0: unknown

  const std::optional<HashFields>& fields_of(FlowKind kind) const { return fields[static_cast<std::size_t>(kind)]; }
  // Those that the table leads to, each once, in rising order.
  std::vector<std::uint32_t> used_queues() const;
};

std::string words_of(const HashFields& fields);  // "addresses and ports"

// Asks the driver. What it does not tell stays empty. no_device: there is no such interface.
Result<Rss> read_rss(const std::string& interface);

// Nothing where queue_of() can tell for flows of this kind, else why not, as `unsupported`: no key told, another hash
// than Toeplitz, mixed input. Neither knows of steering besides (ntuple filters, accelerated RFS).
Result<void> check_rss_known(const Rss& rss, FlowKind kind);

// The queue that a flow arrives at. With a single queue it is that one. bad_input: addresses that are none.
Result<std::uint32_t> queue_of(const Rss& rss, const Flow& flow);

}  // namespace xover
