// Memory for operations that are made over and over, so that a wait allocates nothing. In the
// shapes that Asio asks for (a handler's associated allocator), but free of its headers.
#pragma once

#include <array>
#include <cstddef>
#include <new>

namespace ekiden::runtime {

// Room for the one pending operation of a direction. Asio gives it back before it calls the
// handler, so the handler may wait again at once.
class OperationMemory {
 public:
  void* allocate(std::size_t bytes) {
    if (in_use_ || bytes > sizeof bytes_) return ::operator new(bytes);
    in_use_ = true;
    return &bytes_;
  }

  void deallocate(void* memory) noexcept {
    if (memory == &bytes_) {
      in_use_ = false;
    } else {
      ::operator delete(memory);
    }
  }

 private:
  // What an operation of ours takes with Boost 1.81; one that doesn't fit comes from the heap.
  alignas(std::max_align_t) std::array<std::byte, 112> bytes_;
  bool in_use_ = false;
};

// The shape of allocator that Asio asks a handler for.
template <class T>
class OperationAllocator {
 public:
  using value_type = T;

  explicit OperationAllocator(OperationMemory& memory) : memory_(&memory) {}
  template <class U>
  OperationAllocator(const OperationAllocator<U>& other) : memory_(other.memory_) {}

  T* allocate(std::size_t n) { return static_cast<T*>(memory_->allocate(n * sizeof(T))); }
  void deallocate(T* memory, std::size_t) noexcept { memory_->deallocate(memory); }

  friend bool operator==(const OperationAllocator& a, const OperationAllocator& b) {
    return a.memory_ == b.memory_;
  }

 private:
  template <class U>
  friend class OperationAllocator;
  OperationMemory* memory_;
};

// A handler that carries its memory. `Function` takes the operation's error and does not throw.
template <class Function>
class Handler {
 public:
  using allocator_type = OperationAllocator<void>;

  Handler(OperationMemory& memory, Function function) : memory_(&memory), function_(function) {}
  allocator_type get_allocator() const noexcept { return allocator_type(*memory_); }
  template <class Error>
  void operator()(const Error& error) noexcept {
    function_(error);
  }

 private:
  OperationMemory* memory_;
  Function function_;
};

}  // namespace ekiden::runtime
