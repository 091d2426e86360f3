// SPDX-License-Identifier: MIT
// Reading a file as a whole, or its beginning. Interrupted and short reads are seen to here; a
// limit keeps a file from filling the memory.
#pragma once

#include <cstddef>
#include <string>

#include "engine/result.hpp"

namespace nettune {

/// The first `limit` bytes of what `fd` gives, until its end. `name` stands in the error. A regular
/// file that is `expected` bytes long is read with one call.
Result<std::string> read_start(int fd, const std::string& name, std::size_t limit,
                               std::size_t expected = 0);
/// The same of the file at `path`, which is never waited for: of /proc and /sys, where no file says
/// how long it is.
Result<std::string> read_start(const std::string& path, std::size_t limit);

/// All that `fd` or the file gives, be it a pipe or a terminal; EFBIG beyond `limit` bytes.
Result<std::string> read_to_end(int fd, const std::string& name, std::size_t limit);
Result<std::string> read_to_end(const std::string& path, std::size_t limit);

/// A whole regular file of at most `limit` bytes, as it was at one moment. EISDIR, ELOOP, ENXIO (a
/// FIFO, a device or a socket), EFBIG, ESTALE (it changed while it was read).
Result<std::string> read_file(const std::string& path, std::size_t limit);

/// The same, of a small file in an open folder, with as few calls as can be, for there are many. Of
/// /dev/null and links to it: "". ENXIO is any other file that is not regular, EFBIG one that is
/// not small or has grown meanwhile.
Result<std::string> read_small_file(int folder, const char* name);

/// "it is a directory", "No such file or directory": what stands after "X can't be read: ". `limit`
/// is that which was asked for.
std::string why_unreadable(const Error& error, std::size_t limit);

}  // namespace nettune
