/// The main() of the test program, alone in its file since it holds all of Catch2 2.x.
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#endif

#include <csignal>

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // writing to a host that has ended is a normal thing here
  return Catch::Session().run(argc, argv);
}
