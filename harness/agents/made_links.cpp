// Asking for a link, and taking over its descriptors.
#include "harness/agents/made_links.h"

#include <nlohmann/json.hpp>

#include "harness/agents/protocol.h"
#include "harness/links/links.h"
#include "harness/links/namespaces.h"

namespace xover {

using nlohmann::json;

namespace {

constexpr std::int64_t make_bound_ns = 15'000'000'000;  // a link of cables waits for its carrier

Result<MadeLink> take_link(pid_t maker, const json& reply) {
  auto account = made_link_from_json(reply.value("link", json()));
  if (!account) return tl::make_unexpected(account.error());
  MadeLink link = std::move(account->link);
  for (auto [descriptor, number] : {std::pair{&link.user, account->user_fd},
                                    {&link.sender_net, account->sender_fd},
                                    {&link.receiver_net, account->receiver_fd}}) {
    auto taken = take_descriptor(maker, number);
    if (!taken) return tl::make_unexpected(taken.error());
    *descriptor = std::move(*taken);
  }
  return link;
}

}  // namespace

Result<const MadeLink*> MadeLinks::find_or_make(const Link& link) {
  const LinkDescriptor* row = find_link(link.name);
  if (row == nullptr || !row->made) return nullptr;
  const std::string name = link.text();
  auto found = made_.find(name);
  if (found == made_.end()) {
    auto made = make(link);
    // A stop on request, or a maker that somebody killed, says nothing about the link.
    const ErrorCode code = made ? ErrorCode::none : made.error().code;
    if (code == ErrorCode::cancelled || code == ErrorCode::peer_died) return tl::make_unexpected(made.error());
    found = made_.emplace(name, std::move(made)).first;
  }
  if (!found->second) return tl::make_unexpected(found->second.error());
  return &*found->second;
}

Result<MadeLink> MadeLinks::make(const Link& link) const {
  auto maker = AgentProcess::spawn("link maker", stop_requested_);
  if (!maker) return tl::make_unexpected(maker.error());
  auto reply = (*maker)->call({{"request", "make_link"}, {"link", to_json(link)}}, make_bound_ns);
  if (!reply) return tl::make_unexpected(reply.error());
  auto taken = take_link((*maker)->pid(), *reply);
  // Whoever killed the maker just now is the cause.
  if (const auto ending = (*maker)->ending(); !taken && ending)
    return make_error(ErrorCode::peer_died, (*maker)->name(), *ending);
  return taken;
}

}  // namespace xover
