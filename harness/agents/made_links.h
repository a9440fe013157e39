// The links that a run has made, each when it is first asked for, held open until the run ends. The coordinator stays
// in its own namespaces: a process spawned for the purpose makes a link, and hands over the descriptors before it ends.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "core/link.h"
#include "harness/agents/agent_process.h"
#include "harness/links/make_link.h"

namespace xover {

class MadeLinks {
 public:
  explicit MadeLinks(AgentProcess::StopRequested stop_requested) : stop_requested_(std::move(stop_requested)) {}

  // Null for links that are there without being made. A link that cannot be made is not tried again. Blocks while a
  // link is made, for some milliseconds; the pointer stays valid as long as this object.
  Result<const MadeLink*> find_or_make(const Link& link);

 private:
  Result<MadeLink> make(const Link& link) const;

  AgentProcess::StopRequested stop_requested_;
  std::map<std::string, Result<MadeLink>> made_;  // by Link::text()
};

}  // namespace xover
