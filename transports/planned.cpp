// Ids, families and one line each; a row leaves this file when its transport is written.
#include "transports/planned.h"

#include <array>

namespace xover {

namespace {

constexpr Descriptor planned(std::string_view id, std::string_view family, Path path, std::string_view summary) {
  Descriptor row;
  row.id = id;
  row.family = family;
  row.path = path;
  row.summary = summary;
  return row;
}

constexpr std::array rows{
    planned("rdma.send", "rdma", Path::bypass, "RDMA send and receive"),
    planned("rdma.write", "rdma", Path::bypass, "RDMA write with immediate into the receiver's ring"),
    planned("rdma.read", "rdma", Path::bypass, "RDMA read by the receiver from the sender's memory"),
    planned("sdp.bcopy", "sdp", Path::bypass, "SDP-style stream through private pre-registered buffers"),
    planned("sdp.read_zcopy", "sdp", Path::bypass, "SDP-style stream, the receiver reads the sender's memory"),
    planned("sdp.write_zcopy", "sdp", Path::bypass, "SDP-style stream, the sender writes the receiver's memory"),
    planned("sdp.auto", "sdp", Path::bypass, "SDP-style stream that chooses between copy and zero-copy"),
    planned("rsocket", "rsocket", Path::bypass, "librdmacm's rsockets"),
};

}  // namespace

std::span<const Descriptor> planned_transports() { return rows; }

}  // namespace xover
