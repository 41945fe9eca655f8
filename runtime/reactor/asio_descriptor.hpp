// One descriptor in Asio's hands, in two ways with one interface. Only asio_event_loop.cpp includes
// this.
//
// PublicDescriptor uses what Asio promises: async_wait(), which asks the kernel anew (one
// EPOLL_CTL_MOD) for each event that somebody wants.
//
// DirectDescriptor puts operations of ours into Asio's epoll_reactor, through its private headers.
// Asio registers every descriptor edge-triggered and for good; an operation that always says
// "not done" stays in the reactor's queue and is told of each edge, without another system call.
// That saves an EPOLL_CTL_MOD and Asio's building and posting of a handler for each event: 0.4 of
// 6 us of a small HTTP request. It is used with the version of Boost whose headers it was written
// against, and only there; EKIDEN_ASIO_PUBLIC_ONLY takes it out.
//
// Threads: as Asio's objects: one at a time; the caller has the entry's mutex. OperationOwner is
// called by the thread that runs the context.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/version.hpp>

#include "runtime/reactor/event_loop.hpp"
#include "runtime/reactor/operation_memory.hpp"

#if BOOST_VERSION == 108100 && !defined(EKIDEN_ASIO_PUBLIC_ONLY)
#define EKIDEN_ASIO_DIRECT 1
#include <sys/ioctl.h>

#include <boost/asio/detail/epoll_reactor.hpp>
#include <boost/asio/detail/reactor_op.hpp>
#else
#define EKIDEN_ASIO_DIRECT 0
#endif

namespace ekiden::runtime {

// Told what becomes of the operations of an entry. Within run_one() or poll_one().
class OperationOwner {
 public:
  // The operation is over and may be started again: an event, or the end of the registration.
  virtual void finished(EventLoop::Entry& entry, Interest interest, bool failed) noexcept = 0;
  // An event for an operation that stays. Under a lock of Asio's: only to be noted.
  virtual void fired(EventLoop::Entry& entry, Interest interest) noexcept = 0;

 protected:
  ~OperationOwner() = default;
};

using AsioContext = boost::asio::io_context;

constexpr boost::asio::posix::descriptor_base::wait_type asio_wait_type(Interest interest) {
  return interest == Interest::kRead ? boost::asio::posix::descriptor_base::wait_read
                                     : boost::asio::posix::descriptor_base::wait_write;
}

class PublicDescriptor {
 public:
  // Whether start_kept() keeps.
  static constexpr bool kKeeps = false;

  PublicDescriptor(AsioContext& context, OperationOwner& owner, EventLoop::Entry& entry)
      : descriptor_(context), owner_(owner), entry_(entry) {}

  // 0, or an errno value. On success it owns the descriptor.
  int open(int fd) {
    boost::system::error_code error;
    descriptor_.assign(fd, error);
    if (error) return error.value();
    descriptor_.native_non_blocking(true, error);
    if (error) descriptor_.release();
    return error.value();
  }
  bool is_open() const { return descriptor_.is_open(); }
  int number() { return descriptor_.native_handle(); }
  // Operations that are out are finished in a later run of the context.
  int release() { return descriptor_.release(); }

  // One event: then it is finished. What is ready already counts.
  void start(Interest interest) {
    const auto report = [this, interest](const boost::system::error_code& error) {
      owner_.finished(entry_, interest, static_cast<bool>(error));
    };
    OperationMemory& memory = memory_[static_cast<std::size_t>(interest)];
    descriptor_.async_wait(asio_wait_type(interest), Handler(memory, report));
  }
  void start_kept(Interest interest) { start(interest); }

 private:
  // With the executor's concrete type: the default one is type-erased and called through pointers.
  boost::asio::posix::basic_stream_descriptor<AsioContext::executor_type> descriptor_;
  OperationOwner& owner_;
  EventLoop::Entry& entry_;
  OperationMemory memory_[kInterests];
};

#if EKIDEN_ASIO_DIRECT

class DirectDescriptor {
 public:
  static constexpr bool kKeeps = true;

  DirectDescriptor(AsioContext& context, OperationOwner& owner, EventLoop::Entry& entry)
      : reactor_(boost::asio::use_service<EpollReactor>(context)),
        operations_{{owner, entry, Interest::kRead}, {owner, entry, Interest::kWrite}} {
    reactor_.init_task();
  }
  ~DirectDescriptor() {
    if (is_open()) ::close(release());
  }
  DirectDescriptor(const DirectDescriptor&) = delete;
  DirectDescriptor& operator=(const DirectDescriptor&) = delete;

  int open(int fd) {
    int on = 1;
    if (::ioctl(fd, FIONBIO, &on) != 0) return errno;
    const int error = reactor_.register_descriptor(fd, data_);
    if (error == 0) number_ = fd;
    return error;
  }
  bool is_open() const { return number_ >= 0; }
  int number() const { return number_; }
  int release() {
    reactor_.deregister_descriptor(number_, data_, /*closing=*/false);
    reactor_.cleanup_descriptor_data(data_);
    return std::exchange(number_, -1);
  }

  void start(Interest interest) { start(interest, /*keep=*/false); }
  // Each event, until the registration ends. What is ready already counts.
  void start_kept(Interest interest) { start(interest, /*keep=*/true); }

 private:
  using EpollReactor = boost::asio::detail::epoll_reactor;

  class Operation : public boost::asio::detail::reactor_op {
   public:
    Operation(OperationOwner& owner, EventLoop::Entry& entry, Interest interest)
        : reactor_op({}, &perform, &complete), owner_(owner), entry_(entry), interest_(interest) {}

    void begin(bool keep) {
      ec_ = {};
      keep_ = keep;
    }

   private:
    static status perform(reactor_op* base) {
      auto& self = *static_cast<Operation*>(base);
      if (!self.keep_) return done;
      self.owner_.fired(self.entry_, self.interest_);
      return not_done;
    }
    // Without a scheduler the context ends and only wants the memory back, which is ours.
    static void complete(void* scheduler, boost::asio::detail::operation* base,
                         const boost::system::error_code&, std::size_t) {
      auto& self = *static_cast<Operation*>(base);
      if (scheduler == nullptr) return;
      self.owner_.finished(self.entry_, self.interest_, static_cast<bool>(self.ec_));
    }

    OperationOwner& owner_;
    EventLoop::Entry& entry_;
    const Interest interest_;
    bool keep_ = false;
  };

  // Never speculative: an operation is performed by the thread that runs the context alone, and the
  // start of the first one is an EPOLL_CTL_MOD, which reports what is ready already.
  void start(Interest interest, bool keep) {
    Operation& operation = operations_[static_cast<std::size_t>(interest)];
    operation.begin(keep);
    const int queue = interest == Interest::kRead ? EpollReactor::read_op : EpollReactor::write_op;
    reactor_.start_op(queue, number_, data_, &operation, /*is_continuation=*/false,
                      /*allow_speculative=*/false);
  }

  EpollReactor& reactor_;
  EpollReactor::per_descriptor_data data_ = nullptr;
  int number_ = -1;
  Operation operations_[kInterests];
};

using AsioDescriptor = DirectDescriptor;

#else

using AsioDescriptor = PublicDescriptor;

#endif

}  // namespace ekiden::runtime
