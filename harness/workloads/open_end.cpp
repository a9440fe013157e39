// Which end does a side's part of a workload.
#include "harness/workloads/connection_end.h"
#include "harness/workloads/end.h"
#include "harness/workloads/fanout_sender.h"
#include "harness/workloads/file_client.h"
#include "harness/workloads/file_server.h"

namespace xover {

EndShape shape_of_side(const Point& point, Role role) {
  if (point.workload == Workload::fanout && role == Role::sender) return {1, point.connections};
  return {point.connections, 1};
}

Result<std::unique_ptr<End>> open_end(const SampleSpec& spec, Role role, unsigned number, FileSet* files) {
  const bool sender = role == Role::sender;
  switch (spec.point.workload) {
    case Workload::stream:
    case Workload::pingpong:
    case Workload::paced: break;
    case Workload::file: return sender ? FileServer::open(spec, number, *files) : FileClient::open(spec, number);
    case Workload::fanout:
      if (sender) return FanoutSender::open(spec);
      break;  // its receivers do what a stream's do
  }
  return ConnectionEnd::open(spec, role, number);
}

}  // namespace xover
