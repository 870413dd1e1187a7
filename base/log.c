#include "base/log.h"

#include <stdarg.h>

static const char *log_program = "crust";
static enum log_level log_level = LOG_LEVEL_WARN;

void log_init(const char *program, enum log_level level)
{
	const char *env = getenv("CRUST_LOG");

	log_program = program;
	log_level = env && streq(env, "debug") ? LOG_LEVEL_DBG : level;
}

bool log_wants(enum log_level level)
{
	return level <= log_level;
}

void log_put(enum log_level level, const char *module, const char *fmt, ...)
{
	char line[1536];
	int saved = errno, n, m;
	va_list ap;

	if (!log_wants(level))
		return;
	n = level == LOG_LEVEL_DBG ? snprintf(line, sizeof(line), "%s: [%s] ", log_program, module)
				   : snprintf(line, sizeof(line), "%s: ", log_program);
	va_start(ap, fmt);
	m = vsnprintf(line + n, sizeof(line) - (size_t)n - 1, fmt, ap);
	va_end(ap);
	if (m > 0)
		n += MIN(m, (int)sizeof(line) - n - 2);
	line[n++] = '\n';
	(void)!write(STDERR_FILENO, line, (size_t)n); /* nowhere else to say it */
	errno = saved;
}
