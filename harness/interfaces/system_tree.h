// Where the kernel tells about itself. Tests say another folder.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace xover {

struct SystemTree {
  std::string sys = "/sys";
  std::string proc = "/proc";
};

// /sys/class/net/NAME. None where there is no such interface, or where the mounted sysfs shows another network
// namespace than the calling process is in: it would tell of a stranger of that name.
std::optional<std::string> interface_folder(const std::string& name, const SystemTree& tree);

// The number on the first line of a file; none where it cannot be read or is no such number: -1 means unknown there.
std::optional<std::uint64_t> read_number(const std::string& path);

// The name of what a symbolic link leads to, without its folders; empty: none.
std::string target_name(const std::string& link);

}  // namespace xover
