# What the project takes from others. Each is linked only by the room that needs it, by these names:
#
#   Boost::headers                Asio as the reactor's event backend; DLL for loading plugins
#   spdlog::spdlog                the daemon's log (brings fmt)
#   nlohmann_json::nlohmann_json  configuration and control protocol
#   CLI11::CLI11                  command lines of ekidend and ekidenctl
#   LibElf::LibElf                reading a plugin's descriptor before any of its code runs
#   OpenSSL::Crypto               SHA-256 of a plugin's file, which names its copy; plugin checksum
#   Catch2::Catch2                tests (ekiden_test links it)

# Headers only: Boost.DLL works on std::filesystem then, and nothing of Boost is linked.
find_package(Boost 1.74 REQUIRED)
set_property(TARGET Boost::headers APPEND PROPERTY
  INTERFACE_COMPILE_DEFINITIONS BOOST_DLL_USE_STD_FS BOOST_ERROR_CODE_HEADER_ONLY)

find_package(spdlog 1.10 REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(CLI11 2.1 REQUIRED)
find_package(LibElf REQUIRED)
find_package(OpenSSL 1.1 REQUIRED COMPONENTS Crypto)
if(EKIDEN_TESTS)
  find_package(Catch2 2.13 REQUIRED)
endif()
