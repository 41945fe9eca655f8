// Finds what somebody meant by a misspelt word.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace ekiden::daemon {

// The fewest insertions, deletions, substitutions and swaps of neighbours that turn one into the
// other, upper and lower case being the same (optimal string alignment distance).
std::size_t edit_distance(std::string_view a, std::string_view b);

// The candidate nearest to `word`, or an empty view where none is near enough to be what was meant:
// at most a third of the longer one may differ, and always one letter.
std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace ekiden::daemon
