/// What can go wrong, in one type from the wire to the screen.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace askedit {

/// The kinds are those of `doc/protocol.md`; to_string() gives their names there.
enum class ErrorKind {
  auth,
  billing,
  permission,
  not_found,
  bad_request,
  context_length,
  too_large,
  rate_limit,
  overloaded,
  server,
  timeout,
  network,
  tls,
  protocol,
  truncated,
  cancelled,
  config,
  key,
  outdated,
};

std::string_view to_string(ErrorKind kind);

/// One failure. `message` is one sentence for the user: what failed, why, what to do. It may quote a server
/// and is cleaned and masked before it leaves the host (llm/job.cpp).
struct Error {
  ErrorKind kind;
  std::string message;
};

template <class T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(ErrorKind kind, std::string message) {
  return tl::make_unexpected(Error{kind, std::move(message)});
}

}  // namespace askedit
