// `task dump`: page after page of everything, written as it comes, so that a million tasks need
// neither one large answer nor memory for it.
#pragma once

#include <chrono>
#include <iosfwd>
#include <nlohmann/json_fwd.hpp>

#include "daemon/ctl/client.hpp"

namespace ekiden::daemon::ctl {

// How long it goes on where --timeout says nothing.
inline constexpr std::chrono::milliseconds kDumpTimeout{2'000};

// Writes the workers and the tasks to `out`, as tables or as one JSON document, until all have been
// written or `timeout` is over; the end says which. Answers with the exit code; a failure is told
// on `err`, and what was written is still a whole document.
int dump(Client& client, const nlohmann::json& params, bool as_json,
         std::chrono::milliseconds timeout, std::ostream& out, std::ostream& err);

}  // namespace ekiden::daemon::ctl
