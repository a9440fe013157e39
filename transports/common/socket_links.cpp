// Refusals in words.
#include "transports/common/socket_links.h"

#include <algorithm>
#include <string>

namespace xover {

namespace {

std::string listed(std::span<const std::string_view> links) {
  std::string text;
  for (const std::string_view link : links) text.append(text.empty() ? "" : ", ").append(link);
  return text;
}

std::string operation(std::string_view id) { return std::string("open ").append(id); }

}  // namespace

Result<void> require_link(std::span<const std::string_view> links, const Link& link, std::string_view id) {
  if (std::ranges::find(links, link.name) != links.end()) return {};
  return make_error(ErrorCode::unsupported, operation(id), "link " + link.text(),
                    "this transport runs on these links: " + listed(links));
}

Availability availability_on(std::span<const std::string_view> links, const Link& link) {
  if (std::ranges::find(links, link.name) != links.end()) return {};
  return {Status::no_device, "link " + link.text() + " does not carry it",
          "this transport runs on these links: " + listed(links)};
}

Result<void> require_receiver(const OpenParameters& parameters, std::string_view id) {
  if (parameters.has_receiver) return {};
  return make_error(ErrorCode::unsupported, operation(id),
                    "link " + parameters.link.text() + " has no receiver, and TCP cannot connect to nobody",
                    "send datagrams: udp.*, or uring.* with protocol=udp");
}

}  // namespace xover
