/* cache - compiled policies kept on disk, so that a start need not compile. For load.c and the tests. Whatever is
 * wrong with a cached policy or its directory, the answer is "none", and the caller compiles. */
#pragma once

#include "policy/rules.h"

#define CACHE_FILES_MAX 16		 /* kept in the directory */
#define CACHE_SIZE_MAX	((size_t)1 << 30) /* bytes of one policy */

/* The policy of @cfg out of cfg->cache, if it is there and nothing that it was made from has changed. */
bool cache_load(const struct policy_config *cfg, struct policy **ret);

/* Before compiling: make @a, which is empty, one that cache_save() can save. May do nothing. */
void cache_prepare(const struct policy_config *cfg, struct arena *a);

/* Keep @p, which nobody else uses yet. May do nothing. */
void cache_save(const struct policy_config *cfg, struct policy *p);

/* What a saved file begins with. */
struct cache_head {
	char magic[8];
	uint64_t checksum; /* of all that follows */
	uint64_t addr, size;
	const char *key; /* what the policy was asked for with, and by which program */
	size_t key_len;
	struct policy policy;
};

/* Of a file as a whole. */
uint64_t cache_checksum(const char *data, size_t size);

/* 64 bits of [@data, @data + @len). Against accidents: no help against who looks for collisions. */
uint64_t cache_hash(const void *data, size_t len);
