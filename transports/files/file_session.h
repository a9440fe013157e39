// Sessions of this family: connections made, alone or in pairs, memory that is a file, and an end at which no peer has
// the callers' memory any more.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "transports/common/socket_session.h"
#include "transports/common/tcp_sockets.h"
#include "transports/files/file_arena.h"
#include "transports/files/file_channel.h"
#include "transports/files/file_shared.h"
#include "transports/files/pairing.h"
#include "transports/files/tee.h"

namespace xover {

class FileSession final : public SocketSession {
 public:
  FileSession(const OpenParameters& parameters, FilePath path);
  ~FileSession() override;  // waits for peers that may still read the memory of ops, for less than abort_bound_ns

  // Tries out sockets, pipes and the passing of pages, as the options ask for them. Once, before anything else.
  Result<void> prepare();

  Result<std::string> listen() override;
  Result<Channel*> accept(MonotonicNs deadline) override;
  Result<Channel*> connect(const std::string& address, MonotonicNs deadline) override;
  Result<std::vector<Segment>> arena(std::size_t size_bytes) override;
  Fanout* fanout() noexcept override { return fanout_.get(); }
  std::vector<Counter> counters() const override;
  std::vector<Fact> facts() const override;

 private:
  Result<void> try_passing(const Options& options);
  Result<void> prepare_pipes();
  Result<Channel*> adopt_pair(Result<SocketPair> pair);
  Result<Channel*> adopt_socket(Result<FileDescriptor> socket);
  Result<std::unique_ptr<FileChannel>> make_lending(SocketPair pair);
  Result<Channel*> adopt_file_channel(std::unique_ptr<FileChannel> channel);

  FilePath path_;
  PageKind pages_;
  bool on_loopback_, device_gathers_;
  Options options_;
  std::size_t pipe_size_bytes_;           // as asked for, then as granted
  std::optional<bool> sends_references_;  // as tried out; empty where that is not the question
  std::optional<bool> splices_references_;
  bool receives_by_splice_;
  TcpSockets sockets_;
  PairAcceptor acceptor_;
  FileShared file_shared_;
  std::unique_ptr<TeeFanout> fanout_;  // null but for tcp.tee
  std::vector<FileArena> file_arenas_;
  std::vector<FileChannel*> file_channels_;  // of the base's channels
};

}  // namespace xover
