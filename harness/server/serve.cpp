// From options to a listener.
#include "harness/server/serve.h"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <utility>

#include <fmt/format.h>

#include "harness/experiment/bad_input.h"
#include "harness/remote/key_file.h"
#include "harness/server/listen_address.h"
#include "harness/server/listener.h"
#include "harness/server/server_log.h"

namespace xover {

namespace {

std::string name_of_this_host() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "THIS_HOST";
}

// Without a key whoever reaches the port may run things here.
Result<Key> key_for(const ServeOptions& options, const SocketAddress& address) {
  if (options.key_file) return read_key_file(*options.key_file);
  if (is_loopback(address)) return no_key();
  return bad_input("--listen", address.text() + " can be reached from other hosts, and there is no key",
                   "make one with `xover serve --new-key FILE`, copy it to the other host, and give it to both with "
                   "--key-file FILE");
}

std::string how_to_reach(const ServeOptions& options, const SocketAddress& address) {
  const std::string peer =
      is_wildcard(address) ? fmt::format("{}:{}", name_of_this_host(), port_of(address)) : address.text();
  const char* from = is_loopback(address) ? "on this host" : "on the other host";
  return fmt::format("{}: xover run nic --peer {}{}", from, peer,
                     options.key_file ? " --key-file " + *options.key_file : "");
}

}  // namespace

Result<void> serve(const ServeOptions& options) {
  signal(SIGPIPE, SIG_IGN);
  const auto wanted = parse_listen_address(options.listen);
  if (!wanted) return tl::make_unexpected(wanted.error());
  auto key = key_for(options, *wanted);
  if (!key) return tl::make_unexpected(key.error());
  auto socket = listen_on(*wanted);
  if (!socket) return tl::make_unexpected(socket.error());
  const auto address = SocketAddress::local_of(socket->get());  // with the port that the kernel chose
  if (!address) return tl::make_unexpected(address.error());

  Listener listener(std::move(*socket), {*key, options.limits, options.program}, options.max_clients,
                    print_server_line);
  print_server_line(fmt::format("listening on {}; {}", address->text(), how_to_reach(options, *address)));
  listener.run();
  print_server_line("closed");
  return {};
}

}  // namespace xover
