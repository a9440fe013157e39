// The signals that end a server in order, as something that can be polled.
#pragma once

#include <signal.h>

#include <string>

#include "core/error.h"
#include "transports/common/file_descriptor.h"

namespace xover {

// One at a time, in a process of one thread. SIGINT and SIGTERM, and SIGHUP unless it is ignored on purpose (nohup), do
// nothing but be read here for as long as it lives.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  int get() const { return descriptor_.get(); }  // readable: one has come
  std::string take() const;                      // its name; empty when none has come

 private:
  sigset_t before_;
  FileDescriptor descriptor_;
};

}  // namespace xover
