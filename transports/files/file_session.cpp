// The limits of the family, and what a connection needs to be a channel.
#include "transports/files/file_session.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>

#include <algorithm>

#include "core/units.h"
#include "transports/common/sockets.h"
#include "transports/files/copying_channel.h"
#include "transports/files/lending_paths.h"
#include "transports/files/reference_trial.h"

namespace xover {

namespace {

constexpr MonotonicNs answer_bound_ns = abort_bound_ns * 3 / 4;

constexpr bool uses_pipes(FilePath path) { return lends_pages(path) && path != FilePath::sendfile; }

Limits file_limits(const OpenParameters& parameters, FilePath path) {
  Limits limits;
  limits.max_channels = parameters.max_channels;
  limits.depth = parameters.depth;
  limits.max_op_bytes = FileChannel::max_op_bytes;
  limits.max_segments = FileChannel::max_segments;
  limits.framing = Framing::stream;
  const bool discards = parameters.options.choice("receive") == "splice";
  limits.receive = discards ? Receive::discarded : Receive::offered;
  limits.max_offered = discards ? 0 : std::max<std::size_t>(parameters.depth, 64);
  limits.reliable = true;
  limits.foreign_memory = !sends_files(path);
  return limits;
}

Result<void> set_nonblocking(int fd) {
  const int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) return system_error("fcntl", "O_NONBLOCK");
  return {};
}

tl::unexpected<Error> no_huge_files(std::size_t size_bytes) {
  return make_error(ErrorCode::no_memory, "arena",
                    format_size(size_bytes) +
                        " in huge pages: this memory is a file, "
                        "whose pages are the page cache's",
                    "use pages=system or small, or a transport that sends memory");
}

}  // namespace

FileSession::FileSession(const OpenParameters& parameters, FilePath path)
    : SocketSession(file_limits(parameters, path), parameters),
      path_(path),
      pages_(parameters.pages),
      on_loopback_(parameters.link.name == "lo"),
      device_gathers_(parameters.device_gathers),
      options_(parameters.options),
      pipe_size_bytes_(parameters.options.size_bytes("pipe_size")),
      receives_by_splice_(limits_.receive == Receive::discarded),
      sockets_(parameters.options, parameters) {
  shared_.second_sockets = lends_pages(path);
}

// All peers are told first, so that their answers come at the same time.
FileSession::~FileSession() {
  for (FileChannel* channel : file_channels_) channel->part();
  const MonotonicNs deadline = monotonic_now_ns() + answer_bound_ns;
  for (FileChannel* channel : file_channels_) {
    for (int fd = channel->still_lent(); fd >= 0 && monotonic_now_ns() < deadline; fd = channel->still_lent()) {
      (void)await(fd, POLLIN, deadline, "poll", "the peer's answer");
    }
  }
  end_channels();
}

Result<void> FileSession::prepare() {
  if (auto done = sockets_.try_out(); !done) return done;
  if (auto done = prepare_pipes(); !done) return done;
  return try_passing(options_);
}

Result<void> FileSession::prepare_pipes() {
  if (receives_by_splice_) {
    auto discard = Discard::make(pipe_size_bytes_);
    if (!discard) return tl::make_unexpected(discard.error());
    file_shared_.discard = std::move(*discard);
  }
  if (path_ == FilePath::tee) {
    auto fanout = TeeFanout::make(file_shared_, limits_, pipe_size_bytes_, options_.boolean("gift"));
    if (!fanout) return tl::make_unexpected(fanout.error());
    fanout_ = std::move(*fanout);
  }
  if (!uses_pipes(path_) && !receives_by_splice_) return {};
  const auto trial = Pipe::make(pipe_size_bytes_);
  if (!trial) return tl::make_unexpected(trial.error());
  pipe_size_bytes_ = trial->size_bytes;
  return {};
}

Result<void> FileSession::try_passing(const Options& options) {
  const auto evidence = [](bool references) { return references ? Handover::zero_copied : Handover::unverified; };
  if (lends_pages(path_)) {
    const auto sends = sends_by_reference(path_, options);
    if (!sends) return tl::make_unexpected(sends.error());
    // The trial runs on lo. For a device without scatter-gather TCP copies the pages that it is given by reference.
    sends_references_ = *sends && device_gathers_;
    file_shared_.send_evidence = evidence(*sends_references_);
  }
  if (receives_by_splice_) {
    const auto splices = splices_out_by_reference(options);
    if (!splices) return tl::make_unexpected(splices.error());
    // Another link's driver decides what received bytes lie in, and splice copies what is not in pages of its own.
    splices_references_ = *splices && on_loopback_;
    file_shared_.discard_evidence = evidence(*splices_references_);
  }
  return {};
}

// A channel that lends needs two connections.
Result<std::string> FileSession::listen() {
  return sockets_.listen(lends_pages(path_) ? 2 * limits_.max_channels : limits_.max_channels);
}

