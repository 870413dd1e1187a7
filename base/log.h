/* log - lines for the person who started the program, on stderr. Each file that logs defines LOG_MODULE
 * before it includes this. Library functions (policy, seccomp) log at debug only; mains log the rest.
 * CRUST_LOG=debug shows debug lines. Thread-safe: one write() a line. Never allocates. */
#pragma once

#include "base/base.h"

enum log_level { LOG_LEVEL_ERR = 0, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DBG };

/* What to show, and the name in front of each line ("crust-run"). Call once, before threads. */
void log_init(const char *program, enum log_level level);
bool log_wants(enum log_level level);
void log_put(enum log_level level, const char *module, const char *fmt, ...) PRINTF(3, 4);

#define log_err(...) log_put(LOG_LEVEL_ERR, LOG_MODULE, __VA_ARGS__)
#define log_warn(...) log_put(LOG_LEVEL_WARN, LOG_MODULE, __VA_ARGS__)
#define log_info(...) log_put(LOG_LEVEL_INFO, LOG_MODULE, __VA_ARGS__)
#define log_dbg(...)                                                       \
	do {                                                               \
		if (log_wants(LOG_LEVEL_DBG))                              \
			log_put(LOG_LEVEL_DBG, LOG_MODULE, __VA_ARGS__);   \
	} while (0)
