// Ordinary C++ with every kind of static. Each load must find them fresh, so the command `count`
// answers 1 everywhere the first time it is called after a load.
#include <ekiden/plugin.h>

#include <cstdio>
#include <map>
#include <memory>
#include <string>

namespace {

ekd_ctx* instance;
const ekd_host* host_table;

int plain = 0;
std::map<std::string, int> table{{"calls", 0}};
std::unique_ptr<int> owned = std::make_unique<int>(0);

struct Holder {
  Holder() : text(1000, 'x') {}
  std::string text;
  int calls = 0;
};

Holder& local() {
  static Holder holder;
  return holder;
}

}  // namespace

// Where the linker would choose one for the whole process, were they unique symbols.
inline int shared_inline = 0;
template <class T>
struct Shared {
  static inline int value = 0;
};

namespace {

int32_t init(ekd_ctx* ctx, const ekd_host* host, ekd_str, void**, ekd_error*) {
  instance = ctx;
  host_table = host;
  return EKD_OK;
}

int32_t command(void*, ekd_call call, ekd_str, ekd_str, ekd_error*) {
  char json[256];
  const int size = std::snprintf(json, sizeof(json),
                                 "{\"plain\":%d,\"map\":%d,\"owned\":%d,\"local\":%d,\"inline\":%d,"
                                 "\"template\":%d}",
                                 ++plain, ++table["calls"], ++*owned, ++local().calls,
                                 ++shared_inline, ++Shared<long>::value);
  return host_table->call_reply(instance, call, EKD_OK,
                                ekd_str_of(json, static_cast<uint64_t>(size)), nullptr);
}

}  // namespace

extern "C" EKD_EXPORT const ekd_plugin_desc ekd_plugin = {
    .magic = EKD_PLUGIN_MAGIC,
    .struct_size = sizeof(ekd_plugin_desc),
    .abi_major = EKD_ABI_MAJOR,
    .abi_minor = EKD_ABI_MINOR,
    .host_minor_min = 0,
    .reserved0 = 0,
    .flags = 0,
    .name = "statics",
    .version = "1.0.0",
    .reserved1 = 0,
    .requires_ext = nullptr,
    .config_schema = nullptr,
    .init = init,
    .start = nullptr,
    .reconfigure = nullptr,
    .drain = nullptr,
    .fini = nullptr,
    .command = command,
};
