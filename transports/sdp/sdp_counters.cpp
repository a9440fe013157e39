// Names. A message kind is counted by what it is called in the protocol.
#include "transports/sdp/sdp_counters.h"

#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

namespace xover {

namespace {

using sdp::Statistics;

struct Named {
  std::string_view name;
  std::uint64_t Statistics::* value;
};

constexpr std::array plain{
    Named{"bcopy_bytes", &Statistics::copied_bytes},
    Named{"read_zcopy_bytes", &Statistics::read_bytes},
    Named{"write_zcopy_bytes", &Statistics::written_bytes},
    Named{"adverts_read", &Statistics::adverts_read},
    Named{"adverts_cancelled", &Statistics::adverts_cancelled},
    Named{"adverts_sent_small", &Statistics::adverts_sent_small},
    Named{"adverts_crossed", &Statistics::adverts_crossed},
    Named{"sink_adverts_written", &Statistics::sink_adverts_written},
    Named{"sink_adverts_copied", &Statistics::sink_adverts_copied},
    Named{"sink_adverts_withdrawn", &Statistics::sink_adverts_withdrawn},
    Named{"sink_adverts_stale", &Statistics::stale_sink_adverts},
    Named{"cancels", &Statistics::cancels},
    Named{"unread_timeouts", &Statistics::unread_timeouts},
    Named{"late_adverts", &Statistics::late_adverts},
    Named{"read_stage_reads", &Statistics::stage_reads},
    Named{"wasted_pins", &Statistics::wasted_pins},
    Named{"refused_registrations", &Statistics::refused_registrations},
    Named{"credit_stalls", &Statistics::credit_stalls},
    Named{"stage_stalls", &Statistics::stage_stalls},
    Named{"credit_updates", &Statistics::credit_updates},
    Named{"mode_changes", &Statistics::mode_changes},
};

// By CopyReason.
constexpr std::array<std::string_view, sdp::copy_reasons> reasons{
    "bcopy_because_below_threshold",        "bcopy_because_scattered",  "bcopy_because_not_in_this_mode",
    "bcopy_because_too_small_for_combined", "bcopy_because_peer_waits", "bcopy_because_unread",
    "bcopy_because_registration_refused",   "bcopy_because_send_small", "bcopy_because_no_sink_advert",
};

constexpr std::array kinds{
    std::pair{sdp::Kind::data, std::string_view("messages_data")},
    std::pair{sdp::Kind::source_available, std::string_view("messages_src_avail")},
    std::pair{sdp::Kind::sink_available, std::string_view("messages_sink_avail")},
    std::pair{sdp::Kind::read_completed, std::string_view("messages_rdma_rd_compl")},
    std::pair{sdp::Kind::write_completed, std::string_view("messages_rdma_wr_compl")},
    std::pair{sdp::Kind::send_small, std::string_view("messages_send_sm")},
    std::pair{sdp::Kind::cancel_source, std::string_view("messages_src_avail_cancel")},
};

}  // namespace

void add(const Statistics& of_one, Statistics& sum) {
  for (const Named& one : plain) sum.*one.value += of_one.*one.value;
  for (std::size_t i = 0; i < sdp::copy_reasons; ++i) sum.fall_backs[i] += of_one.fall_backs[i];
  for (std::size_t i = 0; i < sdp::kinds; ++i) sum.sent[i] += of_one.sent[i];
}

void append_to(std::vector<Counter>& counters, const Statistics& statistics) {
  for (const Named& one : plain) counters.push_back({one.name, statistics.*one.value});
  for (std::size_t i = 0; i < sdp::copy_reasons; ++i) counters.push_back({reasons[i], statistics.fall_backs[i]});
  for (const auto& [kind, name] : kinds) counters.push_back({name, statistics.sent[sdp::index_of(kind)]});
}

}  // namespace xover
