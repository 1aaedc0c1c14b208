#include "base/mailbox.h"

#include <atomic>
#include <thread>

#include "unit/catch.h"

using namespace askedit;

TEST_CASE("The mailbox gives what came, in order, once, and wakes at each change", "[mailbox]") {
  int wakes = 0;
  Mailbox mailbox([&] { ++wakes; });
  mailbox.push("ab");
  mailbox.push("c");
  CHECK(wakes == 2);
  CHECK(mailbox.take().bytes == "abc");
  CHECK(mailbox.take().bytes == "");
  CHECK(!mailbox.take().closed);
  mailbox.close();
  CHECK(wakes == 3);
  CHECK(mailbox.take().closed);
  CHECK(mailbox.take().closed);
}

TEST_CASE("wake() is called without the lock", "[mailbox]") {
  std::string seen;
  Mailbox* self = nullptr;
  Mailbox mailbox([&] { seen += self->take().bytes; });
  self = &mailbox;
  mailbox.push("would hang");
  CHECK(seen == "would hang");
}

TEST_CASE("No byte is lost between two threads", "[mailbox]") {
  constexpr int kPushes = 20'000;
  std::atomic<int> wakes = 0;
  Mailbox mailbox([&] {
    ++wakes;
    wakes.notify_one();
  });
  std::thread producer([&] {
    for (int i = 0; i < kPushes; ++i) mailbox.push(std::string(1, static_cast<char>('a' + i % 26)));
    mailbox.close();
  });
  std::string got;
  for (bool closed = false; !closed;) {
    const int seen = wakes;
    const auto contents = mailbox.take();
    got += contents.bytes;
    closed = contents.closed;
    if (!closed && contents.bytes.empty()) wakes.wait(seen);
  }
  producer.join();
  REQUIRE(got.size() == kPushes);
  bool in_order = true;
  for (std::size_t i = 0; i < got.size(); ++i)
    in_order = in_order && got[i] == static_cast<char>('a' + i % 26);
  CHECK(in_order);
}
