#include "unit/llm/events.h"

#include "base/text.h"
#include "unit/catch.h"

namespace askedit::llm {

Json to_json(const Event& event) {
  if (const auto* started = std::get_if<Started>(&event)) return {{"started", started->model}};
  if (const auto* text = std::get_if<TextDelta>(&event)) return {{"text", text->delta}};
  if (const auto* thought = std::get_if<ReasoningDelta>(&event)) return {{"reasoning", thought->delta}};
  if (const auto* notice = std::get_if<Notice>(&event)) return {{"notice", notice->line}};
  if (const auto* models = std::get_if<Models>(&event)) return {{"models", models->names}};
  if (const auto* finished = std::get_if<Finished>(&event))
    return {{"finished", to_string(finished->reason)}};
  if (const auto* failed = std::get_if<Failed>(&event))
    return {
        {"failed", {{"kind", askedit::to_string(failed->error.kind)}, {"message", failed->error.message}}}};
  const auto& usage = std::get<Usage>(event);
  return {{"usage",
           {{"input", usage.input},
            {"output", usage.output},
            {"cached", usage.cached},
            {"reasoning", usage.reasoning}}}};
}

std::string text_of(const Events& events) {
  std::string text;
  for (const Event& event : events)
    if (const auto* delta = std::get_if<TextDelta>(&event)) text += delta->delta;
  return text;
}

Json joined(const Events& events) {
  Json out = Json::array();
  for (const Event& event : events) {
    Json next = to_json(event);
    const std::string name = next.begin().key();
    const bool delta = name == "text" || name == "reasoning";
    if (delta && !out.empty() && out.back().contains(name))
      out.back()[name] = out.back()[name].get<std::string>() + next[name].get<std::string>();
    else
      out.push_back(std::move(next));
  }
  return out;
}

Error failure_of(const Events& events) {
  REQUIRE(!events.empty());
  REQUIRE(std::holds_alternative<Failed>(events.back()));
  return std::get<Failed>(events.back()).error;
}

namespace {

/// The text of a delta of either kind, or nothing.
const std::string* delta_of(const Event& event) {
  if (const auto* text = std::get_if<TextDelta>(&event)) return &text->delta;
  if (const auto* thought = std::get_if<ReasoningDelta>(&event)) return &thought->delta;
  return nullptr;
}

/// The first law that is broken, or nothing.
std::string broken_law(const Events& events) {
  bool ended = false;
  bool started = false;
  bool delta_seen = false;
  for (const Event& event : events) {
    if (ended) return "nothing after the terminal event";
    if (std::holds_alternative<Started>(event)) {
      if (started || delta_seen) return "started at most once and before any text";
      started = true;
    }
    if (const std::string* delta = delta_of(event)) {
      delta_seen = true;
      if (delta->empty()) return "deltas are never empty";
      if (valid_utf8(*delta) != *delta) return "deltas are complete UTF-8";
    }
    ended = std::holds_alternative<Finished>(event) || std::holds_alternative<Failed>(event);
  }
  return ended ? "" : "exactly one terminal event";
}

}  // namespace

void check_laws(const Events& events) {
  const std::string broken = broken_law(events);
  if (!broken.empty()) FAIL("broken law: " << broken);
}

}  // namespace askedit::llm
