// A greeting may come from anybody who connects, so every field is looked at.
#include "transports/sdp/hello.h"

#include <algorithm>
#include <array>
#include <string>

#include "transports/sdp/message.h"

namespace xover::sdp {

namespace {

constexpr std::array<std::byte, 4> magic{std::byte{'x'}, std::byte{'o'}, std::byte{'v'}, std::byte{'S'}};

void put(std::vector<std::byte>& to, std::uint32_t number, int size_bytes) {
  while (size_bytes-- > 0) to.push_back(static_cast<std::byte>(number >> (8 * size_bytes)));
}

std::uint32_t number_at(std::span<const std::byte> from, std::size_t offset, std::size_t size_bytes) {
  std::uint32_t number = 0;
  for (const std::byte each : from.subspan(offset, size_bytes)) number = number << 8 | static_cast<std::uint32_t>(each);
  return number;
}

tl::unexpected<Error> refuse(std::string context) {
  return make_error(ErrorCode::refused, "SDP greeting", std::move(context), "run the same version at both ends");
}

}  // namespace

std::vector<std::byte> hello_of(const End& own) {
  std::vector<std::byte> hello(magic.begin(), magic.end());
  put(hello, hello_version, 1);
  put(hello, 0, 1);
  put(hello, own.max_adverts, 2);
  put(hello, own.receives, 2);
  put(hello, 0, 2);
  put(hello, own.receive_bytes, 4);
  return hello;
}

Result<End> end_of(std::span<const std::byte> hello) {
  // A carrier may pad what it carries.
  if (hello.size() < hello_bytes || !std::equal(magic.begin(), magic.end(), hello.begin())) {
    return refuse("the peer speaks something else");
  }
  if (const auto version = number_at(hello, 4, 1); version != hello_version) {
    return refuse("the peer has version " + std::to_string(version) + ", this is " + std::to_string(hello_version));
  }
  const End peer{.max_adverts = static_cast<std::uint16_t>(number_at(hello, 6, 2)),
                 .receives = static_cast<std::uint16_t>(number_at(hello, 8, 2)),
                 .receive_bytes = number_at(hello, 12, 4)};
  if (peer.max_adverts == 0) return refuse("the peer takes no adverts");
  if (peer.receives < least_receives) {
    return refuse("the peer has " + std::to_string(peer.receives) + " receive buffers");
  }
  if (peer.receive_bytes < least_receive_bytes || peer.receive_bytes > most_receive_bytes) {
    return refuse("the peer's receive buffers have " + std::to_string(peer.receive_bytes) + " bytes");
  }
  return peer;
}

}  // namespace xover::sdp
