/// Standard input and output; the only file that knows these two descriptors.
#pragma once

#include <functional>
#include <string_view>

#include "base/error.h"

namespace askedit::rpc {

inline constexpr int kStdin = 0;
inline constexpr int kStdout = 1;

/// Blocks SIGTERM, SIGHUP and SIGINT (so that read_stdin() alone meets them), ignores SIGPIPE and makes
/// stdout non-blocking. Call before the first thread starts: threads inherit the mask.
void prepare_stdio();

/// Main thread. Calls `on_bytes` for all input until its end, an error, or one of the signals above.
void read_stdin(const std::function<void(std::string_view)>& on_bytes);

/// Any thread: makes read_stdin() return.
void interrupt_read_stdin();

/// Loop thread. Writes what fits without waiting and returns its size; fails if the reader is gone. Works for
/// pipes and sockets: Neovim uses either.
Result<std::size_t> write_stdout(std::string_view bytes);

}  // namespace askedit::rpc
