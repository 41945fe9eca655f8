// Whether poll times and scheduling delays are observed: on. Off (CMake: -DEKIDEN_OBSERVE=OFF) is
// for measurements only, to show what observing costs; the histograms stay empty then.
#pragma once

#ifndef EKIDEN_OBSERVE
#define EKIDEN_OBSERVE 1
#endif

namespace ekiden::runtime {

inline constexpr bool kObserve = EKIDEN_OBSERVE != 0;

}  // namespace ekiden::runtime
