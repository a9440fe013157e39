// From what a person gave with --peer and --key-file to the other host.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "harness/command_line/interrupt.h"
#include "harness/remote/remote_host.h"

namespace xover {

// Null where `peer` is empty: there is none. Waits for this run's turn there, and tells on standard error that it does.
Result<std::unique_ptr<RemoteHost>> reach_peer(const std::string& peer, const std::optional<std::string>& key_file,
                                               const std::string& run_name, const InterruptGuard& interrupt);

}  // namespace xover
