// The order matters: write, fsync, name. A name given before the data is on the disk could survive a crash without it.
#include "harness/reports/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

namespace xover {

namespace {

constexpr const char* operation = "write result file";
constexpr mode_t new_file_mode = 0666;  // less the umask

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

// Where the file goes, with symbolic links resolved.
struct Target {
  std::string path, folder;
  bool exists = false;
  bool regular = true;
};

// A file that is being written: unnamed, or under a hidden name that goes when it is not published.
struct Draft {
  FileDescriptor descriptor;
  std::string hidden_path;  // empty: unnamed
};

std::string remedy_for(int errno_value, const std::string& folder) {
  switch (errno_value) {
    case ENOSPC:
    case EDQUOT: return "free some space there or write to another disk";
    case EFBIG: return "raise the limit on file sizes: ulimit -f unlimited";
    case EACCES:
    case EPERM:
    case EROFS: return "choose a folder that you may write to";
    case ENOENT: return fmt::format("create the folder first: mkdir -p '{}'", folder);
    case ENOTDIR: return fmt::format("a part of '{}' is a file, not a folder", folder);
    case ENAMETOOLONG: return "choose a shorter name";
    default: return {};
  }
}

// A path that the user could have written better, against a disk that would not take it.
ErrorCode code_for(int errno_value) {
  const bool path_is_wrong =
      errno_value == ENOENT || errno_value == ENOTDIR || errno_value == ENAMETOOLONG || errno_value == ELOOP;
  return path_is_wrong ? ErrorCode::bad_input : code_of_errno(errno_value);
}

// Reads errno.
tl::unexpected<Error> failed(const Target& target) {
  const int errno_value = errno;
  return tl::make_unexpected(
      Error{code_for(errno_value), errno_value, operation, target.path, remedy_for(errno_value, target.folder)});
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Result<Target> locate(const std::string& path) {
  if (path.empty()) return make_error(ErrorCode::bad_input, operation, "''", "give the file a name");
  Target target{path, folder_of(path)};
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) {
    if (errno != ENOENT || path.back() == '/') return failed(target);
    return target;
  }
  if (S_ISDIR(status.st_mode)) {
    return make_error(ErrorCode::bad_input, operation, path, "this is a folder: name a file in it");
  }
  target.exists = true;
  target.regular = S_ISREG(status.st_mode);
  if (::faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) != 0) return failed(target);
  if (!target.regular) return target;
  if (char* resolved = ::realpath(path.c_str(), nullptr); resolved != nullptr) {
    target.path = resolved;
    target.folder = folder_of(target.path);
    std::free(resolved);
  }
  return target;
}

std::string hidden_path_beside(const Target& target) {
  static std::atomic<unsigned> counter{0};
  return fmt::format("{}/.xover-{}-{}.tmp", target.folder, ::getpid(), counter.fetch_add(1));
}

Result<Draft> open_draft(const Target& target) {
  Draft draft{FileDescriptor(::open(target.folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, new_file_mode)), {}};
  if (draft.descriptor.get() >= 0) return draft;
  // What open(2) says when the file system, or a kernel under an emulation, has no O_TMPFILE.
  if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL) return failed(target);
  draft.hidden_path = hidden_path_beside(target);
  draft.descriptor =
      FileDescriptor(::open(draft.hidden_path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, new_file_mode));
  if (draft.descriptor.get() < 0) return failed(target);
  return draft;
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// Gives an unnamed draft its name: at once where nothing stands there, else by way of a hidden name, because linkat
// does not replace. False with errno set.
bool publish(Draft& draft, const Target& target) {
  if (draft.hidden_path.empty()) {
    const std::string source = fmt::format("/proc/self/fd/{}", draft.descriptor.get());
    const auto link_as = [&](const std::string& path) {
      return ::linkat(AT_FDCWD, source.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) == 0;
    };
    if (link_as(target.path)) return true;
    if (errno != EEXIST) return false;
    const std::string hidden_path = hidden_path_beside(target);
    if (!link_as(hidden_path)) return false;
    draft.hidden_path = hidden_path;
  }
  if (::rename(draft.hidden_path.c_str(), target.path.c_str()) != 0) return false;
  draft.hidden_path.clear();
  return true;
}

Result<void> write_straight(const Target& target, std::string_view text) {
  const FileDescriptor descriptor(::open(target.path.c_str(), O_WRONLY | O_CLOEXEC));
  if (descriptor.get() < 0 || !write_all(descriptor.get(), text)) return failed(target);
  return {};
}

}  // namespace

Result<void> write_file_whole(const std::string& path, std::string_view text) {
  const Result<Target> target = locate(path);
  if (!target) return tl::unexpected(target.error());
  if (!target->regular) return write_straight(*target, text);
  Result<Draft> draft = open_draft(*target);
  if (!draft) return tl::unexpected(draft.error());

  const int fd = draft->descriptor.get();
  if (write_all(fd, text) && ::fsync(fd) == 0 && publish(*draft, *target)) return {};
  const auto error = failed(*target);
  if (!draft->hidden_path.empty()) ::unlink(draft->hidden_path.c_str());
  return error;
}

Result<void> check_file_writable(const std::string& path) {
  const Result<Target> target = locate(path);
  if (!target) return tl::unexpected(target.error());
  if (!target->regular) return {};
  const Result<Draft> draft = open_draft(*target);
  if (!draft) return tl::unexpected(draft.error());
  if (!draft->hidden_path.empty()) ::unlink(draft->hidden_path.c_str());
  return {};
}

}  // namespace xover
