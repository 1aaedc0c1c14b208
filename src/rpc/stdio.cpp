#include "rpc/stdio.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/select.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace askedit::rpc {
namespace {

constexpr std::array kEndSignals{SIGTERM, SIGHUP, SIGINT};

void interrupt_only(int) {}  // the signal's work is to make pselect() return

bool has_pending_signal() {
  sigset_t pending;
  sigpending(&pending);
  for (const int signal : kEndSignals)
    if (sigismember(&pending, signal) == 1) return true;
  return false;
}

}  // namespace

void prepare_stdio() {
  std::signal(SIGPIPE, SIG_IGN);
  struct sigaction action {};
  action.sa_handler = interrupt_only;
  sigset_t blocked;
  sigemptyset(&blocked);
  for (const int signal : kEndSignals) {
    sigaction(signal, &action, nullptr);
    sigaddset(&blocked, signal);
  }
  pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
  fcntl(kStdout, F_SETFL, fcntl(kStdout, F_GETFL) | O_NONBLOCK);
}

void read_stdin(const std::function<void(std::string_view)>& on_bytes) {
  std::array<char, 1 << 16> buffer;
  sigset_t none;
  sigemptyset(&none);
  for (;;) {
    fd_set readable;
    FD_ZERO(&readable);
    FD_SET(kStdin, &readable);
    // pselect() opens the signal mask only while it waits: no signal can slip in between a check and the
    // wait.
    if (pselect(kStdin + 1, &readable, nullptr, nullptr, nullptr, &none) < 0 || has_pending_signal()) return;
    const ssize_t size = read(kStdin, buffer.data(), buffer.size());
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (size <= 0) return;
    on_bytes({buffer.data(), static_cast<std::size_t>(size)});
  }
}

void interrupt_read_stdin() {
  kill(getpid(), SIGTERM);
}

Result<std::size_t> write_stdout(std::string_view bytes) {
  const ssize_t size = write(kStdout, bytes.data(), bytes.size());
  if (size >= 0) return static_cast<std::size_t>(size);
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return std::size_t{0};
  return fail(ErrorKind::network, std::string("cannot write to the editor: ") + std::strerror(errno));
}

}  // namespace askedit::rpc
