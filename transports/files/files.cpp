// The rows of the transports that send files and user pages over TCP: what they are, what can be set, whether they run.
#include "transports/files/files.h"

#include <array>
#include <memory>

#include "transports/common/option_tables.h"
#include "transports/common/slowdown.h"
#include "transports/common/socket_links.h"
#include "transports/common/sockets.h"
#include "transports/files/file_session.h"

namespace xover {

namespace {

constexpr std::array file_options{
    OptionSpec{"receive", OptionKind::choice, "recv", "recv|splice", 0, 0,
               "receive into buffers, or splice what comes into /dev/null and only count it"},
    OptionSpec{"pipe_size", OptionKind::size, "256K", "", 4096, INT32_MAX, "size of each pipe (F_SETPIPE_SZ)"},
};
constexpr std::array gift_option{
    OptionSpec{"gift", OptionKind::boolean, "off", "", 0, 1,
               "vmsplice with SPLICE_F_GIFT; sockets take no notice of it"},
};
constexpr auto options = joined(tcp_options, std::array{slowdown_option}, file_options);
constexpr auto memory_options = joined(tcp_options, std::array{slowdown_option}, file_options, gift_option);

template <FilePath path>
Result<std::unique_ptr<Session>> open(const OpenParameters& parameters) {
  if (auto known = require_link(connected_links, parameters.link, "tcp"); !known)
    return tl::make_unexpected(known.error());
  if (auto there = require_receiver(parameters, "tcp"); !there) return tl::make_unexpected(there.error());
  auto session = std::make_unique<FileSession>(parameters, path);
  if (auto done = session->prepare(); !done) return tl::make_unexpected(done.error());
  return session;
}

// Opens a session with the defaults: sockets, pipes and the trial of passing a page are all part of that.
template <FilePath path>
Availability probe(const Link& link) {
  if (auto there = availability_on(connected_links, link); !there.usable()) return there;
  const auto defaults = Options::resolve("tcp", memory_options, {});
  const auto session = open<path>({.link = link, .options = *defaults});
  if (session) return {};
  const std::string& remedy = session.error().remedy;
  return {Status::not_permitted, session.error().message(),
          remedy.empty() ? "run where TCP sockets and pipes may be made" : remedy};
}

constexpr std::string_view way_of_sendfile =
    "sendfile() puts references to the file's pages in the page cache into socket buffers: no copy, and nobody's CPU\n"
    "reads a byte. A trial at open shows it: a page changed after the call arrives changed.\n"
    "lo and veth hand the same socket buffers to the receiving TCP: still the page cache's own pages. The driver of\n"
    "veth_dma copies them on the receiving end, where a network card would use DMA.\n"
    "recv() copies them into the receiver's buffer, by the receiver's CPU: the only copy. With receive=splice the\n"
    "references move through a pipe into /dev/null, and no byte is copied at all.\n"
    "Until then a change of the file changes what arrives, so the range is free only when the receiving application\n"
    "acknowledges it on a second connection. TCP's own acknowledgement comes too early.";
constexpr std::string_view way_of_splice =
    "splice() puts references to the file's pages in the page cache into a pipe, another splice() moves them from the\n"
    "pipe into socket buffers: no copy, and nobody's CPU reads a byte. A trial at open shows it.\n"
    "lo and veth hand the same socket buffers to the receiving TCP: still the page cache's own pages. The driver of\n"
    "veth_dma copies them on the receiving end, where a network card would use DMA.\n"
    "recv() copies them into the receiver's buffer, by the receiver's CPU: the only copy. With receive=splice the\n"
    "references move through a pipe into /dev/null, and no byte is copied at all.\n"
    "The range is free when the receiving application acknowledges it on a second connection.";
constexpr std::string_view way_of_vmsplice =
    "vmsplice() puts references to the sender's own pages into a pipe, splice() moves them from the pipe into socket\n"
    "buffers: no copy, and nobody's CPU reads a byte. A trial at open shows it.\n"
    "lo and veth hand the same socket buffers to the receiving TCP: still the sender's own pages. The driver of\n"
    "veth_dma copies them on the receiving end, where a network card would use DMA.\n"
    "recv() copies them into the receiver's buffer, by the receiver's CPU: the only copy. With receive=splice the\n"
    "references move through a pipe into /dev/null, and no byte is copied at all.\n"
    "The sender's memory is free when the receiving application acknowledges it on a second connection.";
constexpr std::string_view way_of_tee =
    "vmsplice() puts references to the sender's own pages into a source pipe, a pipe of bytes at a time. tee()\n"
    "duplicates the references, not the bytes, into the pipe of each connection but the last, which gets the source's\n"
    "own by splice(). Another splice() moves each pipe into its socket: no copy, however many receivers there are.\n"
    "lo and veth hand the same socket buffers to the receiving TCP: still the sender's own pages. The driver of\n"
    "veth_dma copies them on the receiving end, where a network card would use DMA.\n"
    "recv() copies them into each receiver's buffer, by that receiver's CPU: one copy for each.\n"
    "The sender's memory is free when the last receiving application has acknowledged it.";
constexpr std::string_view way_of_mmap =
    "The file's pages are mapped: the sender's memory is the page cache, and nothing is read into a buffer.\n"
    "sendmsg() copies from the mapping into socket buffers: the one copy of the sender, by its CPU. Only the kernel\n"
    "touches the mapping, so a file that was cut gives an error and no SIGBUS.\n"
    "An op that gives no address is mapped for the op and unmapped when it is released, which the path pays for.\n"
    "lo and veth hand the same socket buffers to the receiving TCP: no copy. The driver of veth_dma copies them on "
    "the\n"
    "receiving end, where a network card would use DMA.\n"
    "recv() copies them into the receiver's buffer, by the receiver's CPU; receive=splice passes them to /dev/null.\n"
    "The range is free to change when the last sendmsg() has returned.";
constexpr std::string_view way_of_read_send =
    "pread() copies from the page cache into a buffer of the sender: the first copy, asked for by user space and\n"
    "booked as user_copied.\n"
    "send() copies the buffer into socket buffers: the second copy, by the sender's CPU.\n"
    "lo and veth hand the same socket buffers to the receiving TCP: no copy. The driver of veth_dma copies them on "
    "the\n"
    "receiving end, where a network card would use DMA.\n"
    "recv() copies them into the receiver's buffer, by the receiver's CPU; receive=splice passes them to /dev/null.\n"
    "The range is free to change when the last send() has returned.";

template <FilePath path>
constexpr Descriptor row(std::string_view id, std::string_view summary, std::string_view way_of_a_byte) {
  return {.id = id,
          .family = "tcp",
          .summary = summary,
          .way_of_a_byte = way_of_a_byte,
          .options = sends_files(path) ? std::span<const OptionSpec>(options) : memory_options,
          .links = connected_links,
          .file_ranges = sends_files(path),
          .probe = probe<path>,
          .open = open<path>};
}

constexpr std::array rows{
    row<FilePath::sendfile>("tcp.sendfile", "a file to a socket by sendfile: pages lent to the receiver",
                            way_of_sendfile),
    row<FilePath::splice>("tcp.splice", "a file to a pipe to a socket by splice: pages lent to the receiver",
                          way_of_splice),
    row<FilePath::mmap>("tcp.mmap", "a file's mapping sent from memory: one copy", way_of_mmap),
    row<FilePath::read_send>("tcp.read_send", "a file read into a buffer, then sent: two copies", way_of_read_send),
    row<FilePath::vmsplice>("tcp.vmsplice", "user pages given to a pipe, then spliced to a socket", way_of_vmsplice),
    row<FilePath::tee>("tcp.tee", "one source fanned out to many sockets by tee", way_of_tee),
};

}  // namespace

std::span<const Descriptor> file_transports() { return rows; }

}  // namespace xover
