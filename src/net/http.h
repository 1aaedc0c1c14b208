/// HTTP as the rest of the host sees it: a request goes out, a handler hears what comes back. Knows neither
/// models nor Neovim.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"

namespace askedit::net {

struct HttpRequest {
  std::string method = "POST";
  std::string url;
  std::vector<std::string> headers;  ///< "Name: value"
  std::string body;
  std::string ca;  ///< path of a CA bundle; empty = the system's
  milliseconds connect_timeout{10'000};
  bool direct = false;  ///< no proxy, whatever the environment says
};

/// Milliseconds from the start of the request; -1 = not reached.
struct HttpTimings {
  double lookup = -1, connect = -1, tls = -1, first_byte = -1, total = -1;
};

struct HttpHead {
  int status;
};

enum class Flow { go_on, stop };

/// Hears of one request, on the loop thread, from inside HttpClient::perform(); of the client it may call
/// only timings() then.
class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  /// At most once, before the first on_body().
  virtual void on_head(const HttpHead& head) = 0;
  /// Flow::stop closes the connection; on_end() still follows, without an error.
  virtual Flow on_body(std::string_view bytes) = 0;
  /// The last call, exactly once unless the request is cancelled. `error` is a failure of the transfer:
  /// `network` (nothing came back), `tls`, `timeout` (no connection in time) or `truncated` (cut after the
  /// head).
  virtual void on_end(const std::optional<Error>& error, const HttpTimings& timings) = 0;
};

using HttpId = std::uint64_t;

/// Loop thread only.
class HttpClient {
 public:
  virtual ~HttpClient() = default;
  /// Never fails here: a bad request is heard by on_end(). `handler` must live until on_end() or cancel().
  virtual HttpId start(HttpRequest request, HttpHandler& handler) = 0;
  /// Closes the connection of the request before it returns, in any phase. The handler hears nothing more. An
  /// unknown id is ignored.
  virtual HttpTimings cancel(HttpId id) = 0;
  /// How far the request has come; for a handler too. All -1 for an unknown id.
  virtual HttpTimings timings(HttpId id) const = 0;
};

}  // namespace askedit::net
