// A process spawned for the purpose makes each link and says where its descriptors are; setns(2) for each thread.
#include "tests/conformance/link_end.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <string_view>

#include "core/variant.h"
#include "harness/links/links.h"
#include "harness/links/make_link.h"
#include "harness/links/namespaces.h"
#include "harness/links/route_socket.h"

extern char** environ;

namespace xover::conformance {

namespace {

constexpr std::array<std::string_view, 4> made_links{"veth_dma", "veth_dma[offloads=off]", "ifb",
                                                     "af_packet:xc_a+xc_b"};

constexpr const char* make_flag = "--make-link";

thread_local HostAddresses own;

struct KnownLink {
  std::string reason;  // why it could not be made
  FileDescriptor sender_net, receiver_net;
  HostAddresses sender, receiver;
  bool device_gathers = false;
};

bool links_are_wanted = false;

// What the maker tells: plain bytes through a pipe. Descriptors are those of the maker.
struct Account {
  std::array<char, 512> reason{};
  int sender_net = -1, receiver_net = -1;
  bool device_gathers = false;
  std::array<std::array<char, 64>, 4> addresses{};
};

template <std::size_t size>
void put(std::array<char, size>& to, const std::string& from) {
  std::snprintf(to.data(), to.size(), "%s", from.c_str());
}

Account account_of(const Result<MadeLink>& made) {
  Account account;
  if (!made) {
    put(account.reason, made.error().message());
  } else if (made->user) {
    put(account.reason, "only root can have the threads of one process in two network namespaces");
  } else {
    account.device_gathers = made->gathers;
    account.sender_net = made->sender_net.get();
    account.receiver_net = made->receiver_net.get();
    put(account.addresses[0], made->sender.ipv4);
    put(account.addresses[1], made->sender.ipv6);
    put(account.addresses[2], made->receiver.ipv4);
    put(account.addresses[3], made->receiver.ipv6);
  }
  return account;
}

// For links on interfaces that a user names: a pair of them, both in one new namespace, where this process goes.
Result<FileDescriptor> make_interfaces(const Link& link) {
  constexpr std::uint32_t mtu_bytes = 1500, queues = 1;
  const auto plus = link.argument.find('+');
  const std::string one = link.argument.substr(0, plus), other = link.argument.substr(plus + 1);
  auto namespaces = make_namespaces({.has_receiver = false, .user_namespace_helps = false});
  if (!namespaces) return tl::make_unexpected(namespaces.error());
  auto route = RouteSocket::open();
  if (!route) return tl::make_unexpected(route.error());
  if (auto added = route->add_veth(one, other, namespaces->sender_net.get(), mtu_bytes, queues); !added)
    return tl::make_unexpected(added.error());
  for (const std::string& interface : {one, other})
    if (auto up = route->bring_up(interface); !up) return tl::make_unexpected(up.error());
  return std::move(namespaces->sender_net);
}

Account account_of(const Result<FileDescriptor>& net) {
  Account account;
  if (net) account.sender_net = account.receiver_net = net->get();
  if (!net) put(account.reason, net.error().message());
  return account;
}

// Its standard input and output are the pipes.
pid_t spawn_maker(const char* link, int until_closed, int tell) {
  std::string program = "/proc/self/exe", flag = make_flag, text = link;
  const std::array<char*, 4> arguments{program.data(), flag.data(), text.data(), nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, until_closed, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, tell, STDOUT_FILENO);
  pid_t maker = -1;
  if (posix_spawn(&maker, program.c_str(), &actions, nullptr, arguments.data(), environ) != 0) maker = -1;
  posix_spawn_file_actions_destroy(&actions);
  return maker;
}

KnownLink taken_over(pid_t maker, const Account& account) {
  KnownLink link;
  link.reason = account.reason.data();
  link.device_gathers = account.device_gathers;
  for (auto [descriptor, number] :
       {std::pair{&link.sender_net, account.sender_net}, {&link.receiver_net, account.receiver_net}}) {
    auto taken = take_descriptor(maker, number);
    if (taken) {
      *descriptor = std::move(*taken);
    } else {
      link.reason = taken.error().message();
    }
  }
  link.sender = {account.addresses[0].data(), account.addresses[1].data()};
  link.receiver = {account.addresses[2].data(), account.addresses[3].data()};
  return link;
}

KnownLink made_by_a_process(const char* text) {
  KnownLink link;
  link.reason = "the process that makes the link could not be run";
  std::array<int, 2> told{}, order{};
  if (pipe2(told.data(), O_CLOEXEC) != 0) return link;
  const FileDescriptor told_out(told[0]);
  FileDescriptor told_in(told[1]);
  if (pipe2(order.data(), O_CLOEXEC) != 0) return link;
  FileDescriptor order_out(order[0]), order_in(order[1]);
  const pid_t maker = spawn_maker(text, order_out.get(), told_in.get());
  told_in.close();
  order_out.close();
  Account account;
  if (maker > 0 && read(told_out.get(), &account, sizeof account) == sizeof account) link = taken_over(maker, account);
  order_in.close();
  if (maker > 0) waitpid(maker, nullptr, 0);
  return link;
}

bool is_made(const Link& link) {
  return std::find(made_links.begin(), made_links.end(), link.text()) != made_links.end();
}

// Made when it is first asked for, which the main thread does before a test. Null: a link that need not be made.
const KnownLink* known_link(const Link& link) {
  static std::map<std::string, KnownLink> links;
  static std::mutex one_at_a_time;
  const std::string text = link.text();
  if (!links_are_wanted || !is_made(link)) return nullptr;
  const std::lock_guard lock(one_at_a_time);
  const auto known = links.find(text);
  return known != links.end() ? &known->second : &links.emplace(text, made_by_a_process(text.c_str())).first->second;
}

void enter(int net) {
  if (setns(net, CLONE_NEWNET) == 0) return;
  std::perror("setns");
  std::abort();
}

std::string interface_with(const std::string& ipv4) {
  in_addr wanted{};
  inet_pton(AF_INET, ipv4.c_str(), &wanted);
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return {};
  std::string name;
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr || entry->ifa_addr->sa_family != AF_INET) continue;
    const auto& address = reinterpret_cast<const sockaddr_in&>(*entry->ifa_addr);
    if (address.sin_addr.s_addr == wanted.s_addr) name = entry->ifa_name;
  }
  freeifaddrs(list);
  return name;
}

