/* A shared object that is no plugin: it has no ekd_plugin. */
int plain_library_answer(void);

__attribute__((visibility("default"))) int plain_library_answer(void) { return 42; }
