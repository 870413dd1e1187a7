/* Destinations. The socket is duplicated (pidfd_getfd: the same open socket), the address copied once,
 * judged, and the call made with that copy. A Unix socket's path is resolved and pinned like any file, and
 * connected to through /proc/self/fd, so that the object judged is the object reached.
 *
 * What a peer can see: SO_PEERCRED and SCM_CREDENTIALS of a performed call name the supervisor's process.
 * So sendmsg() on a connected Unix or TCP socket continues where that is sound: when the target is alone
 * in its descriptor table, nobody can put another socket behind the number, and such a socket ignores or
 * refuses a destination. */
#include "seccomp/net.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "seccomp/handlers.h"
#include "seccomp/resolve.h"
#include "seccomp/state.h"

#define ADDR_MAX	128		  /* struct sockaddr_storage */
#define STREAM_CHUNK	(1024 * 1024)	  /* a stream may take less than it was given */
#define MESSAGE_MAX	(4 * 1024 * 1024) /* of one datagram or sequenced packet */
#define CONTROL_MAX	(64 * 1024)
#define IOV_MAX_	1024 /* UIO_MAXIOV */
#define SCM_FDS_MAX	253  /* SCM_MAX_FD */
#define BOUND_MAX	1024

/* --- socket files that the tree bound itself -------------------------------------------------------- */

struct sock_table {
	pthread_mutex_t lock;
	size_t n; /* a ring: the oldest is forgotten */
	struct {
		dev_t dev;
		ino_t ino;
		uint64_t path; /* hash: an inode number may come again under another name */
	} bound[BOUND_MAX];
};

struct sock_table *sock_table_new(void)
{
	struct sock_table *t = calloc(1, sizeof(*t));

	if (t)
		pthread_mutex_init(&t->lock, NULL);
	return t;
}

void sock_table_free(struct sock_table *t)
{
	free(t);
}

static uint64_t path_hash(const char *path)
{
	return fnv1a(FNV1A_START, path, strlen(path));
}

static void bound_add(struct supervisor *s, const struct stat *st, const char *path)
{
	pthread_mutex_lock(&s->socks->lock);
	s->socks->bound[s->socks->n % BOUND_MAX].dev = st->st_dev;
	s->socks->bound[s->socks->n % BOUND_MAX].ino = st->st_ino;
	s->socks->bound[s->socks->n % BOUND_MAX].path = path_hash(path);
	s->socks->n++;
	pthread_mutex_unlock(&s->socks->lock);
}

bool sock_bound_here(struct supervisor *s, const struct stat *st, const char *path)
{
	bool found = false;

	pthread_mutex_lock(&s->socks->lock);
	for (size_t i = 0; i < MIN(s->socks->n, (size_t)BOUND_MAX) && !found; i++)
		found = s->socks->bound[i].dev == st->st_dev && s->socks->bound[i].ino == st->st_ino &&
			s->socks->bound[i].path == path_hash(path);
	pthread_mutex_unlock(&s->socks->lock);
	return found;
}

/* --- addresses -------------------------------------------------------------------------------- */

/* A destination: as the target gave it, and as it will be used. */
struct dest {
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
		char bytes[ADDR_MAX];
	} addr;
	socklen_t len;
	struct name name; /* AF_UNIX by path */
	int pin;	  /* O_PATH on the socket file, or -1 */
	char object[NAME_SIZE]; /* for people */
};

static void dest_done(struct dest *d)
{
	name_done(&d->name);
	if (d->pin >= 0)
		(void)close(d->pin); /* O_PATH */
}

#define autodest __attribute__((cleanup(dest_done))) struct dest
#define DEST_EMPTY { .name.pin = -1, .pin = -1 }

static int dest_read(struct notif *n, uint64_t addr, uint64_t len, struct dest *d)
{
	if (len > sizeof(d->addr))
		return -EINVAL;
	memset(&d->addr, 0, sizeof(d->addr));
	d->len = (socklen_t)len;
	return target_read(n, addr, &d->addr, len);
}

static void put_v4(struct policy_dest *pd, uint32_t addr_be)
{
	static const uint8_t prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
	uint32_t loopback = htonl(INADDR_LOOPBACK);

	memcpy(pd->addr, prefix, sizeof(prefix));
	/* Linux takes 0.0.0.0 as a destination for this host. */
	memcpy(pd->addr + 12, addr_be ? &addr_be : &loopback, 4);
	pd->has_addr = true;
}