// netdevice(7), SIOCSIFFLAGS
void set_up(const std::string& interface, bool up) {
  const FileDescriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  interface.copy(request.ifr_name, IFNAMSIZ - 1);
  bool done = ioctl(socket.get(), SIOCGIFFLAGS, &request) == 0;
  request.ifr_flags = static_cast<short>(up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP);
  done = done && ioctl(socket.get(), SIOCSIFFLAGS, &request) == 0;
  if (done) return;
  std::perror("SIOCSIFFLAGS");
  std::abort();
}

}  // namespace

// Holds the link until its standing order, its standard input, is closed.
std::optional<int> run_as_link_maker(int argc, char** argv) {
  if (argc != 3 || std::string_view(argv[1]) != make_flag) return std::nullopt;
  const auto variant = parse_variant(std::string("null@") + argv[2]);
  if (!variant) return 2;
  const auto tell = [](const Account& account) {
    char byte = 0;
    if (write(STDOUT_FILENO, &account, sizeof account) == sizeof account) (void)!read(STDIN_FILENO, &byte, 1);
    return 0;
  };
  if (find_link(variant->link.name)->made) {
    const auto made = make_link(variant->link);
    return tell(account_of(made));
  }
  const auto net = make_interfaces(variant->link);
  return tell(account_of(net));
}

void make_links() { links_are_wanted = true; }

std::string why_no_link(const Link& link) {
  const KnownLink* known = known_link(link);
  return known == nullptr ? std::string() : known->reason;
}

AtLinkEnd::AtLinkEnd(const Link& link, LinkEnd end) : former_addresses_(own) {
  const KnownLink* known = known_link(link);
  if (known == nullptr) return;
  // A link without receiver has one end.
  const bool at_sender = end == LinkEnd::sender || !known->receiver_net;
  former_net_ = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  enter(at_sender ? known->sender_net.get() : known->receiver_net.get());
  own = at_sender ? known->sender : known->receiver;
}

AtLinkEnd::~AtLinkEnd() {
  if (former_net_ < 0) return;
  enter(former_net_);
  close(former_net_);
  own = former_addresses_;
}

bool can_be_cut(const Link& link) { return is_made(link) && find_link(link.name)->has_receiver; }

CutLink::CutLink(const Link& link) : link_(link) {
  const AtLinkEnd there(link, LinkEnd::receiver);
  const auto plus = link.argument.find('+');
  interface_ = plus == std::string::npos ? interface_with(own.ipv4) : link.argument.substr(plus + 1);
  set_up(interface_, false);
}

CutLink::~CutLink() {
  const AtLinkEnd there(link_, LinkEnd::receiver);
  set_up(interface_, true);
}

const HostAddresses& own_addresses() { return own; }

void set_own_addresses(const HostAddresses& addresses) { own = addresses; }

bool device_gathers(const Link& link) {
  const KnownLink* known = known_link(link);
  return known == nullptr || known->device_gathers;
}

HostAddresses peer_addresses(const Link& link) {
  const KnownLink* known = known_link(link);
  if (known == nullptr) return {};
  return known->receiver_net && own == known->receiver ? known->sender : known->receiver;
}

}  // namespace xover::conformance
