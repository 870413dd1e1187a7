/* rules - many rules as people write them, and paths to ask about: names anywhere, dot directories, absolute names,
 * some wildcards. For the bench and test_policy_time. */
#pragma once

#include "base/buf.h"

static inline void make_rules(struct buf *b, unsigned n)
{
	buf_puts(b, "rules:\n");
	for (unsigned i = 0; i < n; i++) {
		switch (i % 10) {
		case 0:
		case 1:
		case 2:
		case 3:
			buf_printf(b, "- block: '**/secret-%u.key'\n", i);
			break;
		case 4:
		case 5:
			buf_printf(b, "- block: '~/.tool%u/**'\n", i);
			break;
		case 6:
		case 7:
			buf_printf(b, "- {ask: '/srv/data%u/file.db', actions: [write]}\n", i);
			break;
		case 8:
			buf_printf(b, "- {block: '**/*.ext%u', except: '**/ok.ext%u'}\n", i, i);
			break;
		default:
			buf_printf(b, "- block: '/opt/app%u/*/config.d/*.conf'\n", i);
			break;
		}
	}
}

/* Three of them are denied. */
static const char *const many_paths[] = {
	"/home/u/src/demo/src/main.c",
	"/home/u/src/demo/node_modules/react/dist/index.js",
	"/usr/lib/x86_64-linux-gnu/libc.so.6",
	"/home/u/.tool14/token",
	"/opt/app9/blue/config.d/x.conf",
	"/home/u/src/demo/build/CMakeFiles/app.dir/src/very/deep/tree/object.o",
	"/srv/data6/file.db",
	"/home/u/src/demo/conf/prod.ext18",
};
