// Requests to rtnetlink, and the kernel's refusals in words.
#include "harness/links/route_socket.h"

#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <netlink/errno.h>
#include <netlink/handlers.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/veth.h>
#include <netlink/route/neighbour.h>
#include <netlink/socket.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace xover {

namespace {

struct PutLink {
  void operator()(rtnl_link* link) const { rtnl_link_put(link); }
};
struct PutAddress {
  void operator()(rtnl_addr* address) const { rtnl_addr_put(address); }
};
struct PutNeighbour {
  void operator()(rtnl_neigh* neighbour) const { rtnl_neigh_put(neighbour); }
};
struct PutNumericAddress {
  void operator()(nl_addr* address) const { nl_addr_put(address); }
};
using LinkObject = std::unique_ptr<rtnl_link, PutLink>;
using AddressObject = std::unique_ptr<rtnl_addr, PutAddress>;
using NeighbourObject = std::unique_ptr<rtnl_neigh, PutNeighbour>;
using NumericAddress = std::unique_ptr<nl_addr, PutNumericAddress>;

// Any address does: the device drops what is sent to it.
constexpr const char* hardware_address_of_a_sink = "02:00:00:00:00:02";

tl::unexpected<Error> out_of_memory() { return make_error(ErrorCode::no_memory, "rtnetlink"); }

Result<NumericAddress> parse_address(const std::string& text, int family) {
  nl_addr* parsed = nullptr;
  if (const int code = nl_addr_parse(text.c_str(), family, &parsed); code < 0)
    return make_error(ErrorCode::bad_input, "parse address", text, nl_geterror(code));
  return NumericAddress(parsed);
}

std::string driver_missing(const std::string& driver) {
  std::string config = driver;
  for (char& letter : config) letter = static_cast<char>(letter - 'a' + 'A');
  // On its own, and when the kernel loads it, the module makes ifb0 and ifb1 for the host.
  const std::string parameters = driver == "ifb" ? " numifbs=0" : "";
  return "modprobe " + driver + parameters + " as root, or boot a kernel with CONFIG_" + config;
}

// `done`, with the remedy for a kernel that does not know this type of interface.
Result<void> with_driver_remedy(Result<void> result, const std::string& driver) {
  if (result) return result;
  Error& error = result.error();
  if (error.errno_value == EOPNOTSUPP || error.errno_value == ENODEV) {
    error.code = ErrorCode::no_device;
    error.context = "this kernel has no " + driver;
    error.remedy = driver_missing(driver);
  }
  return result;
}

}  // namespace

void RouteSocket::CloseSocket::operator()(nl_sock* socket) const { nl_socket_free(socket); }

// Netlink's own words stand behind the refused request as attributes (Documentation/userspace-api/netlink/intro.rst).
struct AnswerReader {
  static int read(sockaddr_nl*, nlmsgerr* refusal, void* answer_pointer) {
    auto& answer = *static_cast<RouteSocket::Answer*>(answer_pointer);
    answer.errno_value = -refusal->error;
    nlmsghdr* message = reinterpret_cast<nlmsghdr*>(reinterpret_cast<char*>(refusal) - NLMSG_HDRLEN);
    if ((message->nlmsg_flags & NLM_F_ACK_TLVS) != 0) {
      std::size_t before_words = sizeof *refusal;
      if ((message->nlmsg_flags & NLM_F_CAPPED) == 0) before_words += refusal->msg.nlmsg_len - NLMSG_HDRLEN;
      nlattr* words = nlmsg_find_attr(message, static_cast<int>(before_words), NLMSGERR_ATTR_MSG);
      if (words != nullptr) answer.words = nla_get_string(words);
    }
    return NL_STOP;
  }
};

