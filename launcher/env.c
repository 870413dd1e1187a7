#include "launcher/env.h"

#include "preload/wire.h"

static bool name_is(const char *entry, const char *name)
{
	size_t len = strlen(name);

	return strncmp(entry, name, len) == 0 && entry[len] == '=';
}

static bool is_kept(const struct env_config *cfg, const char *entry)
{
	for (size_t i = 0; i < cfg->n_keep; i++)
		if (name_is(entry, cfg->keep[i]))
			return true;
	return false;
}

static const char *find_value(char **environ_, const char *name)
{
	for (char **e = environ_; *e; e++)
		if (name_is(*e, name))
			return *e + strlen(name) + 1;
	return NULL;
}

/* Copy the name out of "NAME=value". False: this entry has none that a policy could speak of. */
static bool entry_name(const char *entry, char *buf, size_t size)
{
	const char *eq = strchr(entry, '=');

	if (!eq || eq == entry || (size_t)(eq - entry) >= size)
		return false;
	memcpy(buf, entry, (size_t)(eq - entry));
	buf[eq - entry] = '\0';
	return true;
}

static int plan_hidden(const struct env_config *cfg, char **environ_, struct env_plan *p)
{
	char name[4096]; /* longer ones are no names that anybody has rules about */

	for (char **e = environ_; *e; e++) {
		if (!entry_name(*e, name, sizeof(name)) || is_kept(cfg, *e))
			continue;
		if (!policy_env_hides(cfg->policy, name, cfg->program))
			continue;
		if (p->n_hidden == ENV_HIDDEN_MAX)
			return -E2BIG;
		p->hidden[p->n_hidden++] = *e;
	}
	return 0;
}

int env_plan_make(const struct env_config *cfg, char **environ_, struct env_plan *ret)
{
	*ret = (struct env_plan){ 0 };
	if (cfg->preload) {
		ret->ld_preload = env_preload_join(find_value(environ_, "LD_PRELOAD"), cfg->preload);
		ret->socket = strdup(cfg->socket);
		if (!ret->ld_preload || !ret->socket)
			return -ENOMEM;
	}
	return plan_hidden(cfg, environ_, ret);
}

void env_plan_done(struct env_plan *p)
{
	free(p->ld_preload);
	free(p->socket);
	*p = (struct env_plan){ 0 };
}

bool env_preload_usable(const char *lib)
{
	return lib[0] == '/' && !strpbrk(lib, " :$"); /* $ORIGIN and friends are expanded in it */
}

static bool list_has(const char *list, const char *item)
{
	size_t len = strlen(item);

	while (*list) {
		size_t n = strcspn(list, " :");

		if (n == len && strncmp(list, item, len) == 0)
			return true;
		list += n;
		list += strspn(list, " :");
	}
	return false;
}

char *env_preload_join(const char *old, const char *lib)
{
	char *joined = NULL;

	if (!old || !*old)
		return strdup(lib);
	if (list_has(old, lib))
		return strdup(old);
	if (asprintf(&joined, "%s:%s", old, lib) < 0)
		return NULL;
	return joined;
}

static int env_unset(const char *entry)
{
	char name[4096];

	if (!entry_name(entry, name, sizeof(name)))
		return -EINVAL;
	return unsetenv(name) < 0 ? -errno : 0;
}

int env_apply(const struct env_plan *p, bool ask)
{
	for (size_t i = 0; i < p->n_hidden; i++) {
		int rc = env_unset(p->hidden[i]);

		if (rc < 0)
			return rc;
	}
	if (p->ld_preload && setenv("LD_PRELOAD", p->ld_preload, 1) < 0)
		return -errno;
	if (p->socket &&
	    (setenv(WIRE_ENV, p->socket, 1) < 0 || setenv(WIRE_ENV_MODE, ask ? "ask" : "voice", 1) < 0))
		return -errno;
	return 0;
}
