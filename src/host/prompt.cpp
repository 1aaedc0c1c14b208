#include "host/prompt.h"

#include <map>

namespace askedit::host {
namespace {

std::string number(const Json& value) {
  return value.is_number_integer() ? dump_json(value) : std::string();
}

std::string lines_of(const Json& context) {
  const std::string first = number(member(context, "first"));
  const std::string last = number(member(context, "last"));
  return first == last ? first : first + "-" + last;
}

std::string diagnostics_of(const Json& context) {
  std::string out;
  const Json& list = member(context, "diagnostics");
  if (!list.is_array()) return out;
  for (const Json& item : list)
    out += "- line " + number(member(item, "line")) + ": " + string_or(member(item, "severity")) + ": " +
           string_or(member(item, "message")) + "\n";
  return out;
}

/// A fence that the code cannot close.
std::string fence_for(std::string_view code) {
  std::size_t longest = 2;
  for (std::size_t i = 0, run = 0; i < code.size(); ++i) {
    run = code[i] == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  return std::string(longest + 1, '`');
}

std::string code_section(const Json& context) {
  const std::string code = string_or(member(context, "code"));
  const std::string file = string_or(member(context, "file"));
  const std::string type = string_or(member(context, "filetype"));
  const std::string lines = lines_of(context);
  const std::string fence = fence_for(code);
  std::string out = "File: " + (file.empty() ? "(no name)" : file);
  if (!type.empty()) out += " (" + type + ")";
  if (!lines.empty()) out += (lines.find('-') == std::string::npos ? ", line " : ", lines ") + lines;
  out += "\n\n" + fence + type + "\n" + code + (code.ends_with('\n') ? "" : "\n") + fence;
  const std::string diagnostics = diagnostics_of(context);
  return diagnostics.empty() ? out : out + "\n\nDiagnostics:\n" + diagnostics;
}

struct Filled {
  std::string text;
  bool used_text = false;
  bool used_code = false;
};

/// One pass from left to right, so that what is put in is never looked at again.
Filled fill(std::string_view pattern, const std::map<std::string_view, std::string>& values) {
  Filled out;
  std::size_t from = 0;
  for (std::size_t open; (open = pattern.find("{{", from)) != std::string_view::npos;) {
    const std::size_t close = pattern.find("}}", open);
    const auto name = close == std::string_view::npos ? "" : pattern.substr(open + 2, close - open - 2);
    const auto value = values.find(name);
    const std::size_t next = value == values.end() ? open + 1 : close + 2;
    out.text += pattern.substr(from, open - from);
    out.text += value == values.end() ? "{" : value->second;
    out.used_text = out.used_text || name == "text";
    out.used_code = out.used_code || name == "code";
    from = next;
  }
  out.text += pattern.substr(from);
  return out;
}

void add_paragraph(std::string& text, const std::string& more) {
  if (!text.empty()) text += text.ends_with('\n') ? "\n" : "\n\n";
  text += more;
}

std::string user_message(const Json& prompt, const Json& context) {
  const std::string words = string_or(member(prompt, "text"));
  const std::string code = string_or(member(context, "code"));
  Filled filled =
      fill(string_or(member(prompt, "template")), {{"text", words},
                                                   {"code", code},
                                                   {"file", string_or(member(context, "file"))},
                                                   {"filetype", string_or(member(context, "filetype"))},
                                                   {"lines", lines_of(context)},
                                                   {"diagnostics", diagnostics_of(context)},
                                                   {"language", string_or(member(prompt, "language"))}});
  if (!filled.used_text && !words.empty()) add_paragraph(filled.text, words);
  if (!filled.used_code && !code.empty()) add_paragraph(filled.text, code_section(context));
  return filled.text;
}

std::string system_message(const Json& prompt) {
  std::string system = string_or(member(prompt, "system"));
  const std::string language = string_or(member(prompt, "language"));
  if (!language.empty()) add_paragraph(system, "Answer in " + language + ".");
  return system;
}

}  // namespace

llm::Conversation render(const Json& run) {
  llm::Conversation conversation;
  std::string system = system_message(member(run, "prompt"));
  if (!system.empty()) conversation.push_back({llm::Role::system, std::move(system)});
  const Json& history = member(run, "history");
  if (history.is_array()) {
    for (const Json& turn : history) {
      conversation.push_back(
          {llm::Role::user, user_message(member(turn, "prompt"), member(turn, "context"))});
      conversation.push_back({llm::Role::assistant, string_or(member(turn, "answer"))});
    }
  }
  conversation.push_back({llm::Role::user, user_message(member(run, "prompt"), member(run, "context"))});
  return conversation;
}

}  // namespace askedit::host