static bool judge_inet(struct notif *n, struct dest *d)
{
	struct policy_dest pd = { 0 };
	struct policy_action a = { .op = POLICY_CONNECT, .dest = &pd };
	char text[INET6_ADDRSTRLEN] = "?", name[HOST_TEXT], asked[HOST_TEXT + 8] = "";

	if (d->addr.sa.sa_family == AF_INET6) {
		pd.has_addr = true;
		pd.port = ntohs(d->addr.in6.sin6_port);
		memcpy(pd.addr, &d->addr.in6.sin6_addr, 16);
		if (IN6_IS_ADDR_UNSPECIFIED(&d->addr.in6.sin6_addr))
			pd.addr[15] = 1; /* :: is this host, as 0.0.0.0 */
		if (IN6_IS_ADDR_V4MAPPED(&d->addr.in6.sin6_addr)) {
			uint32_t v4;

			memcpy(&v4, pd.addr + 12, 4);
			put_v4(&pd, v4);
		}
	} else {
		pd.port = ntohs(d->addr.in.sin_port);
		put_v4(&pd, d->addr.in.sin_addr.s_addr);
	}
	if (IN6_IS_ADDR_V4MAPPED((struct in6_addr *)pd.addr)) {
		inet_ntop(AF_INET, pd.addr + 12, text, sizeof(text));
		(void)snprintf(d->object, sizeof(d->object), "%s:%u", text, pd.port); /* fits */
	} else {
		inet_ntop(AF_INET6, pd.addr, text, sizeof(text));
		(void)snprintf(d->object, sizeof(d->object), "[%s]:%u", text, pd.port); /* fits */
	}
	if (host_claimed(n->s, text, name, sizeof(name)))
		(void)snprintf(asked, sizeof(asked), "%s:%u", name, pd.port); /* fits */
	return judge_action(n, &a, d->object, asked[0] ? asked : NULL);
}

static bool is_path(const struct dest *d)
{
	return d->addr.sa.sa_family == AF_UNIX && d->len > offsetof(struct sockaddr_un, sun_path) &&
	       d->addr.un.sun_path[0] != '\0';
}

static bool judge_unix(struct notif *n, struct dest *d, const char *path, bool abstract, const char *as_written)
{
	struct policy_dest pd = { .unix_path = path, .unix_abstract = abstract };
	struct policy_action a = {
		.op = POLICY_CONNECT,
		.dest = &pd,
		.path = abstract ? NULL : path,
	};

	(void)snprintf(d->object, sizeof(d->object), "unix:%s%s", abstract ? "@" : "", path); /* may be cut */
	return judge_action(n, &a, d->object, as_written);
}

/* The path of a Unix address relative to the target: as name_read() does for a path argument, but the
 * text is ours already. */
static int unix_name(struct notif *n, struct dest *d)
{
	/* sun_path need not end in a NUL; behind the address nothing may be read. */
	size_t room = d->len - offsetof(struct sockaddr_un, sun_path);

	return name_from_text(n, AT_FDCWD, d->addr.un.sun_path, strnlen(d->addr.un.sun_path, room),
			      &d->name);
}

static int dest_unix_path(struct notif *n, struct dest *d)
{
	char written[NAME_SIZE];
	struct stat st;
	int rc = unix_name(n, d);

	if (rc < 0)
		return rc;
	d->name.ops = 0;
	d->pin = name_pin(n, &d->name, FOLLOW_LAST);
	if (d->pin < 0) {
		/* Nothing there. Where the target could bind a server of its own it must see that none
		 * runs (tmux); elsewhere the answer is the same as with one. */
		rc = d->pin;
		return judge_path_quietly(n, POLICY_WRITE, d->name.path) ||
				       judge_unix(n, d, d->name.path, false, d->name.written) ?
			       rc :
			       -EACCES;
	}
	if (fstat(d->pin, &st) < 0)
		return -errno;
	if (!streq(d->name.path, n->s->voice_path) && !sock_bound_here(n->s, &st, d->name.path)) {
		if (policy_normalise("/", d->name.written, written, sizeof(written)) < 0)
			return -ENAMETOOLONG;
		if (!streq(written, d->name.path) && !judge_unix(n, d, written, false, NULL))
			return -EACCES;
		if (!judge_unix(n, d, d->name.path, false, d->name.written))
			return -EACCES;
	}
	memset(d->addr.un.sun_path, 0, sizeof(d->addr.un.sun_path));
	d->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
			     (size_t)snprintf(d->addr.un.sun_path, sizeof(d->addr.un.sun_path),
					      "/proc/self/fd/%d", d->pin));
	return 0;
}

