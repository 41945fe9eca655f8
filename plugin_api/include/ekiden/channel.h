/* ekd.channel/1: named, bounded channels of messages between plugins, and the buffers of host
 * memory that go through them without being copied. Since ABI 1.3; ask get_ext for it.
 *
 * A channel belongs to no plugin. Whoever opens an end of it first makes it, any number of senders
 * and receivers of any plugins may follow, and each message goes to one receiver, in order. When a
 * plugin is unloaded, its ends are closed: the other ends are told nothing, and what waits in the
 * channel waits on, also for the next generation of a receiver. Only channel_close closes a
 * channel. It is gone when no end is open and no message waits; with the daemon it is gone in any
 * case.
 *
 * A message is a buffer. What you hold of a buffer is a reference, and that is your handle: sending
 * moves it to the channel, receiving gives you one. The bytes stay where they are. They may be
 * written while there is one reference only, whoever has it; else everybody reads.
 *
 * Who waits at a channel is served in the order of coming: room, or a message, is kept for a waiter
 * from when it is woken until it polls again. So an end that gives up waiting has to say so, with
 * send_cancel or recv_cancel, or to be closed: then the next one gets its turn. A task that is
 * dropped does so in its drop.
 *
 * Besides its capacity, at most 64 MiB wait in one channel. */
#ifndef EKIDEN_CHANNEL_H
#define EKIDEN_CHANNEL_H

#include <ekiden/base.h>

