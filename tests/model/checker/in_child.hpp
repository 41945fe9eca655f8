// A run that has failed leaves its threads in the middle of their functions, and whatever they
// held. So what is expected to fail is done in a child process, of which only the answer stays; a
// crash or a hang of the code under check is an answer, too.
#pragma once

#include <functional>
#include <string>

namespace ekiden::model {

// What `work` returns in a child of this process, or how the child ended without an answer.
// Process with one thread only. It is given `seconds` of processor time.
std::string in_child(const std::function<std::string()>& work, unsigned seconds = 120);

}  // namespace ekiden::model