static int dest_unix_abstract(struct notif *n, struct dest *d)
{
	size_t len = d->len - offsetof(struct sockaddr_un, sun_path);
	char name[sizeof(d->addr.un.sun_path) + 1];

	/* NUL bytes inside an abstract name are part of it; rules see them as '@'. */
	for (size_t i = 1; i < len; i++)
		name[i - 1] = d->addr.un.sun_path[i] ? d->addr.un.sun_path[i] : '@';
	name[len ? len - 1 : 0] = '\0';
	return judge_unix(n, d, name, true, NULL) ? 0 : -EACCES;
}

/* Judge, and make the address ready for our own call. @sending: sendto() takes AF_UNSPEC for AF_INET,
 * connect() takes it for "disconnect". 0 or -errno. */
static int dest_judge(struct notif *n, struct dest *d, bool sending)
{
	if (d->len < sizeof(sa_family_t))
		return 0; /* the kernel has its own answer to that */
	switch (d->addr.sa.sa_family) {
	case AF_UNSPEC:
		return !sending || judge_inet(n, d) ? 0 : -EACCES;
	case AF_INET:
	case AF_INET6:
		return judge_inet(n, d) ? 0 : -EACCES;
	case AF_UNIX:
		if (d->len > sizeof(struct sockaddr_un))
			return -EINVAL;
		if (is_path(d))
			return dest_unix_path(n, d);
		return d->len > sizeof(sa_family_t) ? dest_unix_abstract(n, d) : 0;
	default:
		return 0; /* netlink: route only, by the filter; others cannot be made */
	}
}

/* --- connect ---------------------------------------------------------------------------------- */

int64_t call_connect(struct notif *n)
{
	autodest d = DEST_EMPTY;
	autoclose fd = target_dup(n, (int)n->args[0]);
	int rc;

	if (fd < 0)
		return fd;
	rc = dest_read(n, n->args[1], (uint32_t)n->args[2], &d);
	if (rc == 0)
		rc = dest_judge(n, &d, false);
	if (rc < 0)
		return rc;
	if (!target_alive(n))
		return -EINTR;
	return errno_reply(n, connect(fd, &d.addr.sa, d.len));
}

/* --- bind ------------------------------------------------------------------------------------- */

/* getsockname() returns the path as it was given, so it must be given as it is: in the target's cwd if
 * it is relative. While we hold the names lock no target can make the path lead elsewhere. */
