#include "base/error.h"

namespace askedit {

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::auth:
      return "auth";
    case ErrorKind::billing:
      return "billing";
    case ErrorKind::permission:
      return "permission";
    case ErrorKind::not_found:
      return "not_found";
    case ErrorKind::bad_request:
      return "bad_request";
    case ErrorKind::context_length:
      return "context_length";
    case ErrorKind::too_large:
      return "too_large";
    case ErrorKind::rate_limit:
      return "rate_limit";
    case ErrorKind::overloaded:
      return "overloaded";
    case ErrorKind::server:
      return "server";
    case ErrorKind::timeout:
      return "timeout";
    case ErrorKind::network:
      return "network";
    case ErrorKind::tls:
      return "tls";
    case ErrorKind::protocol:
      return "protocol";
    case ErrorKind::truncated:
      return "truncated";
    case ErrorKind::cancelled:
      return "cancelled";
    case ErrorKind::config:
      return "config";
    case ErrorKind::key:
      return "key";
    case ErrorKind::outdated:
      return "outdated";
  }
  return "unknown";
}

}  // namespace askedit
