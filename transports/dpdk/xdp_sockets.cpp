// Descriptors by /proc/self/fd, their rings by /proc/self/maps: a socket lives for as long as either.
#include "transports/dpdk/xdp_sockets.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <system_error>

namespace xover {

namespace {

void unmap_rings_of(ino_t inode) {
  const std::string name = "socket:[" + std::to_string(inode) + "]";
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    if (!line.ends_with(name)) continue;
    std::istringstream range(line);
    std::uintptr_t begin = 0, end = 0;
    char dash = '-';
    if (range >> std::hex >> begin >> dash >> end) munmap(reinterpret_cast<void*>(begin), end - begin);
  }
}

}  // namespace

std::vector<XdpSocket> xdp_sockets_here() {
  std::vector<XdpSocket> sockets;
  std::error_code gone;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", gone)) {
    const std::string name = entry.path().filename();
    int fd = -1;
    std::from_chars(name.data(), name.data() + name.size(), fd);
    int domain = 0;
    socklen_t size = sizeof domain;
    struct stat file{};
    if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_XDP && fstat(fd, &file) == 0) {
      sockets.push_back({fd, file.st_ino});
    }
  }
  return sockets;
}

void free_forgotten(const std::vector<XdpSocket>& sockets) {
  for (const XdpSocket& socket : xdp_sockets_here()) {
    if (std::ranges::find(sockets, socket) == sockets.end()) continue;
    unmap_rings_of(socket.inode);
    close(socket.fd);
  }
}

}  // namespace xover
