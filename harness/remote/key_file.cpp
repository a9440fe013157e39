// Keys: wiped, compared, written to a file and read from one. Every buffer that held a secret is wiped as well.
#include "harness/remote/key_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <optional>
#include <string_view>

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

namespace xover {

namespace {

constexpr std::size_t digits = 2 * key_bytes;
constexpr std::string_view comment =
    "# A key for `xover serve` and `xover run --peer`: the same file on both hosts, given with --key-file.\n"
    "# Whoever has it can run measurements there. Copy it over a safe way (scp), and keep it readable by you alone.\n";
constexpr const char* make_another = "make a new one: xover serve --new-key FILE";

// Bytes that are wiped, of a size that is known, so that no copy of them stays in freed memory.
template <std::size_t size>
struct Wiped {
  std::array<char, size> bytes{};
  std::size_t used = 0;

  Wiped() = default;
  Wiped(const Wiped&) = delete;
  Wiped& operator=(const Wiped&) = delete;
  ~Wiped() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
  std::string_view text() const { return {bytes.data(), used}; }
};
using FileText = Wiped<4096>;  // more is no key file

class File {
 public:
  File(const std::string& path, int flags, mode_t mode = 0) : fd_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

Result<void> write_all(int fd, const std::string& path, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_error("write key file", path);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> read_all(int fd, const std::string& path, FileText& text) {
  for (;;) {
    const ssize_t got = ::read(fd, text.bytes.data() + text.used, text.bytes.size() - text.used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("read key file", path);
    if (got == 0) return {};
    text.used += static_cast<std::size_t>(got);
    if (text.used == text.bytes.size())
      return make_error(ErrorCode::bad_input, "read key file", path + ": too long for a key file", make_another);
  }
}

std::string_view trimmed(std::string_view line) {
  while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back()))) line.remove_suffix(1);
  while (!line.empty() && std::isspace(static_cast<unsigned char>(line.front()))) line.remove_prefix(1);
  return line;
}

bool is_hex(std::string_view line) {
  for (const char c : line) {
    if (!std::isxdigit(static_cast<unsigned char>(c))) return false;
  }
  return true;
}

unsigned value_of_digit(char digit) {
  if (digit <= '9') return static_cast<unsigned>(digit - '0');
  return static_cast<unsigned>((digit | 0x20) - 'a') + 10;
}

// `line` has so many digits and nothing else.
Key key_of_digits(std::string_view line) {
  Key key;
  for (std::size_t i = 0; i < key_bytes; ++i)
    key.bytes[i] = static_cast<unsigned char>(value_of_digit(line[2 * i]) << 4 | value_of_digit(line[2 * i + 1]));
  return key;
}

Result<Key> parse_key(std::string_view text, const std::string& path) {
  const auto wrong = [&path](std::string what) {
    return make_error(ErrorCode::bad_input, "read key file", path + ": " + std::move(what), make_another);
  };
  std::optional<Key> key;
  for (int number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty() || line.front() == '#') continue;
    if (key) return wrong(fmt::format("line {} comes after the key; a key file holds one key and no more", number));
    if (!is_hex(line))
      return wrong(fmt::format("line {} holds more than hex digits; a key is {} of them", number, digits));
    if (line.size() != digits)
      return wrong(fmt::format("line {} has {} hex digits; a key has {}", number, line.size(), digits));
    key = key_of_digits(line);
  }
  if (!key) return wrong("there is no key in it");
  if (key->is_none()) return wrong("a key of zeros is no secret");
  return *key;
}

}  // namespace

Key::~Key() { OPENSSL_cleanse(bytes.data(), bytes.size()); }

bool Key::is_none() const { return *this == no_key(); }

bool operator==(const Key& a, const Key& b) { return CRYPTO_memcmp(a.bytes.data(), b.bytes.data(), key_bytes) == 0; }

Key no_key() { return {}; }

Result<void> make_key_file(const std::string& path) {
  Key key;
  if (RAND_bytes(key.bytes.data(), key_bytes) != 1)
    return make_error(ErrorCode::internal, "make key file", "the system gives no random bytes");
  Wiped<digits + 1> line;
  for (const unsigned char byte : key.bytes) {
    line.bytes[line.used++] = "0123456789abcdef"[byte >> 4];
    line.bytes[line.used++] = "0123456789abcdef"[byte & 15];
  }
  line.bytes[line.used++] = '\n';

  const File file(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
  if (file.fd() < 0 && errno == EEXIST)
    return make_error(ErrorCode::bad_input, "make key file",
                      path + ": a file is there already, and a key that is in use must not be lost",
                      "choose another name, or delete it first if no host needs it any more");
  if (file.fd() < 0) return system_error("make key file", path);
  auto written = write_all(file.fd(), path, comment);
  if (written) written = write_all(file.fd(), path, line.text());
  if (written && ::fsync(file.fd()) != 0) written = system_error("write key file", path);
  if (!written) ::unlink(path.c_str());
  return written;
}

Result<Key> read_key_file(const std::string& path) {
  const File file(path, O_RDONLY | O_NOCTTY);
  if (file.fd() < 0)
    return system_error("read key file", path, errno == ENOENT ? "make one: xover serve --new-key FILE" : "");
  struct stat about{};
  if (::fstat(file.fd(), &about) != 0) return system_error("read key file", path);
  if ((about.st_mode & 077) != 0)
    return make_error(ErrorCode::not_permitted, "read key file",
                      fmt::format("{}: others than its owner have rights to it (mode {:04o}), so it is no secret", path,
                                  about.st_mode & 07777),
                      fmt::format("chmod 600 {}", path));
  FileText text;
  if (auto read = read_all(file.fd(), path, text); !read) return tl::make_unexpected(read.error());
  return parse_key(text.text(), path);
}

}  // namespace xover