Result<Channel*> FileSession::accept(MonotonicNs deadline) {
  if (auto room = room_for_channel("accept"); !room) return tl::make_unexpected(room.error());
  return lends_pages(path_) ? adopt_pair(acceptor_.accept(sockets_, deadline))
                            : adopt_socket(sockets_.accept(deadline));
}

Result<Channel*> FileSession::connect(const std::string& address, MonotonicNs deadline) {
  if (auto room = room_for_channel("connect"); !room) return tl::make_unexpected(room.error());
  return lends_pages(path_) ? adopt_pair(connect_pair(sockets_, address, deadline))
                            : adopt_socket(sockets_.connect(address, deadline));
}

Result<Channel*> FileSession::adopt_socket(Result<FileDescriptor> socket) {
  if (!socket) return tl::make_unexpected(socket.error());
  if (receives_by_splice_) {
    if (auto done = set_nonblocking(socket->get()); !done) return tl::make_unexpected(done.error());
  }
  if (path_ == FilePath::mmap) {
    return adopt_file_channel(std::make_unique<MmapChannel>(shared_, file_shared_, next_index(), std::move(*socket)));
  }
  auto buffer = Pages::allocate(ReadSendChannel::buffer_bytes, Pages::Fault::now);
  if (!buffer) return tl::make_unexpected(buffer.error());
  return adopt_file_channel(
      std::make_unique<ReadSendChannel>(shared_, file_shared_, next_index(), std::move(*socket), std::move(*buffer)));
}

// Acknowledgements are small and must not wait for one another.
Result<Channel*> FileSession::adopt_pair(Result<SocketPair> pair) {
  if (!pair) return tl::make_unexpected(pair.error());
  const int acknowledgements = pair->acknowledgements.get();
  if (auto done = set_nonblocking(acknowledgements); !done) return tl::make_unexpected(done.error());
  if (auto done = set_option(acknowledgements, IPPROTO_TCP, TCP_NODELAY, 1, "TCP_NODELAY"); !done) {
    return tl::make_unexpected(done.error());
  }
  if (receives_by_splice_) {
    if (auto done = set_nonblocking(pair->data.get()); !done) return tl::make_unexpected(done.error());
  }
  auto channel = make_lending(std::move(*pair));
  if (!channel) return tl::make_unexpected(channel.error());
  return adopt_file_channel(std::move(*channel));
}

Result<std::unique_ptr<FileChannel>> FileSession::make_lending(SocketPair pair) {
  if (path_ == FilePath::sendfile) {
    return std::make_unique<SendfileChannel>(shared_, file_shared_, next_index(), std::move(pair.data),
                                             std::move(pair.acknowledgements));
  }
  auto pipe = Pipe::make(pipe_size_bytes_);
  if (!pipe) return tl::make_unexpected(pipe.error());
  PipeChannel::Parts parts;
  parts.socket = std::move(pair.data);
  parts.acknowledgements = std::move(pair.acknowledgements);
  parts.pipe = std::move(*pipe);
  parts.from_file = path_ == FilePath::splice;
  parts.gift = !parts.from_file && options_.boolean("gift");
  if (path_ != FilePath::tee) {
    return std::make_unique<PipeChannel>(shared_, file_shared_, next_index(), std::move(parts));
  }
  return std::make_unique<TeeChannel>(shared_, file_shared_, next_index(), std::move(parts), *fanout_);
}

Result<Channel*> FileSession::adopt_file_channel(std::unique_ptr<FileChannel> channel) {
  file_channels_.push_back(channel.get());
  return adopt(std::move(channel));
}

Result<std::vector<Segment>> FileSession::arena(std::size_t size_bytes) {
  if (!sends_files(path_)) return SocketSession::arena(size_bytes);
  if (pages_ == PageKind::huge) return no_huge_files(size_bytes);
  auto arena = FileArena::make(size_bytes, pages_);
  if (!arena) return tl::make_unexpected(arena.error());
  file_arenas_.push_back(std::move(*arena));
  return std::vector<Segment>{file_arenas_.back().segment()};
}

std::vector<Counter> FileSession::counters() const {
  std::vector<Counter> counters = shared_.counters.list();
  file_shared_.counters.list(counters);
  counters.push_back({"strangers", sockets_.strangers()});
  return counters;
}

std::vector<Fact> FileSession::facts() const {
  std::vector<Fact> facts = sockets_.facts(first_open_socket());
  const auto outcome = [](bool references) {
    return references ? "by reference: a change after the call arrived" : "unknown: no trial on this link has shown it";
  };
  if (sends_references_) facts.push_back({"pages_sent", outcome(*sends_references_)});
  if (splices_references_) facts.push_back({"pages_received", outcome(*splices_references_)});
  if (uses_pipes(path_) || receives_by_splice_) facts.push_back({"pipe_size_bytes", std::to_string(pipe_size_bytes_)});
  return facts;
}

}  // namespace xover
