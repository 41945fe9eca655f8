#include "daemon/plugins/sha256.hpp"

#include <openssl/evp.h>

#include <array>
#include <stdexcept>

namespace ekiden::daemon {

struct Sha256::Context {
  EVP_MD_CTX* md = ::EVP_MD_CTX_new();
  ~Context() { ::EVP_MD_CTX_free(md); }
};

namespace {

void require(bool good) {
  if (!good) throw std::runtime_error("libcrypto cannot compute SHA-256");
}

}  // namespace

Sha256::Sha256() : context_(std::make_unique<Context>()) {
  require(context_->md != nullptr);
  require(::EVP_DigestInit_ex(context_->md, ::EVP_sha256(), nullptr) == 1);
}

Sha256::~Sha256() = default;

void Sha256::update(std::span<const std::byte> bytes) {
  require(::EVP_DigestUpdate(context_->md, bytes.data(), bytes.size()) == 1);
}

std::string Sha256::finish() {
  std::array<unsigned char, 32> digest{};
  unsigned int size = 0;
  require(::EVP_MD_size(::EVP_sha256()) == static_cast<int>(digest.size()));
  require(::EVP_DigestFinal_ex(context_->md, digest.data(), &size) == 1);
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : digest) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace ekiden::daemon
