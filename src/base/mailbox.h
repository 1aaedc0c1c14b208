/// The one place where the two threads meet: bytes of stdin on their way from the main thread to the loop
/// thread.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <utility>

namespace askedit {

/// Thread-safe; holds the only lock of the host. Bytes keep their order.
class Mailbox {
 public:
  /// `wake` is called after each change, without the lock, on the thread that made it.
  explicit Mailbox(std::function<void()> wake) : wake_(std::move(wake)) {}

  struct Contents {
    std::string bytes;
    bool closed;
  };

  /// Main thread: more input.
  void push(std::string_view bytes) {
    {
      const std::scoped_lock lock(mutex_);
      bytes_.append(bytes);
    }
    wake_();
  }

  /// Main thread: there is no more input; the host is to end.
  void close() {
    {
      const std::scoped_lock lock(mutex_);
      closed_ = true;
    }
    wake_();
  }

  /// Loop thread: takes what is there, without waiting.
  Contents take() {
    const std::scoped_lock lock(mutex_);
    return {std::exchange(bytes_, {}), closed_};
  }

 private:
  std::function<void()> wake_;
  std::mutex mutex_;
  std::string bytes_;
  bool closed_ = false;
};

}  // namespace askedit