#ifdef __cplusplus
extern "C" {
#endif

#define EKD_CHANNEL_ID "ekd.channel/1"

#define EKD_CHANNEL_NAME_MAX 63u               /* bytes of a name */
#define EKD_CHANNEL_CAPACITY_MAX 65536u        /* messages that wait in one channel */
#define EKD_BUFFER_SIZE_MAX UINT64_C(16777216) /* bytes of a message: 16 MiB */

/* Handles, as the others. Each belongs to the instance that got it. */
typedef uint64_t ekd_sender;
typedef uint64_t ekd_receiver;
typedef uint64_t ekd_buffer; /* one reference to a buffer */

typedef struct ekd_channel_options {
  uint32_t struct_size;
  uint32_t flags;    /* 0 */
  uint32_t capacity; /* messages, 1 to EKD_CHANNEL_CAPACITY_MAX; 0: what the channel has */
  uint32_t reserved; /* 0 */
} ekd_channel_options;

typedef struct ekd_channel_info {
  uint32_t struct_size;
  uint32_t closed;   /* 1: by channel_close */
  uint32_t capacity; /* messages */
  uint32_t queued;   /* messages that wait to be received */
  uint64_t queued_bytes;
  uint32_t senders; /* open ends, of all plugins */
  uint32_t receivers;
} ekd_channel_info;

typedef struct ekd_channel_api {
  uint32_t struct_size;
  uint32_t reserved;

  /* --- Buffers ---------------------------------------------------------------------------------
   * Unload releases what an instance holds. They are no new work: allowed while it drains. */

  /* [any] A buffer of `size` bytes (0 is a size), not zeroed, aligned to 16: the only reference,
   * owned by the caller: send it or buffer_release. *out_data is where its bytes are.
   * EKD_E_TOO_BIG, EKD_E_NO_MEMORY. */
  int32_t (*buffer_alloc)(ekd_ctx *ctx, uint64_t size, ekd_buffer *out_buffer, void **out_data);

  /* [any] One more reference to the same bytes, owned by the caller: to send them on and keep them,
   * or to send them to many. EKD_E_NO_MEMORY. */
  int32_t (*buffer_retain)(ekd_ctx *ctx, ekd_buffer buffer, ekd_buffer *out_buffer);

  /* [any] Gives a reference back; the memory goes with the last one. */
  int32_t (*buffer_release)(ekd_ctx *ctx, ekd_buffer buffer);

  /* [any] Where the bytes are and how many, for reading: good as long as you hold the reference.
   * Either pointer may be NULL. The same for buffer_edit. */
  int32_t (*buffer_data)(ekd_ctx *ctx, ekd_buffer buffer, const void **out_data,
                         uint64_t *out_size);

  /* [any] The same for writing, while yours is the only reference: of a buffer that you allocated,
   * or that you received and nobody has kept. EKD_E_WRONG_STATE: others may be reading; copy it. */
  int32_t (*buffer_edit)(ekd_ctx *ctx, ekd_buffer buffer, void **out_data, uint64_t *out_size);

  /* [any] Cuts the buffer to its first `size` bytes, where not all of it was needed; the memory
   * stays. While yours is the only reference, as in buffer_edit: EKD_E_WRONG_STATE. EKD_E_TOO_BIG:
   * it is smaller. */
  int32_t (*buffer_trim)(ekd_ctx *ctx, ekd_buffer buffer, uint64_t size);

  /* --- Ends ------------------------------------------------------------------------------------
   */

  /* [any] A sender of the channel `name` ([a-z][a-z0-9_.]*, at most 63 bytes; one name space for
   * all plugins, so begin it with yours), owned by the caller: sender_close. Where there is no
   * channel of that name one is made, if there is a capacity; options NULL: capacity 0.
   * EKD_E_INVALID (the name; another capacity than the channel's), EKD_E_NOT_FOUND (no channel, and
   * no capacity to make one), EKD_E_CLOSED (and messages wait in it: once they are received, the
   * name is free), EKD_E_TOO_BIG (the capacity), EKD_E_LIMIT (1024 channels of all plugins),
   * EKD_E_NO_MEMORY, EKD_E_DRAINING. */
  int32_t (*open_sender)(ekd_ctx *ctx, ekd_str name, const ekd_channel_options *options,
                         ekd_sender *out_sender, ekd_error *err);

  /* [any] A receiver: receiver_close. The same, but one of a closed channel in which messages wait
   * may be opened. */
  int32_t (*open_receiver)(ekd_ctx *ctx, ekd_str name, const ekd_channel_options *options,
                           ekd_receiver *out_receiver, ekd_error *err);

  /* [any] EKD_READY: the reference is the channel's, and `buffer` stale. EKD_PENDING: the channel
   * is full (in messages or bytes, or others wait before you), `buffer` is still yours, and `waker`
   * is woken when it is your turn: poll again, with this or another buffer, or send_cancel. One
   * waiter a sender: the newest replaces the old one and keeps its place. The waker 0 merely asks.
   * EKD_E_CLOSED: by channel_close; `buffer` is still yours. */
  int32_t (*send_poll)(ekd_ctx *ctx, ekd_sender sender, ekd_buffer buffer, ekd_waker waker);

  /* [any] The sender waits no more, or gives up the turn that it was woken for. EKD_OK also where
   * it did not wait. */
  int32_t (*send_cancel)(ekd_ctx *ctx, ekd_sender sender);

  /* [any] EKD_READY with the oldest message in *out_buffer, a reference owned by the caller: send
   * it or buffer_release. EKD_PENDING: there is none, or others wait before you; `waker` is woken
   * when one is kept for you. One waiter a receiver, as above. EKD_E_CLOSED: the channel is closed,
   * and nothing is left in it. EKD_E_NO_MEMORY: it stays where it is. */
  int32_t (*recv_poll)(ekd_ctx *ctx, ekd_receiver receiver, ekd_waker waker,
                       ekd_buffer *out_buffer);

  /* [any] The same as send_cancel. */
  int32_t (*recv_cancel)(ekd_ctx *ctx, ekd_receiver receiver);

  /* [any] How the channel of an end (an ekd_sender or an ekd_receiver) is now. Set
   * info->struct_size. Whoever looks at it is overtaken by events: no poll is saved by it. */
  int32_t (*channel_info)(ekd_ctx *ctx, uint64_t end, ekd_channel_info *info);

  /* [any] Closes the channel of an end, for everybody: nothing can be sent any more, what waits is
   * still received, and whoever waits is woken. The ends stay open until they are closed. EKD_OK
   * also where it was closed already. Once nothing waits in it, its name is free for a new one. */
  int32_t (*channel_close)(ekd_ctx *ctx, uint64_t end);

  /* [any] Gives an end back, and its waker up. Neither closes the channel: see above. */
  int32_t (*sender_close)(ekd_ctx *ctx, ekd_sender sender);
  int32_t (*receiver_close)(ekd_ctx *ctx, ekd_receiver receiver);
} ekd_channel_api;

#ifdef __cplusplus
}
#endif

#endif /* EKIDEN_CHANNEL_H */
