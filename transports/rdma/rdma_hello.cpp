// Fields one behind the other in the host's byte order, which the magic number tells.
#include "transports/rdma/rdma_hello.h"

#include <cstring>
#include <string>

namespace xover {

namespace {

constexpr std::uint32_t magic = 0x784d4131;  // another byte order or version is another number

struct Packed {
  std::uint32_t magic_number = magic;
  std::uint32_t way = 0;
  std::uint32_t window = 0;
  std::uint32_t ring_key = 0;
  std::uint64_t max_op_bytes = 0;
  std::uint64_t ring_address = 0;
  std::uint64_t ring_bytes = 0;
};
static_assert(sizeof(Packed) == 40 && sizeof(Packed) <= FabricLimits{}.max_hello_bytes);

tl::unexpected<Error> refused(std::string why, std::string remedy) {
  return make_error(ErrorCode::refused, "meet the peer", std::move(why), std::move(remedy));
}

}  // namespace

Hello packed(const RdmaHello& hello) {
  Packed fields;
  fields.way = static_cast<std::uint32_t>(hello.way);
  fields.window = hello.window;
  fields.ring_key = hello.ring_key;
  fields.max_op_bytes = hello.max_op_bytes;
  fields.ring_address = hello.ring_address;
  fields.ring_bytes = hello.ring_bytes;
  Hello bytes(sizeof fields);
  std::memcpy(bytes.data(), &fields, sizeof fields);
  return bytes;
}

// A fabric may pad what was said (rdma_get_cm_event(3): private data comes padded).
Result<RdmaHello> parse_hello(const Hello& bytes, const RdmaSettings& own) {
  Packed fields;
  if (bytes.size() < sizeof fields) return refused("a hello of " + std::to_string(bytes.size()) + " bytes", {});
  std::memcpy(&fields, bytes.data(), sizeof fields);
  if (fields.magic_number != magic) return refused("the peer's hello is not of rdma.*, or of another version", {});
  if (fields.way != static_cast<std::uint32_t>(own.way)) {
    return refused("the peer runs another rdma transport", "run the same one at both ends");
  }
  if (fields.window != own.window || fields.max_op_bytes != own.max_op_bytes || fields.ring_bytes != own.ring_bytes) {
    const auto told = [](std::uint64_t window, std::uint64_t max_op_bytes, std::uint64_t ring_bytes) {
      return "window=" + std::to_string(window) + ", messages of at most " + std::to_string(max_op_bytes) +
             " bytes and a ring of " + std::to_string(ring_bytes);
    };
    return refused("the peer has " + told(fields.window, fields.max_op_bytes, fields.ring_bytes) + ", this end " +
                       told(own.window, own.max_op_bytes, own.ring_bytes),
                   "open both ends with the same options");
  }
  return RdmaHello{.way = own.way,
                   .window = fields.window,
                   .max_op_bytes = fields.max_op_bytes,
                   .ring_address = fields.ring_address,
                   .ring_bytes = fields.ring_bytes,
                   .ring_key = fields.ring_key};
}

}  // namespace xover
