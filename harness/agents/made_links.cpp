// Asking for a link, and taking over its descriptors.
#include "harness/agents/made_links.h"

#include <fcntl.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/agents/protocol.h"
#include "harness/links/links.h"

namespace xover {

using nlohmann::json;

namespace {

constexpr std::int64_t make_bound_ns = 15'000'000'000;  // a link of cables waits for its carrier

// The maker still holds the descriptor, so its number there names it: proc(5).
Result<FileDescriptor> take_over(pid_t maker, int number) {
  if (number < 0) return FileDescriptor();
  const std::string path = fmt::format("/proc/{}/fd/{}", maker, number);
  FileDescriptor own(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!own) return system_error("take over a link's namespace", path);
  return own;
}

Result<MadeLink> take_over(pid_t maker, const json& reply) {
  auto account = made_link_from_json(reply.at("link"));
  if (!account) return tl::make_unexpected(account.error());
  MadeLink link = std::move(account->link);
  for (auto [descriptor, number] : {std::pair{&link.user, account->user_fd},
                                    {&link.sender_net, account->sender_fd},
                                    {&link.receiver_net, account->receiver_fd}}) {
    auto taken = take_over(maker, number);
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
  return take_over((*maker)->pid(), *reply);
}

}  // namespace xover
