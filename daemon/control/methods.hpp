// All methods of the control protocol in one table. Apart from method_table.hpp, so that main needs
// no JSON.
#pragma once

#include <memory>

namespace ekiden::daemon::control {

class DaemonState;
class MethodTable;
class PluginControl;
class RuntimeView;

// What methods work on. All of it outlives the server that uses the table, and every request that
// is in flight when the server stops.
struct Backends {
  DaemonState& daemon;
  RuntimeView& runtime;
  PluginControl& plugins;
};

std::shared_ptr<const MethodTable> make_method_table(const Backends& backends);

}  // namespace ekiden::daemon::control
