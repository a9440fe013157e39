// Address, key, connection.
#include "harness/command_line/reach_peer.h"

#include <cstdio>

#include <fmt/format.h>

namespace xover {

Result<std::unique_ptr<RemoteHost>> reach_peer(const std::string& peer, const std::optional<std::string>& key_file,
                                               const std::string& run_name, const InterruptGuard& interrupt) {
  if (peer.empty()) return nullptr;
  const auto address = parse_peer(peer);
  if (!address) return tl::make_unexpected(address.error());
  const auto key = key_file ? read_key_file(*key_file) : no_key();
  if (!key) return tl::make_unexpected(key.error());
  return RemoteHost::connect(
      *address, *key, run_name, [&interrupt] { return interrupt.requested(); },
      [](const std::string& line) { fmt::print(stderr, "{}\n", line); });
}

}  // namespace xover
