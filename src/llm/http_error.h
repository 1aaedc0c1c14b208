/// What an HTTP status and an error body mean, the same for every provider.
#pragma once

#include <string_view>

#include "base/json.h"
#include "base/secret.h"
#include "net/http.h"

namespace askedit::llm {

/// How much of an error body is read.
inline constexpr std::size_t kMaxErrorBody = 64 * 1024;

/// The kind of failure that `status` stands for by HTTP's meaning; `bad_request` for any number that has
/// none.
ErrorKind kind_of_status(std::int64_t status);

/// The kind that an error object names by its code, type or words; `otherwise` if it names none that is
/// known.
ErrorKind kind_of_error(const Json& body, ErrorKind otherwise);

/// The server's own words in an error object, or empty. Knows the shapes of the common servers.
std::string message_of(const Json& body);

/// The failure that a response of any status but 2xx is. `key` is masked before the server's words are cut;
/// `asked` is the method and the URL, safe to show.
Error error_of_response(const net::HttpHead& head, std::string_view body, const Secret& key,
                        const std::string& asked);

}  // namespace askedit::llm
