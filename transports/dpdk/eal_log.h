// What DPDK says: kept for the context of an error instead of shown. Its own messages come through a stream, and what
// its start writes to the standard error by other ways is caught there.
#pragma once

#include <mutex>
#include <string>

#include "transports/common/file_descriptor.h"

namespace xover {

// From now on DPDK's messages of level warning and above are kept, the last few of them. Any thread may cause some.
void keep_eal_messages();

// Adds to what is kept.
void add_eal_messages(const std::string& text);

// While it lives, what any thread of this process writes to the standard error goes to a file in memory, which is then
// kept with DPDK's messages. So it lives as short as can be. One thread at a time has some, each within the last;
// others wait.
class StandardErrorCatch {
 public:
  StandardErrorCatch();
  ~StandardErrorCatch();
  StandardErrorCatch(const StandardErrorCatch&) = delete;
  StandardErrorCatch& operator=(const StandardErrorCatch&) = delete;

 private:
  std::unique_lock<std::recursive_mutex> lock_;  // given up last
  FileDescriptor original_, caught_;
};

}  // namespace xover
