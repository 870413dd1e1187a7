/* wire - what the preload library and the supervisor say to each other. SOCK_SEQPACKET on a path socket
 * named by the environment variable CRUST_RUN_SOCK; one request, one answer, then close. Nothing that
 * comes over it is believed: it selects what to tell, never what to allow (but in best-effort mode, where
 * there is nothing else and the start line says so). Included by preload/ and seccomp/ only. */
#pragma once

#include <stdint.h>

#define WIRE_ENV "CRUST_RUN_SOCK" /* absolute path of the socket */
#define WIRE_ENV_MODE "CRUST_RUN_MODE" /* "voice", or "ask" = best-effort: ask before each call */
#define WIRE_MAGIC 0x43525354u  /* "CRST" */
#define WIRE_TEXT_MAX 8192u

enum wire_kind {
	WIRE_DENIAL = 1, /* what was the last denial of thread .tid? answer: text, "" if none since asked */
	WIRE_HOST,       /* .text = "name\0addr\0addr…": the program resolved a name (for the log) */
	WIRE_ASK,        /* best-effort: may .tid do .op on .text? answer: .verdict and .text */
};

struct wire_request {
	uint32_t magic;
	uint32_t kind; /* enum wire_kind */
	int32_t tid;
	uint32_t op;       /* WIRE_ASK: enum policy_op as a number: 0 read 1 write 2 delete 3 list 4 exec 5 connect */
	uint32_t text_len; /* bytes of text that follow the header, no NUL needed */
	uint32_t reserved;
};

struct wire_answer {
	uint32_t magic;
	uint32_t verdict;  /* 0 deny, 1 ask, 2 allow */
	uint32_t text_len; /* bytes of text that follow; one line, no newline */
	uint32_t reserved;
};

_Static_assert(sizeof(struct wire_request) == 24, "no padding on the wire");
_Static_assert(sizeof(struct wire_answer) == 16, "no padding on the wire");
