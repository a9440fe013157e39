// Opens, asks what it is, then reads.
#include "harness/experiment/text_file.h"

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <memory>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "harness/experiment/bad_input.h"

namespace xover {

namespace {

constexpr std::size_t chunk_bytes = 1 << 20;

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

tl::unexpected<Error> cannot_read(const std::string& path) {
  const int errno_value = errno;
  return tl::make_unexpected(Error{ErrorCode::bad_input, errno_value, "cannot read " + in_quotes(path), {}, {}});
}

}  // namespace

Result<std::string> read_text_file(const std::string& path, std::size_t largest_bytes) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (descriptor < 0) return cannot_read(path);
  const std::unique_ptr<std::FILE, Close> file(::fdopen(descriptor, "r"));
  struct stat about{};
  if (::fstat(descriptor, &about) != 0) return cannot_read(path);
  if (S_ISDIR(about.st_mode)) return bad_input("cannot read " + in_quotes(path), "it is a folder");
  if (!S_ISREG(about.st_mode)) return bad_input("cannot read " + in_quotes(path), "it is no regular file");

  std::string text;
  for (std::size_t read = chunk_bytes; read == chunk_bytes && text.size() <= largest_bytes;) {
    const std::size_t before = text.size();
    text.resize(before + chunk_bytes);
    read = std::fread(text.data() + before, 1, chunk_bytes, file.get());
    text.resize(before + read);
  }
  if (std::ferror(file.get()) != 0) return cannot_read(path);
  if (text.size() > largest_bytes)
    return bad_input("cannot read " + in_quotes(path), fmt::format("it is larger than {} MiB", largest_bytes >> 20));
  return text;
}

}  // namespace xover