static int64_t bind_unix_path(struct notif *n, struct dest *d, int fd)
{
	autoclose cwd = -1, dir = -1;
	const char *last;
	char link[48];
	struct stat st;
	int64_t ret;
	int rc = unix_name(n, d);

	if (rc < 0)
		return rc;
	if (name_last(&d->name) != LAST_NORMAL)
		return -EADDRINUSE;
	dir = name_pin_parent(n, &d->name, &last);
	if (dir < 0)
		return dir;
	if (!judge_path(n, POLICY_WRITE, d->name.path, d->name.written))
		return -EACCES;
	if (d->name.root[0] && d->addr.un.sun_path[0] == '/')
		return deny_undecided(n, "a socket bound by an absolute path below another root");
	if (d->addr.un.sun_path[0] != '/') {
		(void)snprintf(link, sizeof(link), "/proc/%d/cwd", n->tid); /* fits */
		cwd = open(link, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (cwd < 0 || fchdir(cwd) < 0)
			return -errno;
	}
	worker_umask(n);
	ret = errno_reply(n, bind(fd, &d->addr.sa, d->len));
	if (cwd >= 0 && chdir("/") < 0)
		abort(); /* a reader with a target's directory must not serve others */
	if (ret == 0 && fstatat(dir, last, &st, AT_SYMLINK_NOFOLLOW) == 0)
		bound_add(n->s, &st, d->name.path);
	return ret;
}

int64_t call_bind(struct notif *n)
{
	autodest d = DEST_EMPTY;
	autoclose fd = target_dup(n, (int)n->args[0]);
	int64_t ret;

	if (fd < 0)
		return fd;
	ret = dest_read(n, n->args[1], (uint32_t)n->args[2], &d);
	if (ret < 0)
		return ret;
	if (!target_alive(n))
		return -EINTR;
	if (!is_path(&d) || d.len > sizeof(struct sockaddr_un))
		return errno_reply(n, bind(fd, &d.addr.sa, d.len));
	pthread_mutex_lock(&n->s->names_lock);
	ret = bind_unix_path(n, &d, fd);
	pthread_mutex_unlock(&n->s->names_lock);
	return ret;
}

/* --- sends ------------------------------------------------------------------------------------ */

static int sock_opt(int fd, int opt)
{
	int v = -1;
	socklen_t len = sizeof(v);

	return getsockopt(fd, SOL_SOCKET, opt, &v, &len) < 0 ? -1 : v;
}

static bool is_stream(int fd)
{
	int type = sock_opt(fd, SO_TYPE);

	return type == SOCK_STREAM || type == SOCK_SEQPACKET;
}

/* SIGPIPE belongs to the target. */
static int64_t sent(struct notif *n, ssize_t rc, int flags)
{
	if (rc < 0 && errno == EPIPE && !(flags & MSG_NOSIGNAL)) {
		(void)syscall(__NR_tgkill, target_tgid(n), n->tid, SIGPIPE); /* it may be gone */
		return -EPIPE;
	}
	return errno_reply(n, rc);
}

int64_t call_sendto(struct notif *n)
{
	autodest d = DEST_EMPTY;
	autofree char *data = NULL;
	autoclose fd = target_dup(n, (int)n->args[0]);
	size_t len = n->args[2];
	int rc, flags = (int)n->args[3];

	if (fd < 0)
		return fd;
	if (len > MESSAGE_MAX) {
		if (!is_stream(fd))
			return -EMSGSIZE;
		len = STREAM_CHUNK;
	}
	rc = dest_read(n, n->args[4], (uint32_t)n->args[5], &d);
	if (rc == 0)
		rc = dest_judge(n, &d, true);
	if (rc < 0)
		return rc;
	data = malloc(len + 1);
	if (!data)
		return -ENOBUFS;
	rc = target_read(n, n->args[1], data, len);
	if (rc < 0)
		return rc;
	if (!target_alive(n))
		return -EINTR;
	return sent(n, sendto(fd, data, len, flags | MSG_NOSIGNAL, &d.addr.sa, d.len), flags);
}

/* Our copy of a message: data in one piece, control data with our duplicates of its descriptors. */
struct message {
	struct dest to;
	struct msghdr hdr;
	struct iovec iov;
	char *data, *control;
	int fds[SCM_FDS_MAX];
	size_t n_fds;
};

static void message_free(struct message **m)
{
	if (!*m)
		return;
	for (size_t i = 0; i < (*m)->n_fds; i++)
		(void)close((*m)->fds[i]); /* the receiver has its own */
	dest_done(&(*m)->to);
	free((*m)->data);
	free((*m)->control);
	free(*m);
}

#define automessage __attribute__((cleanup(message_free))) struct message

static int message_data(struct notif *n, struct message *m, const struct msghdr *theirs, bool stream)
{
	struct iovec iov[IOV_MAX_];
	size_t total = 0, at = 0;
	int rc;

	if (theirs->msg_iovlen > IOV_MAX_)
		return -EMSGSIZE;
	rc = target_read(n, (uint64_t)(uintptr_t)theirs->msg_iov, iov, theirs->msg_iovlen * sizeof(iov[0]));
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < theirs->msg_iovlen; i++) {
		if (iov[i].iov_len > MESSAGE_MAX - total) {
			if (!stream)
				return -EMSGSIZE;
			iov[i].iov_len = MESSAGE_MAX - total; /* a stream takes what it takes */
		}
		total += iov[i].iov_len;
	}
	m->data = malloc(total + 1);
	if (!m->data)
		return -ENOBUFS;
	for (size_t i = 0; i < theirs->msg_iovlen; at += iov[i].iov_len, i++) {
		rc = target_read(n, (uint64_t)(uintptr_t)iov[i].iov_base, m->data + at, iov[i].iov_len);
		if (rc < 0)
			return rc;
	}
	m->iov = (struct iovec){ m->data, total };
	m->hdr.msg_iov = &m->iov;
	m->hdr.msg_iovlen = 1;
	return 0;
}

/* Descriptors in a message are numbers in the target's table: send duplicates. */
static int control_fds(struct notif *n, struct message *m, struct cmsghdr *c)
{
	size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	int fds[SCM_FDS_MAX];

	if (count > SCM_FDS_MAX - m->n_fds)
		return -ETOOMANYREFS;
	memcpy(fds, CMSG_DATA(c), count * sizeof(int));
	for (size_t i = 0; i < count; i++) {
		int fd = target_dup(n, fds[i]);

		if (fd < 0)
			return fd;
		m->fds[m->n_fds++] = fd;
		fds[i] = fd;
	}
	memcpy(CMSG_DATA(c), fds, count * sizeof(int));
	return 0;
}

