// The header does the same in C11, C++17 and C++20, and describes itself as the daemon expects it.
#include "tests/abi/language.h"

#include <catch2/catch.hpp>
#include <cstddef>
#include <cstring>
#include <string>

namespace {

TEST_CASE("the helpers agree in every language", "[abi]") {
  const std::string longer(500, 'x');
  for (auto* set : {abi_error_c11, abi_error_cxx17, abi_error_cxx20}) {
    ekd_error error = ekd_error_init();
    CHECK(set(&error, "no luck") == EKD_E_INVALID);
    CHECK(std::string(error.text) == "no luck");
    CHECK(error.text_size == 7);
    CHECK(error.code == EKD_E_INVALID);
    CHECK(set(&error, longer.c_str()) == EKD_E_INVALID);
    CHECK(error.text_size == EKD_ERROR_TEXT_BYTES - 1);
    CHECK(error.text[EKD_ERROR_TEXT_BYTES - 1] == '\0');
    CHECK(set(nullptr, "nobody listens") == EKD_E_INVALID);
    error.struct_size = 4;
    error.text[0] = '!';
    CHECK(set(&error, "untouched") == EKD_E_INVALID);
    CHECK(error.text[0] == '!');
  }
  for (auto* literal : {abi_literal_c11, abi_literal_cxx17, abi_literal_cxx20}) {
    CHECK(std::string(literal().data, literal().size) == "four");
  }
  CHECK(ekd_str_from("").size == 0);
  CHECK(ekd_str_from("abc").size == 3);
}

TEST_CASE("a descriptor's head can be read from the file", "[abi]") {
  // Up to here there is no pointer, hence no relocation.
  CHECK(offsetof(ekd_plugin_desc, requires_ext) == 128);
  unsigned char head[128];
  std::memcpy(head, abi_description_c11(), sizeof(head));
  CHECK(std::memcmp(head, "EKDPLUG1", 8) == 0);
  CHECK(std::string(reinterpret_cast<char*>(head) + offsetof(ekd_plugin_desc, name)) == "sample");
}

}  // namespace
