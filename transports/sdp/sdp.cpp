// The rows of the SDP transports: what they are, what can be set, whether they run here.
#include "transports/sdp/sdp.h"

#include <array>

#include "transports/common/option_tables.h"
#include "transports/common/registration/registration_options.h"
#include "transports/rdma/fabric.h"
#include "transports/sdp/sdp_way.h"

namespace xover {

namespace {

constexpr std::int64_t most_threshold = std::int64_t{1} << 40;

constexpr std::array common_options{
    OptionSpec{"stage", OptionKind::size, "32K", "", 1024, 1 << 20, "payload of a copied message at most"},
    OptionSpec{"receives", OptionKind::integer, "16", "", 5, 1024,
               "private receive buffers of a connection: what the peer may send without word from here"},
    OptionSpec{"account", OptionKind::boolean, "on", "", 0, 0, "take the time of each phase of a transfer"},
};

constexpr std::array zcopy_options{
    OptionSpec{"chunk", OptionKind::size, "128K", "", 4096, std::int64_t{1} << 30,
               "bytes that one advert offers at most"},
    OptionSpec{"adverts", OptionKind::integer, "16", "", 1, 64, "adverts of a connection at a time"},
};

constexpr std::array forced_options{
    OptionSpec{"threshold", OptionKind::size, "0", "", 0, most_threshold, "messages from this size on are not copied"},
};

constexpr std::array learned_options{
    OptionSpec{"threshold", OptionKind::size, "0", "", 0, most_threshold,
               "messages from this size on are not copied; 0: each connection learns it"},
    OptionSpec{"first_threshold", OptionKind::size, "64K", "", 1, most_threshold,
               "where a connection that learns begins"},
};

constexpr std::array sink_options{
    OptionSpec{"delayed_registration", OptionKind::boolean, "on", "", 0, 0,
               "a receive is registered when an advert is there to fill it, not when it is offered"},
};

constexpr auto cache_options = registration_options("1024", 1 << 16);
constexpr auto read_options = joined(common_options, zcopy_options, forced_options, sink_options, cache_options);
constexpr auto write_options = joined(common_options, zcopy_options, forced_options, cache_options);
constexpr auto auto_options = joined(common_options, zcopy_options, learned_options, sink_options, cache_options);

template <SdpWay way>
Result<std::unique_ptr<Session>> open(const OpenParameters& parameters) {
  return open_sdp(parameters, way);
}

constexpr std::string_view way_of_bcopy =
    "The sending side copies the message, in parts, into the other side's private receive buffers: on local and\n"
    "simulated the post of the send itself does, on verbs a copy into a private registered buffer from where the card\n"
    "sends. Then the sender's memory is free again. The receiving side copies each part into the buffers that its\n"
    "application has offered. Two copies in user space; nothing of the application's is registered. The sender has a\n"
    "credit for each receive buffer that waits on the other side, and stops when they are used up.";
constexpr std::string_view way_of_read_zcopy =
    "The sending side registers the message, in chunks, and says where they lie (SrcAvail). As soon as the\n"
    "application of the other side offers a buffer, that side registers it, reads the bytes straight into it (RDMA\n"
    "Read), and says so (RdmaRdCompl); then the sender's memory is free again. No copy in user space. On local the\n"
    "read is one copy by the reading side, process_vm_readv or memcpy, where a card would use DMA; on verbs over a\n"
    "soft device the kernel copies. Messages below the threshold, and what cannot be registered, go by bcopy.";
constexpr std::string_view way_of_write_zcopy =
    "The receiving side registers the buffers that its application offers and says where they lie (SinkAvail). The\n"
    "sending side registers the message, writes it straight into them (RDMA Write) and says so (RdmaWrCompl); its\n"
    "memory is free again when the write has ended. No copy in user space. On local the write is one copy by the\n"
    "writing side, where a card would use DMA; on verbs over a soft device the kernel copies. Messages below the\n"
    "threshold, those that find no buffer advertised, and what cannot be registered, go by bcopy.";
constexpr std::string_view way_of_auto =
    "As sdp.bcopy below a threshold and as sdp.read_zcopy from it on. Each connection learns the threshold while it\n"
    "is used: what a byte costs on either path, for each power of two of message sizes; one message in 64 goes the\n"
    "other way to find out. Or it is told: `xover threshold` measures the threshold for each number of connections,\n"
    "and the option `threshold` keeps it.";

template <SdpWay way>
constexpr Descriptor row(std::string_view id, std::string_view summary, std::string_view way_of_a_byte,
                         std::span<const OptionSpec> options) {
  return {.id = id,
          .family = "sdp",
          .path = Path::bypass,
          .summary = summary,
          .way_of_a_byte = way_of_a_byte,
          .options = options,
          .links = fabric_links,
          .probe = probe_fabric,
          .open = open<way>};
}

constexpr std::array rows{
    row<SdpWay::bcopy>("sdp.bcopy", "SDP-style stream through private pre-registered buffers", way_of_bcopy,
                       common_options),
    row<SdpWay::read_zcopy>("sdp.read_zcopy", "SDP-style stream, the receiver reads the sender's memory",
                            way_of_read_zcopy, read_options),
    row<SdpWay::write_zcopy>("sdp.write_zcopy", "SDP-style stream, the sender writes the receiver's memory",
                             way_of_write_zcopy, write_options),
    row<SdpWay::automatic>("sdp.auto", "SDP-style stream that chooses between copy and zero-copy", way_of_auto,
                           auto_options),
};

}  // namespace

std::span<const Descriptor> sdp_transports() { return rows; }

}  // namespace xover
