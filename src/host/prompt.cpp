#include "host/prompt.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

namespace askedit::host {
namespace {

/// How many rejected changes of one turn are told, and how much text they may hold together.
constexpr std::size_t kMaxRejected = 20;
constexpr std::size_t kMaxRejectedBytes = 8 * 1024;

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

std::string fenced(const std::string& text, const std::string& type) {
  const std::string fence = fence_for(text);
  return fence + type + "\n" + text + (text.ends_with('\n') ? "" : "\n") + fence;
}

void add_paragraph(std::string& text, const std::string& more) {
  if (!text.empty()) text += text.ends_with('\n') ? "\n" : "\n\n";
  text += more;
}

using Names = std::set<std::string, std::less<>>;

/// The part of the user message that tells of the file, but for what the template names itself.
class Section {
 public:
  Section(const Json& context, const Names& used)
      : context_(context), used_(used), type_(string_or(member(context, "filetype"))) {}

  /// About code that is there.
  std::string of_code() {
    const std::string lines = lines_of(context_);
    add_file();
    if (!lines.empty()) out_ += (lines.find('-') == std::string::npos ? ", line " : ", lines ") + lines;
    add_paragraph(out_, fenced(string_or(member(context_, "code")), type_));
    add_indent();
    add_part("What stands before it, for reference only and not to be repeated:", "before");
    add_part("What stands after it, for reference only and not to be repeated:", "after");
    const std::string diagnostics = diagnostics_of(context_);
    if (!diagnostics.empty()) add_paragraph(out_, "Diagnostics:\n" + diagnostics);
    return out_;
  }

  /// About a place where code is to be put.
  std::string of_place() {
    add_file();
    add_indent();
    const bool before = add_part("What stands before the new text:", "before");
    const bool after = add_part("What stands after the new text:", "after");
    add_paragraph(out_, place(before, after));
    return out_;
  }

 private:
  void add_file() {
    const std::string file = string_or(member(context_, "file"));
    out_ += "File: " + (file.empty() ? "(no name)" : file);
    if (!type_.empty()) out_ += " (" + type_ + ")";
  }

  void add_indent() {
    const std::string indent = string_or(member(context_, "indent"));
    if (!indent.empty() && !used_.contains("indent")) add_paragraph(out_, "Indentation: " + indent);
  }

  bool add_part(const std::string& title, const std::string& name) {
    const std::string text = string_or(member(context_, name));
    if (text.empty() || used_.contains(name)) return false;
    add_paragraph(out_, title + "\n\n" + fenced(text, type_));
    return true;
  }

  static std::string place(bool before, bool after) {
    if (before && after) return "The new text goes exactly between these two; repeat nothing of them.";
    if (before) return "The new text goes directly after this; repeat nothing of it.";
    if (after) return "The new text goes directly before this; repeat nothing of it.";
    return "The file is empty.";
  }

