// Making and removing directories. The parent is open to everybody as a rule, so nothing there is followed or trusted:
// symbolic links and other people's directories are left alone.
#include "harness/workloads/file_directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace xover {

namespace {

constexpr std::string_view prefix = "xover-files-";
constexpr int directory_flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

std::vector<std::string> names_in(int directory) {
  const int listed = openat(directory, ".", directory_flags);
  if (listed < 0) return {};
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(fdopendir(listed), closedir);
  std::vector<std::string> names;
  if (!entries) {
    close(listed);
    return names;
  }
  while (const dirent* entry = readdir(entries.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  return names;
}

void remove_with_contents(const std::string& path, int descriptor) {
  for (const std::string& name : names_in(descriptor)) unlinkat(descriptor, name.c_str(), 0);
  rmdir(path.c_str());
}

// The PID in xover-files-PID-XXXXXX.
std::optional<pid_t> maker_of(std::string_view name) {
  if (!name.starts_with(prefix)) return std::nullopt;
  name.remove_prefix(prefix.size());
  pid_t maker = 0;
  const auto [end, problem] = std::from_chars(name.data(), name.data() + name.size(), maker);
  const std::string_view rest(end, static_cast<std::size_t>(name.data() + name.size() - end));
  if (problem != std::errc() || maker <= 0 || rest.size() != 7 || rest.front() != '-') return std::nullopt;
  return maker;
}

// One that has ended and was not waited for yet is there by number alone: proc(5), the state behind the name.
bool is_alive(pid_t process) {
  if (kill(process, 0) != 0 && errno == ESRCH) return false;
  std::ifstream status(fmt::format("/proc/{}/stat", process));
  const std::string text(std::istreambuf_iterator<char>(status), {});
  const auto name_end = text.rfind(") ");
  return name_end == std::string::npos || std::string_view("ZX").find(text[name_end + 2]) == std::string_view::npos;
}

void remove_if_abandoned(const std::string& path) {
  const FileDescriptor directory(open(path.c_str(), directory_flags));
  struct stat status{};
  if (!directory || fstat(directory.get(), &status) != 0 || status.st_uid != geteuid()) return;
  // A maker in another PID namespace looks dead from here, but holds its lock.
  if (flock(directory.get(), LOCK_EX | LOCK_NB) != 0) return;
  remove_with_contents(path, directory.get());
}

}  // namespace

Result<FileDirectory> FileDirectory::make(const std::string& parent) {
  remove_abandoned_directories(parent);
  std::string path = fmt::format("{}/{}{}-XXXXXX", parent, prefix, getpid());
  if (mkdtemp(path.data()) == nullptr)
    return system_error("make a directory for the files", parent, "choose another place with --directory");
  FileDirectory directory;
  directory.path_ = path;
  directory.descriptor_ = FileDescriptor(open(path.c_str(), directory_flags));
  if (!directory.descriptor_) {
    const auto problem = system_error("open the directory of the files", path);
    rmdir(path.c_str());
    return problem;
  }
  flock(directory.descriptor(), LOCK_EX | LOCK_NB);
  return directory;
}

FileDirectory::~FileDirectory() {
  if (descriptor_) remove_with_contents(path_, descriptor());
}

void remove_abandoned_directories(const std::string& parent) {
  const FileDescriptor directory(open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return;
  for (const std::string& name : names_in(directory.get())) {
    const auto maker = maker_of(name);
    if (maker && !is_alive(*maker)) remove_if_abandoned(fmt::format("{}/{}", parent, name));
  }
}

}  // namespace xover
