#include <exception>
#include <iostream>

#include "daemon/ctl/failure.hpp"
#include "daemon/ctl/run.hpp"

int main(int argc, char** argv) {
  try {
    return ekiden::daemon::ctl::run(argc, argv, std::cout, std::cerr);
  } catch (const std::exception& failure) {
    std::cerr << "ekidenctl: " << failure.what() << "\n";
    return ekiden::daemon::ctl::kExitFailed;
  }
}
