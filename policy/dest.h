/* dest - destinations of connections: reading them in rules, finding the rules for one. Names are
 * compared without case and without the trailing dot; addresses in binary, IPv4 as ::ffff:a.b.c.d.
 */
#pragma once

#include "base/arena.h"
#include "policy/automaton.h"
#include "policy/policy.h"

#define HOST_NAME_MAX_LEN 253

enum host_kind {
	HOST_NAME = 0,
	HOST_SUFFIX /* *.name */,
	HOST_NET,
	HOST_ANY,
	HOST_UNIX,
	HOST_ABSTRACT
};

struct host {
	enum host_kind kind;
	const char
		*name; /* lower case; HOST_UNIX: canonical path pattern; HOST_ABSTRACT: flat glob */
	uint8_t addr[16]; /* HOST_NET, masked */
	uint8_t prefix;	  /* of 128 */
	uint16_t port;	  /* 0 = any */
};

struct host_list {
	struct host *v;
	size_t n, cap;
};

/* Read one destination of a rule. unix: ones leave the pattern text in ->name, not yet expanded.
 * Return 0, -ENOMEM, or -EBADMSG with the reason in @why. */
int host_parse(struct arena *a, const char *text, struct host *ret, char *why, size_t why_size);

/* Does @text spell an address (dotted, short, decimal, hex, octal IPv4, IPv6 with or without
 * brackets)? */
bool dest_parse_addr(const char *text, uint8_t ret[16]);

/* Is @d one of those that @h speaks of? For single questions; the index below finds the same. */
bool dest_matches(const struct host *h, const struct policy_dest *d);

struct dest_slot {
	const char *name;
	uint8_t addr[16];
	uint8_t kind, prefix;
	uint16_t port;
	uint32_t list, first; /* while building: chain of entries */
};

struct dest_index {
	struct dest_slot *slots;
	size_t n, cap_slots;
	uint32_t *hash; /* slot + 1; 0 = free */
	size_t cap;	/* of hash; 0: nothing is in the index */
	struct {
		uint32_t entry, next;
	} * chain;
	size_t n_chain, cap_chain;
	uint8_t prefixes[129]; /* those in use, longest first */
	unsigned n_prefixes;
	struct {
		const char *glob;
		uint32_t entry, list;
	} * abstracts;
	size_t n_abstracts, cap_abstracts;
};

/* Build: add all, then seal into @lists. HOST_UNIX is not for here: the path automaton has it. */
int dest_index_add(struct arena *a, struct dest_index *x, const struct host *h, uint32_t entry);
int dest_index_add_program(struct arena *a, struct dest_index *x, const char *base, uint32_t entry);
int dest_index_seal(struct arena *a, struct dest_index *x, struct list_pool *lists);

/* Add the lists of @d to @h. */
void dest_index_run(const struct dest_index *x, const struct policy_dest *d, struct hits *h);
void dest_index_run_program(const struct dest_index *x, const char *base, struct hits *h);