Result<RouteSocket> RouteSocket::open() {
  RouteSocket made;
  made.answer_ = std::make_unique<Answer>();
  made.socket_.reset(nl_socket_alloc());
  if (!made.socket_) return out_of_memory();
  if (const int code = nl_connect(made.socket_.get(), NETLINK_ROUTE); code < 0) {
    return make_error(ErrorCode::unsupported, "socket(NETLINK_ROUTE)", nl_geterror(code));
  }
  // Without the kernel's words (before Linux 4.12) the error numbers still say the reason.
  const int on = 1;
  setsockopt(nl_socket_get_fd(made.socket_.get()), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
  nl_socket_modify_err_cb(made.socket_.get(), NL_CB_CUSTOM, AnswerReader::read, made.answer_.get());
  return made;
}

Result<void> RouteSocket::done(int libnl_code, const std::string& operation, const std::string& context) const {
  const Answer answer = std::exchange(*answer_, {});
  if (libnl_code >= 0) return {};
  std::string where = context;
  if (!answer.words.empty()) where += ": " + answer.words;
  if (answer.errno_value == 0)  // libnl's own error: no system call failed
    return make_error(ErrorCode::internal, operation, where + ": " + nl_geterror(libnl_code));
  errno = answer.errno_value;
  return system_error(operation, where);
}

Result<void> RouteSocket::add_veth(const std::string& name, const std::string& peer, int peer_net_fd,
                                   std::uint32_t mtu_bytes, std::uint32_t queues) {
  const LinkObject link(rtnl_link_veth_alloc());
  if (!link) return out_of_memory();
  const LinkObject other(rtnl_link_veth_get_peer(link.get()));
  rtnl_link_set_name(link.get(), name.c_str());
  rtnl_link_set_name(other.get(), peer.c_str());
  rtnl_link_set_ns_fd(other.get(), peer_net_fd);
  for (rtnl_link* end : {link.get(), other.get()}) {
    rtnl_link_set_mtu(end, mtu_bytes);
    rtnl_link_set_num_tx_queues(end, queues);
    rtnl_link_set_num_rx_queues(end, queues);
  }
  const int code = rtnl_link_add(socket_.get(), link.get(), NLM_F_CREATE | NLM_F_EXCL);
  return with_driver_remedy(done(code, "make veth pair", name), "veth");
}

Result<void> RouteSocket::add_ifb(const std::string& name, std::uint32_t queues) {
  const LinkObject link(rtnl_link_alloc());
  if (!link || rtnl_link_set_type(link.get(), "ifb") < 0) return out_of_memory();
  rtnl_link_set_name(link.get(), name.c_str());
  rtnl_link_set_num_tx_queues(link.get(), queues);
  rtnl_link_set_num_rx_queues(link.get(), queues);
  const int code = rtnl_link_add(socket_.get(), link.get(), NLM_F_CREATE | NLM_F_EXCL);
  return with_driver_remedy(done(code, "make interface", name), "ifb");
}

Result<Interface> RouteSocket::find(const std::string& name) {
  rtnl_link* found = nullptr;
  const int code = rtnl_link_get_kernel(socket_.get(), 0, name.c_str(), &found);
  if (auto asked = done(code, "find interface", name); !asked) return tl::make_unexpected(asked.error());
  const LinkObject link(found);
  return Interface{rtnl_link_get_ifindex(found), rtnl_link_get_mtu(found), rtnl_link_get_num_tx_queues(found),
                   rtnl_link_get_num_rx_queues(found), rtnl_link_get_carrier(found) != 0};
}

Result<void> RouteSocket::change(const std::string& name, const std::string& operation,
                                 void (*set)(void* link, std::uint64_t), std::uint64_t value) {
  const auto found = find(name);
  if (!found) return tl::make_unexpected(found.error());
  const LinkObject which(rtnl_link_alloc()), changes(rtnl_link_alloc());
  if (!which || !changes) return out_of_memory();
  rtnl_link_set_ifindex(which.get(), found->index);
  set(changes.get(), value);
  return done(rtnl_link_change(socket_.get(), which.get(), changes.get(), 0), operation, name);
}

Result<void> RouteSocket::set_mtu(const std::string& name, std::uint32_t mtu_bytes) {
  const auto set = [](void* link, std::uint64_t bytes) {
    rtnl_link_set_mtu(static_cast<rtnl_link*>(link), static_cast<unsigned>(bytes));
  };
  return change(name, "set mtu=" + std::to_string(mtu_bytes), set, mtu_bytes);
}

Result<void> RouteSocket::bring_up(const std::string& name) {
  const auto set = [](void* link, std::uint64_t flags) {
    rtnl_link_set_flags(static_cast<rtnl_link*>(link), static_cast<unsigned>(flags));
  };
  return change(name, "bring up", set, IFF_UP);
}

Result<void> RouteSocket::move(const std::string& name, int net_fd) {
  const auto set = [](void* link, std::uint64_t fd) {
    rtnl_link_set_ns_fd(static_cast<rtnl_link*>(link), static_cast<int>(fd));
  };
  return change(name, "move to another network namespace", set, static_cast<std::uint64_t>(net_fd));
}

Result<void> RouteSocket::add_address(const std::string& name, const std::string& address) {
  const auto found = find(name);
  if (!found) return tl::make_unexpected(found.error());
  const auto numeric = parse_address(address, AF_UNSPEC);
  if (!numeric) return tl::make_unexpected(numeric.error());
  const AddressObject wanted(rtnl_addr_alloc());
  if (!wanted) return out_of_memory();
  rtnl_addr_set_ifindex(wanted.get(), found->index);
  rtnl_addr_set_local(wanted.get(), numeric->get());
  if (nl_addr_get_family(numeric->get()) == AF_INET6) rtnl_addr_set_flags(wanted.get(), IFA_F_NODAD);
  return done(rtnl_addr_add(socket_.get(), wanted.get(), NLM_F_CREATE | NLM_F_EXCL), "add address",
              address + " to " + name);
}

Result<void> RouteSocket::add_neighbour(const std::string& name, const std::string& address) {
  const auto found = find(name);
  if (!found) return tl::make_unexpected(found.error());
  const auto numeric = parse_address(address, AF_UNSPEC);
  const auto hardware = parse_address(hardware_address_of_a_sink, AF_LLC);
  if (!numeric || !hardware) return tl::make_unexpected(numeric ? hardware.error() : numeric.error());
  const NeighbourObject wanted(rtnl_neigh_alloc());
  if (!wanted) return out_of_memory();
  rtnl_neigh_set_ifindex(wanted.get(), found->index);
  rtnl_neigh_set_dst(wanted.get(), numeric->get());
  rtnl_neigh_set_lladdr(wanted.get(), hardware->get());
  rtnl_neigh_set_state(wanted.get(), rtnl_neigh_str2state("permanent"));
  return done(rtnl_neigh_add(socket_.get(), wanted.get(), NLM_F_CREATE | NLM_F_REPLACE), "add neighbour",
              address + " on " + name);
}

}  // namespace xover
