/// Named events that happen once, between the threads of a scenario. Whoever waits, waits for one of these.
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <string>

namespace askedit::scenarios {

/// Nothing in a scenario takes so long; to wait in vain this long is a failure.
inline constexpr std::chrono::seconds kPatience{30};

/// What a promise in milliseconds is multiplied with where sanitizers slow everything down.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr int kSlowness = 5;
#else
inline constexpr int kSlowness = 1;
#endif

class Noticeboard {
 public:
  Noticeboard() : fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}
  ~Noticeboard() { close(fd_); }
  Noticeboard(const Noticeboard&) = delete;
  Noticeboard& operator=(const Noticeboard&) = delete;

  void post(const std::string& name) {
    {
      const std::scoped_lock lock(mutex_);
      names_.insert(name);
    }
    posted_.notify_all();
    eventfd_write(fd_, 1);
  }

  bool has(const std::string& name) {
    const std::scoped_lock lock(mutex_);
    return names_.contains(name);
  }

  /// False if it was waited for in vain.
  bool await(const std::string& name) {
    std::unique_lock lock(mutex_);
    return posted_.wait_for(lock, kPatience, [&] { return names_.contains(name); });
  }

  /// Readable after a post(), until clear().
  int fd() const { return fd_; }
  void clear() {
    eventfd_t count = 0;
    eventfd_read(fd_, &count);
  }

 private:
  int fd_;
  std::mutex mutex_;
  std::condition_variable posted_;
  std::set<std::string> names_;
};

}  // namespace askedit::scenarios
