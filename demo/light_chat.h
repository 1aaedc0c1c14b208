// The light-chat wire, from the server's side.
#pragma once

#include <mutex>
#include <string>
#include <utility>

#include "replies.h"

namespace askedit::demo {

/// Answers requests of the light-chat API and counts the calls of the day, as the real service does.
class LightChat {
 public:
  /// `token` is the only one accepted.
  explicit LightChat(std::string token) : token_(std::move(token)) {}

  /// The response to the body of one request, after the time that a model would take. Any thread.
  std::string respond(const std::string& body);

 private:
  /// Counts one call; its number on that day.
  int count_call(const std::string& day);

  const std::string token_;
  std::mutex mutex_;
  std::string day_;  ///< that calls_ belongs to; both guarded by mutex_
  int calls_ = 0;
};

}  // namespace askedit::demo
