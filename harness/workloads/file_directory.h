// The directory of a file set: xover-files-PID-XXXXXX, where PID is the process that made it and holds a lock on it.
// Control plane.
#pragma once

#include <string>

#include "core/error.h"
#include "transports/common/file_descriptor.h"

namespace xover {

class FileDirectory {
 public:
  FileDirectory() = default;
  FileDirectory(FileDirectory&&) noexcept = default;
  FileDirectory& operator=(FileDirectory&&) noexcept = default;
  ~FileDirectory();  // removes it with everything in it

  // A new one under `parent`. Removes those that dead processes have left there first.
  static Result<FileDirectory> make(const std::string& parent);

  const std::string& path() const { return path_; }
  int descriptor() const { return descriptor_.get(); }

 private:
  std::string path_;
  FileDescriptor descriptor_;
};

// Removes what dead processes have left behind under `parent`: directories of that name whose process is gone, whose
// lock is free, and which belong to this user. Never fails: what cannot be removed stays.
void remove_abandoned_directories(const std::string& parent);

}  // namespace xover
