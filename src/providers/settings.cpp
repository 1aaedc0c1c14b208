#include "providers/settings.h"

#include <algorithm>

#include "base/text.h"

namespace askedit::providers {
namespace {

std::string list(const auto& names) {
  std::string out;
  for (const auto& name : names) out.append(out.empty() ? "" : ", ").append(name);
  return out;
}

}  // namespace

const Json& Settings::read(std::string_view name) {
  read_.emplace_back(name);
  return member(values_, name);
}

void Settings::fault(std::string_view name, std::string_view accepted) {
  if (fault_.empty()) fault_.append("provider.").append(name).append(" must be ").append(accepted);
}

std::string Settings::text(std::string_view name, std::string otherwise) {
  const Json& value = read(name);
  if (value.is_null()) return otherwise;
  if (!value.is_string()) fault(name, "a string");
  return string_or(value, std::move(otherwise));
}

double Settings::seconds(std::string_view name, double otherwise) {
  const Json& value = read(name);
  if (value.is_null()) return otherwise;
  const double seconds = value.is_number() ? value.get<double>() : 0;
  if (!(seconds > 0 && seconds <= 86'400)) {
    fault(name, "a number of seconds over 0, at most 86400");
    return otherwise;
  }
  return seconds;
}

std::string Settings::choice(std::string_view name, const std::vector<std::string_view>& accepted) {
  std::string value = text(name, std::string(accepted.front()));
  if (std::find(accepted.begin(), accepted.end(), value) == accepted.end())
    fault(name, "one of: " + list(accepted));
  return value;
}

Json Settings::map(std::string_view name, const std::vector<std::string_view>& refused) {
  const Json& value = read(name);
  if (value.is_null() || (value.is_array() && value.empty())) return Json::object();
  if (!value.is_object()) {
    fault(name, "a map");
    return Json::object();
  }
  for (const std::string_view key : refused)
    if (value.contains(key)) fault(name, "a map without the names " + list(refused));
  return value;
}

Json Settings::texts(std::string_view name) {
  Json value = map(name, {});
  for (const auto& [key, item] : value.items())
    if (!item.is_string() || (key + string_or(item)).find_first_of("\r\n") != std::string::npos)
      fault(name, "a map of names to one-line strings");
  return value;
}

Result<void> Settings::check() const {
  if (!fault_.empty()) return fail(ErrorKind::config, fault_);
  if (!values_.is_object()) return {};
  for (const auto& [name, value] : values_.items())
    if (std::find(read_.begin(), read_.end(), name) == read_.end())
      return fail(ErrorKind::config,
                  "unknown setting provider." + one_line(name, 40) + "; accepted are " + list(read_));
  return {};
}

}  // namespace askedit::providers