  const Json& context_;
  const Names& used_;
  std::string type_;
  std::string out_;
};

/// Empty if there is nothing to tell, or if the template tells it.
std::string section(const Json& context, const Names& used) {
  if (used.contains("code")) return {};
  if (!string_or(member(context, "code")).empty()) return Section(context, used).of_code();
  const bool at_cursor = member(context, "cursor") == Json(true);
  if (!at_cursor || used.contains("before") || used.contains("after")) return {};
  return Section(context, used).of_place();
}

struct Change {
  std::string old_text;
  std::string new_text;
};

/// Those of `context.rejected` that are told, the oldest first: from the newest on, what there is room for.
/// One that is too long for it does not keep out older ones. One that has no text at all says nothing.
std::vector<Change> rejected_changes(const Json& context) {
  std::vector<Change> kept;
  const Json& list = member(context, "rejected");
  std::size_t room = kMaxRejectedBytes;
  for (std::size_t i = list.size(); i > 0 && kept.size() < kMaxRejected; --i) {
    Change change{string_or(member(list[i - 1], "old")), string_or(member(list[i - 1], "new"))};
    const std::size_t size = change.old_text.size() + change.new_text.size();
    if (size == 0 || size > room) continue;
    room -= size;
    kept.push_back(std::move(change));
  }
  std::reverse(kept.begin(), kept.end());
  return kept;
}

/// Empty if there are none.
std::string rejected(const Json& context) {
  const std::vector<Change> changes = rejected_changes(context);
  if (changes.empty()) return {};
  const std::string type = string_or(member(context, "filetype"));
  // The line break keeps an empty last line.
  const auto block = [&](const std::string& text) { return "\n\n" + fenced(text + "\n", type); };
  std::string out = "The user rejected these changes, which were proposed before; do not propose them again:";
  for (const Change& change : changes) {
    if (change.old_text.empty()) {
      add_paragraph(out, "These lines were to be added:" + block(change.new_text));
    } else if (change.new_text.empty()) {
      add_paragraph(out, "These lines were to be removed:" + block(change.old_text));
    } else {
      add_paragraph(out, "These lines:" + block(change.old_text));
      add_paragraph(out, "were to become:" + block(change.new_text));
    }
  }
  return out;
}

bool is_change(const Json& value) {
  return member(value, "old").is_string() && member(value, "new").is_string();
}

bool are_changes(const Json& value) {
  return value.is_null() || (value.is_array() && std::all_of(value.begin(), value.end(), is_change));
}

struct Filled {
  std::string text;
  Names used;
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
    if (value != values.end()) out.used.emplace(name);
    from = next;
  }
  out.text += pattern.substr(from);
  return out;
}

Result<std::string> user_message(const Json& prompt, const Json& context) {
  if (!are_changes(member(context, "rejected")))
    return fail(ErrorKind::bad_request,
                "context.rejected must be a list of {old, new}, both of them strings");
  const std::string words = string_or(member(prompt, "text"));
  Filled filled =
      fill(string_or(member(prompt, "template")), {{"text", words},
                                                   {"code", string_or(member(context, "code"))},
                                                   {"before", string_or(member(context, "before"))},
                                                   {"after", string_or(member(context, "after"))},
                                                   {"indent", string_or(member(context, "indent"))},
                                                   {"file", string_or(member(context, "file"))},
                                                   {"filetype", string_or(member(context, "filetype"))},
                                                   {"lines", lines_of(context)},
                                                   {"diagnostics", diagnostics_of(context)},
                                                   {"language", string_or(member(prompt, "language"))}});
  if (!filled.used.contains("text") && !words.empty()) add_paragraph(filled.text, words);
  if (const std::string more = section(context, filled.used); !more.empty()) add_paragraph(filled.text, more);
  if (const std::string more = rejected(context); !more.empty()) add_paragraph(filled.text, more);
  return filled.text;
}

std::string system_message(const Json& prompt) {
  std::string system = string_or(member(prompt, "system"));
  const std::string language = string_or(member(prompt, "language"));
  if (!language.empty()) add_paragraph(system, "Answer in " + language + ".");
  return system;
}

}  // namespace

Result<llm::Conversation> render(const Json& run) {
  llm::Conversation conversation;
  std::string system = system_message(member(run, "prompt"));
  if (!system.empty()) conversation.push_back({llm::Role::system, std::move(system)});
  const Json& history = member(run, "history");
  if (history.is_array()) {
    for (const Json& turn : history) {
      auto message = user_message(member(turn, "prompt"), member(turn, "context"));
      if (!message) return tl::make_unexpected(std::move(message).error());
      conversation.push_back({llm::Role::user, *std::move(message)});
      conversation.push_back({llm::Role::assistant, string_or(member(turn, "answer"))});
    }
  }
  auto message = user_message(member(run, "prompt"), member(run, "context"));
  if (!message) return tl::make_unexpected(std::move(message).error());
  conversation.push_back({llm::Role::user, *std::move(message)});
  return conversation;
}

}  // namespace askedit::host