static int message_control(struct notif *n, struct message *m, const struct msghdr *theirs)
{
	struct cmsghdr *c;
	int rc;

	if (!theirs->msg_control || theirs->msg_controllen == 0)
		return 0;
	if (theirs->msg_controllen > CONTROL_MAX)
		return -ENOBUFS;
	m->control = calloc(1, theirs->msg_controllen);
	if (!m->control)
		return -ENOBUFS;
	rc = target_read(n, (uint64_t)(uintptr_t)theirs->msg_control, m->control, theirs->msg_controllen);
	if (rc < 0)
		return rc;
	m->hdr.msg_control = m->control;
	m->hdr.msg_controllen = theirs->msg_controllen;
	for (c = CMSG_FIRSTHDR(&m->hdr); c; c = CMSG_NXTHDR(&m->hdr, c)) {
		size_t room = theirs->msg_controllen - (size_t)((char *)c - m->control);

		if (c->cmsg_len < sizeof(*c) || c->cmsg_len > room)
			return -EINVAL;
		if (c->cmsg_level != SOL_SOCKET)
			continue;
		if (c->cmsg_type == SCM_RIGHTS)
			rc = control_fds(n, m, c);
		else if (c->cmsg_type == SCM_CREDENTIALS && c->cmsg_len >= CMSG_LEN(sizeof(struct ucred)))
			/* Only one's own process may be named without privilege: see file top. */
			((struct ucred *)CMSG_DATA(c))->pid = n->s->pid;
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int message_read(struct notif *n, const struct msghdr *theirs, int fd, struct message **ret)
{
	automessage *m = calloc(1, sizeof(*m));
	int rc = 0;

	if (!m)
		return -ENOBUFS;
	m->to.pin = m->to.name.pin = -1;
	if (theirs->msg_name && theirs->msg_namelen) {
		rc = dest_read(n, (uint64_t)(uintptr_t)theirs->msg_name, theirs->msg_namelen, &m->to);
		if (rc == 0)
			rc = dest_judge(n, &m->to, true);
		m->hdr.msg_name = &m->to.addr;
		m->hdr.msg_namelen = m->to.len;
	}
	if (rc == 0)
		rc = message_data(n, m, theirs, is_stream(fd));
	if (rc == 0)
		rc = message_control(n, m, theirs);
	if (rc < 0)
		return rc;
	*ret = take_ptr(m);
	return 0;
}

/* Can nobody but this thread change what its descriptor numbers mean? */
static bool alone_with_files(struct notif *n)
{
	char threads[16];

	return !atomic_load(&n->s->files_shared) &&
	       target_status(n->tid, "Threads", threads, sizeof(threads)) == 0 && streq(threads, "1");
}

int64_t call_sendmsg(struct notif *n)
{
	automessage *m = NULL;
	struct msghdr theirs;
	autoclose fd = target_dup(n, (int)n->args[0]);
	int rc, flags = (int)n->args[2];

	if (fd < 0)
		return fd;
	if (is_stream(fd) && alone_with_files(n) && target_alive(n))
		return REPLY_CONTINUE; /* see file top */
	rc = target_read(n, n->args[1], &theirs, sizeof(theirs));
	if (rc == 0)
		rc = message_read(n, &theirs, fd, &m);
	if (rc < 0)
		return rc;
	if (!target_alive(n))
		return -EINTR;
	return sent(n, sendmsg(fd, &m->hdr, flags | MSG_NOSIGNAL), flags);
}

static int64_t send_one(struct notif *n, int fd, uint64_t at, int flags)
{
	automessage *m = NULL;
	struct mmsghdr theirs;
	int rc = target_read(n, at, &theirs, sizeof(theirs));
	int64_t ret;
	unsigned len;

	if (rc == 0)
		rc = message_read(n, &theirs.msg_hdr, fd, &m);
	if (rc < 0)
		return rc;
	if (!target_alive(n))
		return -EINTR;
	ret = sent(n, sendmsg(fd, &m->hdr, flags | MSG_NOSIGNAL), flags);
	if (ret < 0)
		return ret;
	len = (unsigned)ret;
	rc = target_write(n, at + offsetof(struct mmsghdr, msg_len), &len, sizeof(len));
	return rc < 0 ? rc : ret;
}

int64_t call_sendmmsg(struct notif *n)
{
	autoclose fd = target_dup(n, (int)n->args[0]);
	uint64_t vlen = MIN((uint32_t)n->args[2], (uint32_t)IOV_MAX_);
	int64_t done = 0;

	if (fd < 0)
		return fd;
	for (; (uint64_t)done < vlen; done++) {
		int64_t ret = send_one(n, fd, n->args[1] + (uint64_t)done * sizeof(struct mmsghdr),
				       (int)n->args[3]);

		if (ret < 0)
			return done ? done : ret;
	}
	return done;
}
