#include "llm/http_error.h"

#include "base/text.h"

namespace askedit::llm {
namespace {

/// The text of a page without its tags; enough for the one line that is shown.
std::string without_tags(std::string_view html) {
  std::string out;
  bool in_tag = false;
  for (const char c : html) {
    if (c == '<') in_tag = true;
    if (!in_tag) out += c;
    if (c == '>') {
      in_tag = false;
      out += ' ';
    }
  }
  return out;
}

/// What a body says to a human: nothing if it is JSON that cannot be read.
std::string words_of(std::string_view body) {
  if (const auto parsed = parse_json(body)) return message_of(*parsed);
  const auto first = body.find_first_not_of(" \t\r\n");
  const bool json = first != std::string_view::npos && (body[first] == '{' || body[first] == '[');
  return json ? std::string() : without_tags(body);
}

std::string hint(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::auth:
      return "check the key";
    case ErrorKind::not_found:
      return "check url and model";
    case ErrorKind::rate_limit:
      return "wait, then :Ask /retry";
    case ErrorKind::server:
    case ErrorKind::overloaded:
      return ":Ask /retry asks again";
    default:
      return "";
  }
}

}  // namespace

ErrorKind kind_of_status(std::int64_t status) {
  switch (status) {
    case 401:
      return ErrorKind::auth;
    case 402:
      return ErrorKind::billing;
    case 403:
      return ErrorKind::permission;
    case 404:
      return ErrorKind::not_found;
    case 408:
    case 425:
      return ErrorKind::timeout;
    case 413:
      return ErrorKind::too_large;
    case 429:
      return ErrorKind::rate_limit;
    case 503:
    case 529:
      return ErrorKind::overloaded;
    default:
      break;
  }
  if (status >= 500 && status < 600) return ErrorKind::server;
  if (status >= 300 && status < 400) return ErrorKind::protocol;
  return ErrorKind::bad_request;
}

std::string message_of(const Json& body) {
  if (body.is_string()) return body.get<std::string>();
  if (body.is_array() && !body.empty()) return message_of(body[0]);
  const Json& error = member(body, "error");
  const Json& detail = member(body, "detail");
  const Json& errors = member(body, "errors");
  for (const Json* candidate : {&member(error, "message"), &error, &member(body, "message"), &detail})
    if (candidate->is_string()) return candidate->get<std::string>();
  if (detail.is_array() && !detail.empty()) return string_or(member(detail[0], "msg"));
  if (errors.is_array() && !errors.empty()) return string_or(member(errors[0], "message"));
  return string_or(member(body, "title"));
}

Error error_of_response(const net::HttpHead& head, std::string_view body, const Secret& key) {
  const ErrorKind kind = kind_of_status(head.status);
  const std::string status = "HTTP " + std::to_string(head.status);
  if (head.status >= 300 && head.status < 400)
    return {kind,
            "the server redirects (" + status + "), which is not followed: set url to the final address"};
  std::string words = one_line(key.mask(words_of(body)), 200);
  std::string advice = hint(kind);
  std::string message = "the server answered " + status;
  if (!words.empty()) message += ": " + words;
  if (!advice.empty()) message += " (" + advice + ")";
  return {kind, std::move(message)};
}

}  // namespace askedit::llm
