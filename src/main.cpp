/// askedit-host: started by Neovim, speaks msgpack-RPC on stdin and stdout (doc/protocol.md).
///
///   nvim --stdin--> [main thread: read bytes] --push + wake--> Mailbox
///                                                                 |
///   nvim <-stdout-- Peer <-- Host, Run <-- Job <-- decoder <-- [loop thread] <--bytes-- CurlClient
///
/// The loop thread owns everything but the mailbox. It ends when the mailbox is closed, which is at the end
/// of stdin or at SIGTERM, and closes all connections with it: Neovim stands still until we are gone.
#include <sys/resource.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include <cstdio>
#include <string_view>
#include <thread>

#include "base/mailbox.h"
#include "host/host.h"
#include "net/curl_client.h"
#include "providers/table.h"
#include "rpc/peer.h"
#include "rpc/stdio.h"

namespace {

using namespace askedit;

enum class Exit { ok = 0, failed = 1, usage = 2 };

/// Writes what fits; fails if Neovim is gone.
Result<void> flush(rpc::Peer& peer) {
  while (!peer.pending().empty()) {
    const auto size = rpc::write_stdout(peer.pending());
    if (!size) return tl::make_unexpected(size.error());
    if (*size == 0) return {};
    peer.written(*size);
  }
  return {};
}

/// The loop thread. Returns when the mailbox is closed or the stream to Neovim is lost.
Result<void> serve(Mailbox& mailbox, net::CurlClient& client) {
  rpc::Peer peer;
  host::Host host(peer, client, providers::table());
  for (;;) {
    const auto input = mailbox.take();
    if (input.closed) return {};
    if (const auto received = peer.receive(input.bytes); !received) return received;
    client.perform();
    host.tick(Clock::now());
    if (const auto flushed = flush(peer); !flushed) return flushed;
    client.wait(host.wake_at(), {peer.pending().empty() ? -1 : rpc::kStdout});
  }
}

/// Neither a core file nor another process of the user shall show the key.
void protect_memory() {
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
#if defined(__linux__) && \
    !defined(__SANITIZE_ADDRESS__)  // the leak check of ASan has to look into the process
  prctl(PR_SET_DUMPABLE, 0);
#endif
}

Exit run() {
  rpc::prepare_stdio();
  const net::CurlGlobal curl;
  net::CurlClient client;
  Mailbox mailbox([&client] { client.wake(); });
  Exit outcome = Exit::ok;
  std::thread loop([&] {
    const auto served = serve(mailbox, client);
    if (served) return;
    std::fprintf(stderr, "askedit-host: %s\n", served.error().message.c_str());
    outcome = Exit::failed;
    rpc::interrupt_read_stdin();
  });
  rpc::read_stdin([&](std::string_view bytes) { mailbox.push(bytes); });
  mailbox.close();
  loop.join();
  return outcome;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--version") {
    std::printf("askedit-host %s (protocol %d)\n", ASKEDIT_VERSION, ASKEDIT_PROTOCOL);
    return static_cast<int>(Exit::ok);
  }
  if (argc > 1 || isatty(rpc::kStdin) == 1) {
    std::fputs("askedit-host is the native half of askedit.nvim; Neovim starts it (see :help askedit).\n",
               stderr);
    return static_cast<int>(Exit::usage);
  }
  protect_memory();
  return static_cast<int>(run());
}
