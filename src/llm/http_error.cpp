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

/// The field of the request that the server does not know, if it names one.
std::string refused_field(const Json& body) {
  const Json& error = member(body, "error");
  const std::string code = string_or(member(error, "code"));
  const std::string field = string_or(member(error, "param"));
  const bool plain = field.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string::npos;
  const bool refused = code.starts_with("unsupported_") || code.starts_with("unknown_");
  return refused && plain && field.size() <= 40 && field != "model" && field != "messages" ? field : "";
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

ErrorKind kind_of_error(const Json& body, ErrorKind otherwise) {
  if (body.is_array() && !body.empty()) return kind_of_error(body[0], otherwise);
  const Json& error = member(body, "error").is_object() ? member(body, "error") : body;
  const std::string code = string_or(member(error, "code")) + " " + string_or(member(error, "type"));
  const std::string all = code + " " + message_of(body);
  const auto named = [&](std::string_view text, auto... words) {
    return ((text.find(words) != text.npos) || ...);
  };
  if (named(all, "context_length_exceeded", "exceed_context_size", "prompt is too long",
            "maximum context length"))
    return ErrorKind::context_length;
  if (named(code, "insufficient_quota", "billing")) return ErrorKind::billing;
  if (named(code, "invalid_api_key", "authentication")) return ErrorKind::auth;
  if (named(code, "rate_limit")) return ErrorKind::rate_limit;
  if (named(code, "overloaded")) return ErrorKind::overloaded;
  const Json& number = member(error, "code");
  const bool is_status = number.is_number_integer() && number >= 400 && number < 600;
  return is_status ? kind_of_status(number.get<std::int64_t>()) : otherwise;
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

Error error_of_response(const net::HttpHead& head, std::string_view body, const Secret& key,
                        const std::string& asked) {
  const auto parsed = parse_json(body);
  const ErrorKind by_status = kind_of_status(head.status);
  const ErrorKind kind = parsed ? kind_of_error(*parsed, by_status) : by_status;
  const std::string status = "HTTP " + std::to_string(head.status);
  if (head.status >= 300 && head.status < 400)
    return {kind,
            "the server redirects (" + status + "), which is not followed: set url to the final address"};
  std::string words = one_line(key.mask(words_of(body)), 200);
  const std::string field = parsed ? refused_field(*parsed) : "";
  const std::string advice =
      field.empty() ? hint(kind) : "body = {" + field + " = false} in the provider leaves it out";
  std::string message = "the server answered " + status;
  if (kind == ErrorKind::not_found) message += " to " + one_line(asked, 160);
  if (!words.empty()) message += ": " + words;
  if (!advice.empty()) message += " (" + advice + ")";
  return {kind, std::move(message)};
}

}  // namespace askedit::llm
