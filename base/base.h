/* base - the few macros every file uses: ownership by attribute, sizes, banned calls.
 * Header only; includes libc only; never allocates, never logs. */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define PRINTF(f, a) __attribute__((format(printf, f, a)))
#define STR_(x) #x
#define STR(x) STR_(x)

#define MIN(a, b)                     \
	({                            \
		__typeof__(a) a_ = (a); \
		__typeof__(b) b_ = (b); \
		a_ < b_ ? a_ : b_;    \
	})
#define MAX(a, b)                     \
	({                            \
		__typeof__(a) a_ = (a); \
		__typeof__(b) b_ = (b); \
		a_ > b_ ? a_ : b_;    \
	})

/* Ownership. autoclose/autofree release when the name leaves its scope; take_fd() and take_ptr()
 * are the only ways out of it. The empty descriptor is -1. */
static inline void autoclose_cleanup(int *fd)
{
	if (*fd >= 0) {
		int saved = errno;

		(void)close(*fd); /* nothing can be done about it here */
		errno = saved;
	}
}

static inline void autofree_cleanup(void *p)
{
	free(*(void **)p);
}

static inline void autofclose_cleanup(FILE **f)
{
	if (*f)
		(void)fclose(*f); /* read-only streams */
}

#define autoclose __attribute__((cleanup(autoclose_cleanup))) int
#define autofree __attribute__((cleanup(autofree_cleanup)))
#define autofclose __attribute__((cleanup(autofclose_cleanup))) FILE *

static inline int take_fd(int *fd)
{
	int ret = *fd;

	*fd = -1;
	return ret;
}

#define take_ptr(p)                  \
	({                           \
		__typeof__(p) p_ = (p); \
		(p) = NULL;          \
		p_;                  \
	})

static inline bool streq(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static inline bool str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* Is @path the directory @dir or below it? Both normalised; "" and "/" hold everything. */
static inline bool path_under(const char *path, const char *dir)
{
	size_t len = streq(dir, "/") ? 0 : strlen(dir);

	return strncmp(path, dir, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

/* What a hexadecimal digit stands for, or -1. */
static inline int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
}

/* FNV-1a, 64 bits: for tables. No help against who looks for collisions. */
#define FNV1A_START 0xcbf29ce484222325ULL

static inline uint64_t fnv1a(uint64_t h, const void *data, size_t len)
{
	const unsigned char *p = (const unsigned char *)data;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 0x100000001b3ULL;
	return h;
}

/* Calls with a safer twin. The name of the missing function is the message. (clang takes the fortified
 * macros of the same names for a redefinition; gcc alone is enough to hold the line.) */
#ifndef __clang__
#pragma GCC poison strcpy strcat sprintf vsprintf strtok atoi atol atof tmpnam gets
#endif
