// What a client of workload `file` sends: a request for one file, or the word that there will be no more in this phase.
// In the byte order of the host, as the payload is.
#pragma once

#include <cstdint>

namespace xover {

struct FileRequest {
  static constexpr std::uint32_t get = 0x6765'7466, finish = 0x646f'6e65;

  std::uint64_t number = 0;  // of this request on its connection, over all phases
  std::uint32_t file = 0;
  std::uint32_t kind = get;
};
static_assert(sizeof(FileRequest) == 16);

}  // namespace xover
