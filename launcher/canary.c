#include "launcher/canary.h"

#include <signal.h>
#include <sys/syscall.h>

/* The judge says no: the supervisor denies this one file in every profile. A policy that cares about no
 * read leaves opens for reading alone; then writing is tried. */
static int check_denial(const struct session *s, struct err *reterr)
{
	int flags = policy_op_matters(s->policy, POLICY_READ) ? O_RDONLY : O_WRONLY;
	autoclose fd = -1;

	if (flags == O_WRONLY && !policy_op_matters(s->policy, POLICY_WRITE))
		return 0; /* no open is ever judged under this policy: nothing is claimed */
	fd = open(s->dir.canary, flags | O_CLOEXEC);
	if (fd >= 0)
		return err_set(reterr, EPROTO, "a file that must be denied could be opened");
	if (errno != EACCES)
		return err_set(reterr, EPROTO, "a file that must be denied failed otherwise: %s",
			       strerror(errno));
	return 0;
}

static bool may_read(const struct session *s, const char *path)
{
	const struct policy_action a = { .op = POLICY_READ, .path = path };
	struct policy_decision d = { 0 };

	if (s->options.observe)
		return true;
	policy_decide(s->policy, &a, &d);
	return d.verdict == VERDICT_ALLOW;
}

/* The judge says yes: the file is opened for us, and it is the right one. */
static int check_injection(const struct session *s, struct err *reterr)
{
	char text[sizeof(SITE_CANARY_TEXT)] = "";
	autoclose fd = -1;

	if (!may_read(s, s->dir.plain))
		return 0; /* the user's policy reads little: its own denials are proof enough */
	fd = open(s->dir.plain, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(reterr, EPROTO, "a file that may be read could not be opened: %s",
			       strerror(errno));
	if (read(fd, text, sizeof(text) - 1) != (ssize_t)sizeof(text) - 1 ||
	    !streq(text, SITE_CANARY_TEXT))
		return err_set(reterr, EPROTO, "an open gave another file than the one named");
	return 0;
}

/* The filter alone. */
static int check_refusal(struct err *reterr)
{
	long rc = syscall(__NR_io_uring_setup, 1, NULL);

	if (rc >= 0 || errno != ENOSYS)
		return err_set(reterr, EPROTO, "io_uring_setup was not refused");
	return 0;
}

/* Landlock's scope, or the filter where Landlock has none. */
static int check_reach(const struct session *s, bool enforced, struct err *reterr)
{
	if (!enforced && s->landlock_abi < 6)
		return 0; /* not claimed */
	if (kill(s->front_pid, 0) == 0)
		return err_set(reterr, EPROTO, "a process outside could be signalled");
	if (errno != EPERM)
		return err_set(reterr, EPROTO, "a signal to a process outside failed otherwise: %s",
			       strerror(errno));
	return 0;
}

int canary_check(const struct session *s, bool enforced, struct err *reterr)
{
	int rc = 0;

	if (enforced)
		rc = check_denial(s, reterr);
	if (rc == 0 && enforced)
		rc = check_injection(s, reterr);
	if (rc == 0 && enforced)
		rc = check_refusal(reterr);
	if (rc == 0)
		rc = check_reach(s, enforced, reterr);
	if (rc < 0)
		return err_wrap(reterr, "the sandbox does not hold here, nothing was started");
	return 0;
}
