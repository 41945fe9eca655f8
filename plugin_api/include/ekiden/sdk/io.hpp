// I/O: TCP, Unix and UDP sockets, buffered and split streams, copies, names of hosts, files.
//
// Sockets wait on the host's reactor: a call is tried at once, and only where it would block does
// the task wait. Files and names of hosts go through the blocking pool. Buffers are borrowed until
// the await returns; nothing is allocated on the way of bytes through a socket.
#pragma once

#include <ekiden/sdk/io/address.hpp>
#include <ekiden/sdk/io/buf_reader.hpp>
#include <ekiden/sdk/io/buf_writer.hpp>
#include <ekiden/sdk/io/bytes.hpp>
#include <ekiden/sdk/io/copy.hpp>
#include <ekiden/sdk/io/directory.hpp>
#include <ekiden/sdk/io/fd_stream.hpp>
#include <ekiden/sdk/io/file.hpp>
#include <ekiden/sdk/io/handle.hpp>
#include <ekiden/sdk/io/resolve.hpp>
#include <ekiden/sdk/io/socket.hpp>
#include <ekiden/sdk/io/stream.hpp>
#include <ekiden/sdk/io/tcp.hpp>
#include <ekiden/sdk/io/udp.hpp>
#include <ekiden/sdk/io/unix.hpp>
