// What all channels of one session of this family share beside the completions: counters, and how bytes are received.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/ledger.h"
#include "core/transport.h"
#include "transports/common/sigpipe_block.h"
#include "transports/files/discard.h"

namespace xover {

enum class FilePath : std::uint8_t { sendfile, splice, mmap, read_send, vmsplice, tee };

// Whether the receiver gets references to the sender's pages, so that its word is needed before they may change.
constexpr bool lends_pages(FilePath path) { return path != FilePath::mmap && path != FilePath::read_send; }
// Whether it sends ranges of files; the others send any memory.
constexpr bool sends_files(FilePath path) { return path != FilePath::vmsplice && path != FilePath::tee; }

struct FileCounters {
  std::uint64_t file_reads = 0;
  std::uint64_t mappings = 0;  // made for ops that give no memory
  std::uint64_t sendfile_calls = 0;
  std::uint64_t splice_calls = 0;
  std::uint64_t vmsplice_calls = 0;
  std::uint64_t tee_calls = 0;
  std::uint64_t pipe_full = 0;  // a pipe took less than the op still had
  std::uint64_t acknowledgements_sent = 0;
  std::uint64_t acknowledgements_received = 0;

  void list(std::vector<Counter>& counters) const {
    counters.insert(counters.end(), {{"file_reads", file_reads},
                                     {"mappings", mappings},
                                     {"sendfile_calls", sendfile_calls},
                                     {"splice_calls", splice_calls},
                                     {"vmsplice_calls", vmsplice_calls},
                                     {"tee_calls", tee_calls},
                                     {"pipe_full", pipe_full},
                                     {"acknowledgements_sent", acknowledgements_sent},
                                     {"acknowledgements_received", acknowledgements_received}});
  }
};

struct FileShared {
  FileCounters counters;
  SigpipeBlock sigpipe;                                 // begun by those who send by sendfile or splice
  std::optional<Discard> discard;                       // engaged with receive=splice
  Handover send_evidence = Handover::kernel_by_design;  // what `released` says
  Handover discard_evidence = Handover::unverified;     // what `received` says with receive=splice
};

}  // namespace xover
