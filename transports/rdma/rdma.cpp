// The rows of the plain RDMA transports: what they are, what can be set, whether they run here.
#include "transports/rdma/rdma.h"

#include <array>

#include "transports/common/option_tables.h"
#include "transports/common/registration/registration_options.h"
#include "transports/rdma/fabric.h"
#include "transports/rdma/rdma_session.h"

namespace xover {

namespace {

constexpr std::array window_option{
    OptionSpec{"window", OptionKind::integer, "64", "", 4, 1024,
               "messages that the peer may send without word from here"},
};
constexpr std::array buffer_options{
    OptionSpec{"buffer", OptionKind::size, "64K", "", 64, 64 << 20,
               "size of a posted receive buffer, and of the longest message"},
    OptionSpec{"inline", OptionKind::size, "192", "", 0, 4096,
               "on verbs, messages up to this size are copied into the request, as far as the device takes them"},
};
constexpr std::array ring_option{
    OptionSpec{"ring", OptionKind::size, "4M", "", 1 << 16, 1 << 30,
               "where messages arrive; the longest has a quarter of it"},
};
constexpr std::array reads_option{
    OptionSpec{"reads", OptionKind::integer, "16", "", 1, 128, "messages that the receiver reads at a time"},
};
constexpr auto cache_options = registration_options("1024", 1 << 16);

constexpr auto send_options = joined(window_option, buffer_options, cache_options);
constexpr auto write_options = joined(window_option, ring_option, cache_options);
constexpr auto read_options = joined(window_option, ring_option, reads_option, cache_options);

template <RdmaWay way>
Result<std::unique_ptr<Session>> open(const OpenParameters& parameters) {
  return RdmaSession::open(parameters, way);
}

constexpr std::string_view way_of_send =
    "The arena is registered when it is made, other memory when it is sent from, and kept in a cache. A request names\n"
    "the fields of a message, and the fabric moves them into the oldest buffer that the peer has posted: no copy by\n"
    "the sending program. On verbs a short message is copied into the request.\n"
    "local: xover's own fabric copies once, the sender's CPU into the receiver's buffer, where a card would use DMA.\n"
    "simulated: bytes are moved by the model, in its own time. verbs: a card reads the fields by DMA and the peer's\n"
    "writes the buffer; the software devices rxe and siw copy in the kernel instead.\n"
    "The receiving application is lent the buffer, which is posted again when the lease ends; a batch of those is "
    "told\n"
    "to the sender as credit. The sender's memory is free again when the message has arrived.";
constexpr std::string_view way_of_write =
    "The arena is registered when it is made, other memory when it is sent from, and kept in a cache. At connect the\n"
    "receiver tells where its ring is; the sender writes each message there by itself, in one piece behind the one\n"
    "before, and the write takes a posted receive with it, which is how the receiver hears of it. No copy by either\n"
    "program.\n"
    "local: xover's own fabric copies once, the sender's CPU into the receiver's ring, where a card would use DMA.\n"
    "simulated: bytes are moved by the model, in its own time. verbs: a card reads the fields by DMA and the peer's\n"
    "writes the ring; the software devices rxe and siw copy in the kernel instead.\n"
    "The receiving application is lent the message where it lies; room that came back is told to the sender in "
    "batches.\n"
    "The sender's memory is free again when the message has arrived.";
constexpr std::string_view way_of_read =
    "The arena is registered for reading when it is made, other memory when it is sent from, and kept in a cache. The\n"
    "sender publishes where the fields of a message lie; the receiver reads them by itself into a ring of its own. No\n"
    "copy by either program.\n"
    "local: xover's own fabric copies once, the receiver's CPU straight out of the sender's memory, by memcpy or\n"
    "process_vm_readv(), where a card would use DMA. simulated: bytes are moved by the model, in its own time. verbs:\n"
    "the sender's card reads the fields by DMA and the receiver's writes the ring, while the sender's CPU does\n"
    "nothing; the software devices rxe and siw copy in the kernel instead.\n"
    "The receiving application is lent the message where it lies. The sender's memory is free again when the receiver\n"
    "has said, in batches, that it has read.";

template <RdmaWay way>
constexpr Descriptor row(std::string_view id, std::string_view summary, std::string_view way_of_a_byte,
                         std::span<const OptionSpec> options) {
  return {.id = id,
          .family = "rdma",
          .path = Path::bypass,
          .summary = summary,
          .way_of_a_byte = way_of_a_byte,
          .options = options,
          .links = fabric_links,
          .probe = probe_fabric,
          .open = open<way>};
}

constexpr std::array rows{
    row<RdmaWay::send>("rdma.send", "RDMA send into a posted receive", way_of_send, send_options),
    row<RdmaWay::write>("rdma.write", "RDMA write with immediate into the receiver's ring", way_of_write,
                        write_options),
    row<RdmaWay::read>("rdma.read", "RDMA read by the receiver from the sender's memory", way_of_read, read_options),
};

}  // namespace

std::span<const Descriptor> rdma_transports() { return rows; }

}  // namespace xover
