/* The umbrella header in C11: it compiles with every warning of the house, and alone is enough to
 * write a plugin. */
#include <ekiden/listen.h>
#include <ekiden/plugin.h>

#include "tests/abi/language.h"

static int32_t init(ekd_ctx* ctx, const ekd_host* host, ekd_str config, void** out_self,
                    ekd_error* err) {
  ekd_services services;
  (void)ctx;
  (void)config;
  *out_self = NULL;
  return ekd_services_get(host, &services, err);
}

static const ekd_plugin_desc description = {
    .magic = EKD_PLUGIN_MAGIC,
    .struct_size = sizeof(ekd_plugin_desc),
    .abi_major = EKD_ABI_MAJOR,
    .abi_minor = EKD_ABI_MINOR,
    .name = "sample",
    .version = "1.0",
    .init = init,
};

const ekd_plugin_desc* abi_description_c11(void) { return &description; }

int32_t abi_error_c11(ekd_error* err, const char* text) {
  return ekd_error_set(err, EKD_E_INVALID, text);
}

ekd_str abi_literal_c11(void) { return EKD_STR("four"); }
