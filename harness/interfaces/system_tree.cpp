// sysfs shows the network namespace in which it was mounted: sysfs(5), network_namespaces(7).
#include "harness/interfaces/system_tree.h"

#include <net/if.h>

#include <filesystem>
#include <system_error>

#include "core/units.h"
#include "harness/measurement/system_file.h"

namespace xover {

std::optional<std::string> interface_folder(const std::string& name, const SystemTree& tree) {
  if (name.empty() || name.find('/') != std::string::npos || name == "." || name == "..") return std::nullopt;
  const std::string folder = tree.sys + "/class/net/" + name;
  std::error_code none;
  if (!std::filesystem::is_directory(folder, none)) return std::nullopt;
  const bool made_up = tree.sys != SystemTree{}.sys;
  if (!made_up && read_number(folder + "/ifindex") != if_nametoindex(name.c_str())) return std::nullopt;
  return folder;
}

std::optional<std::uint64_t> read_number(const std::string& path) {
  const auto line = read_first_line(path);
  const auto value = line ? parse_integer(*line) : Result<std::int64_t>(-1);
  if (!value || *value < 0) return std::nullopt;
  return static_cast<std::uint64_t>(*value);
}

std::string target_name(const std::string& link) {
  std::error_code none;
  return std::filesystem::read_symlink(link, none).filename().string();
}

}  // namespace xover
