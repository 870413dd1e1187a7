#include "policy/dest.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <strings.h>

#include "policy/pattern.h"

static const uint8_t v4_prefix[12] = {[10] = 0xff, [11] = 0xff};

static int PRINTF(3, 4) refuse(char *why, size_t size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(why, size, fmt, ap); /* a cut text is still a text */
	va_end(ap);
	return -EBADMSG;
}

static void set_v4(uint8_t addr[16], uint32_t v)
{
	memcpy(addr, v4_prefix, 12);
	addr[12] = (uint8_t)(v >> 24);
	addr[13] = (uint8_t)(v >> 16);
	addr[14] = (uint8_t)(v >> 8);
	addr[15] = (uint8_t)v;
}

/* One number of inet_aton(3)'s grammar: decimal, 0x hex, 0 octal. */
static bool aton_number(const char **s, uint64_t *ret)
{
	unsigned base = 10, digits = 0;
	const char *p = *s;
	uint64_t v = 0;

	if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X')) {
		base = 16;
		p += 2;
	} else if (p[0] == '0') {
		base = 8;
	}
	for (;; p++, digits++) {
		unsigned d = *p >= '0' && *p <= '9'   ? (unsigned)(*p - '0')
			     : *p >= 'a' && *p <= 'f' ? (unsigned)(*p - 'a' + 10)
			     : *p >= 'A' && *p <= 'F' ? (unsigned)(*p - 'A' + 10)
						      : 99;

		if (d >= base)
			break;
		v = v * base + d;
		if (v > UINT32_MAX)
			return false;
	}
	*s = p;
	*ret = v;
	return digits > 0 || base == 16; /* glibc reads "0x" as 0 */
}

/* What inet_aton accepts: one to four parts, the last fills what is left. */
static bool parse_aton(const char *s, uint8_t ret[16])
{
	uint64_t part[4];
	uint32_t v = 0;
	unsigned n = 0;

	for (;;) {
		if (!aton_number(&s, &part[n]))
			return false;
		n++;
		if (*s != '.' || n == 4)
			break;
		s++;
	}
	if (*s || part[n - 1] >> (8 * (5 - n)))
		return false;
	for (unsigned i = 0; i + 1 < n; i++) {
		if (part[i] > 255)
			return false;
		v |= (uint32_t)part[i] << (24 - 8 * i);
	}
	set_v4(ret, v | (uint32_t)part[n - 1]);
	return true;
}

bool dest_parse_addr(const char *text, uint8_t ret[16])
{
	char buf[64];
	size_t len = strlen(text);
	char *zone;

	if (len >= sizeof(buf))
		return false;
	memcpy(buf, text, len + 1);
	if (len > 2 && buf[0] == '[' && buf[len - 1] == ']') {
		memmove(buf, buf + 1, len - 2);
		buf[len - 2] = '\0';
		zone = strchr(buf, '%');
		if (zone)
			*zone = '\0';
		return inet_pton(AF_INET6, buf, ret) == 1;
	}
	if (strchr(buf, ':')) {
		zone = strchr(buf, '%');
		if (zone)
			*zone = '\0';
		return inet_pton(AF_INET6, buf, ret) == 1;
	}
	if (len && buf[len - 1] == '.')
		buf[len - 1] = '\0';
	return parse_aton(buf, ret);
}

static bool parse_uint(const char *s, unsigned max, unsigned *ret)
{
	unsigned v = 0;

	if (!*s)
		return false;
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return false;
		v = v * 10 + (unsigned)(*s - '0');
		if (v > max)
			return false;
	}
	*ret = v;
	return true;
}

static void mask(uint8_t addr[16], unsigned prefix)
{
	for (unsigned i = 0; i < 16; i++) {
		unsigned bits = prefix >= 8 * (i + 1) ? 8 : prefix > 8 * i ? prefix - 8 * i : 0;

		addr[i] &= (uint8_t)(0xff00u >> bits);
	}
}

/* Split "host", "host:port", "[v6]:port", bare v6 (no port). @text is cut in place. */
static int split_port(char *text, uint16_t *ret_port, char *why, size_t why_size)
{
	char *colon = strrchr(text, ':'), *bracket = strrchr(text, ']');
	unsigned port;

	*ret_port = 0;
	if (!colon || (bracket && colon < bracket) || (!bracket && strchr(text, ':') != colon))
		return 0;
	if (bracket && colon != bracket + 1)
		return refuse(why, why_size, "expected ':PORT' behind ']'");
	if (streq(colon + 1, "*")) {
		*colon = '\0';
		return 0;
	}
	if (!parse_uint(colon + 1, 65535, &port) || port == 0)
		return refuse(why, why_size, "a port is a number from 1 to 65535");
	*ret_port = (uint16_t)port;
	*colon = '\0';
	return 0;
}

static int parse_net(char *text, char *slash, struct host *h, char *why, size_t why_size)
{
	unsigned prefix = 128, max;
	bool v4;

	if (slash)
		*slash = '\0';
	if (!dest_parse_addr(text, h->addr))
		return refuse(why, why_size, "'/' belongs behind an address, as in 10.0.0.0/8");
	v4 = memcmp(h->addr, v4_prefix, 12) == 0 && !strchr(text, ':');
	max = v4 ? 32 : 128;
	if (slash) {
		if (!parse_uint(slash + 1, max, &prefix))
			return refuse(why, why_size, "a prefix length is a number from 0 to %u",
				      max);
		prefix += v4 ? 96 : 0;
	}
	h->kind = HOST_NET;
	h->prefix = (uint8_t)prefix;
	mask(h->addr, prefix);
	return 0;
}

static int parse_name(char *text, struct host *h, char *why, size_t why_size)
{
	size_t len = strlen(text);

	if (len && text[len - 1] == '.')
		text[--len] = '\0';
	h->kind = HOST_NAME;
	if (str_starts(text, "*.")) {
		h->kind = HOST_SUFFIX;
		text += 2;
		len -= 2;
	}
	if (len == 0 || len > HOST_NAME_MAX_LEN)
		return refuse(why, why_size, "not a host name");
	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (c == '*')
			return refuse(
				why, why_size,
				"'*' stands only for whole labels in front, as in *.example.com");
		if (c >= 'A' && c <= 'Z')
			text[i] = (char)(c + 32);
		else if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
			   c == '_' || c == '.'))
			return refuse(why, why_size,
				      "not a host name (names are ASCII; write others as xn--…)");
		if (c == '.' && (i == 0 || text[i - 1] == '.'))
			return refuse(why, why_size, "empty label in a host name");
	}
	h->name = text;
	return 0;
}

int host_parse(struct arena *a, const char *text, struct host *ret, char *why, size_t why_size)
{
	struct host h = {0};
	uint8_t addr[16];
	char *copy, *slash;
	int r;

	if (strlen(text) >= PATTERN_MAX)
		return refuse(why, why_size, "destination is too long");
	copy = arena_strdup(a, text);
	if (!copy)
		return -ENOMEM;
	if (str_starts(copy, "unix:")) {
		h.kind = copy[5] == '@' ? HOST_ABSTRACT : HOST_UNIX;
		h.name = copy + (copy[5] == '@' ? 6 : 5);
		*ret = h;
		return *h.name ? 0
			       : refuse(why, why_size, "expected a path or @name behind 'unix:'");
	}
	if (strstr(copy, "://"))
		return refuse(why, why_size, "expected a host, not a URL");
	r = split_port(copy, &h.port, why, why_size);
	if (r < 0)
		return r;
	slash = strchr(copy, '/');
	if (streq(copy, "*"))
		h.kind = HOST_ANY;
	else if (slash || dest_parse_addr(copy, addr))
		r = parse_net(copy, slash, &h, why, why_size);
	else
		r = parse_name(copy, &h, why, why_size);
	if (r == 0)
		*ret = h;
	return r;
}

/* The index: a hash table over (kind, name or masked address, port). */

#define KIND_PROGRAM 100

struct key {
	const char *name;
	size_t len;
	const uint8_t *addr;
	uint8_t kind, prefix;
	uint16_t port;
};

static uint64_t mix(uint64_t h, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 0x100000001b3u;
	return h;
}

static uint64_t key_hash(const struct key *k)
{
	uint8_t head[4] = {k->kind, k->prefix, (uint8_t)(k->port >> 8), (uint8_t)k->port};
	uint64_t h = mix(0xcbf29ce484222325u, head, sizeof(head));

	if (k->name)
		h = mix(h, k->name, k->len);
	else if (k->addr)
		h = mix(h, k->addr, 16);
	return h ^ h >> 31;
}

static bool key_is(const struct key *k, const struct dest_slot *s)
{
	if (k->kind != s->kind || k->prefix != s->prefix || k->port != s->port)
		return false;
	if (k->name)
		return strncmp(s->name, k->name, k->len) == 0 && !s->name[k->len];
	return !k->addr || memcmp(k->addr, s->addr, 16) == 0;
}

/* Where the number of @k's slot is, or would be. */
static uint32_t *place_for(const struct dest_index *x, const struct key *k)
{
	uint64_t h = key_hash(k);
	uint32_t *at;

	while (*(at = &x->hash[h & (x->cap - 1)]) && !key_is(k, &x->slots[*at - 1]))
		h++;
	return at;
}

static struct key slot_key(const struct dest_slot *s)
{
	bool net = s->kind == HOST_NET;

	return (struct key){
		.name = s->name,
		.len = s->name ? strlen(s->name) : 0,
		.addr = net ? s->addr : NULL,
		.kind = s->kind,
		.prefix = s->prefix,
		.port = s->port,
	};
}

static int widen(struct arena *a, struct dest_index *x)
{
	struct dest_index bigger = *x;

	if (x->n * 2 < x->cap)
		return 0;
	bigger.cap = x->cap ? x->cap * 2 : 16;
	bigger.hash = arena_alloc(a, bigger.cap * sizeof(*bigger.hash));
	if (!bigger.hash)
		return -ENOMEM;
	for (size_t i = 0; i < x->n; i++) {
		struct key k = slot_key(&x->slots[i]);

		*place_for(&bigger, &k) = (uint32_t)i + 1;
	}
	*x = bigger;
	return 0;
}

static int put(struct arena *a, struct dest_index *x, const struct dest_slot *like, uint32_t entry)
{
	struct key k = slot_key(like);
	struct dest_slot *s;
	uint32_t *place;
	void *chain;

	if (widen(a, x) < 0)
		return -ENOMEM;
	s = arena_grow(a, x->slots, x->n, &x->cap_slots, sizeof(*s));
	if (!s)
		return -ENOMEM;
	x->slots = s;
	place = place_for(x, &k);
	if (!*place) {
		s[x->n] = *like;
		*place = (uint32_t)++x->n;
	}
	s = &x->slots[*place - 1];
	chain = arena_grow(a, x->chain, x->n_chain, &x->cap_chain, sizeof(*x->chain));
	if (!chain)
		return -ENOMEM;
	x->chain = chain;
	x->chain[x->n_chain].entry = entry;
	x->chain[x->n_chain].next = s->first;
	s->first = (uint32_t)++x->n_chain;
	return 0;
}

static void note_prefix(struct dest_index *x, uint8_t prefix)
{
	unsigned i = 0;

	while (i < x->n_prefixes && x->prefixes[i] > prefix)
		i++;
	if (i < x->n_prefixes && x->prefixes[i] == prefix)
		return;
	memmove(x->prefixes + i + 1, x->prefixes + i, x->n_prefixes - i);
	x->prefixes[i] = prefix;
	x->n_prefixes++;
}

int dest_index_add(struct arena *a, struct dest_index *x, const struct host *h, uint32_t entry)
{
	struct dest_slot s = {.name = h->name, .kind = (uint8_t)h->kind, .port = h->port};
	void *v;

	if (h->kind == HOST_ABSTRACT) {
		v = arena_grow(a, x->abstracts, x->n_abstracts, &x->cap_abstracts,
			       sizeof(*x->abstracts));
		if (!v)
			return -ENOMEM;
		x->abstracts = v;
		x->abstracts[x->n_abstracts].glob = h->name;
		x->abstracts[x->n_abstracts++].entry = entry;
		return 0;
	}
	if (h->kind == HOST_NET) {
		memcpy(s.addr, h->addr, 16);
		s.prefix = h->prefix;
		note_prefix(x, h->prefix);
	}
	return put(a, x, &s, entry);
}

int dest_index_add_program(struct arena *a, struct dest_index *x, const char *base, uint32_t entry)
{
	return put(a, x, &(struct dest_slot){.name = base, .kind = KIND_PROGRAM}, entry);
}

int dest_index_seal(struct arena *a, struct dest_index *x, struct list_pool *lists)
{
	autofree uint32_t *entries = calloc(x->n_chain + 1, sizeof(*entries));
	int64_t r;

	if (!entries)
		return -ENOMEM;
	for (size_t i = 0; i < x->n; i++) {
		size_t n = 0;

		for (uint32_t c = x->slots[i].first; c; c = x->chain[c - 1].next)
			entries[n++] = x->chain[c - 1].entry;
		r = list_intern(a, lists, entries, n);
		if (r < 0)
			return (int)r;
		x->slots[i].list = (uint32_t)r;
	}
	for (size_t i = 0; i < x->n_abstracts; i++) {
		r = list_intern(a, lists, &x->abstracts[i].entry, 1);
		if (r < 0)
			return (int)r;
		x->abstracts[i].list = (uint32_t)r;
	}
	return 0;
}

/* With and without the port. */
static void find(const struct dest_index *x, struct key *k, uint16_t port, struct hits *h)
{
	uint32_t slot;

	k->port = 0;
	slot = *place_for(x, k);
	if (slot)
		hits_add(h, x->slots[slot - 1].list);
	if (!port)
		return;
	k->port = port;
	slot = *place_for(x, k);
	if (slot)
		hits_add(h, x->slots[slot - 1].list);
}

static void find_addr(const struct dest_index *x, const uint8_t addr[16], uint16_t port,
		      struct hits *h)
{
	for (unsigned i = 0; i < x->n_prefixes; i++) {
		struct key k = {.kind = HOST_NET, .prefix = x->prefixes[i]};
		uint8_t net[16];

		memcpy(net, addr, 16);
		mask(net, k.prefix);
		k.addr = net;
		find(x, &k, port, h);
	}
}

#define ADDR_FORMS 4

/* An address, and what the system makes of it: the unspecified address reaches this host itself,
 * and a NAT64 prefix (RFC 6052) or an IPv4-compatible one (RFC 4291 2.5.5.1) hides an IPv4 address.
 */
static unsigned addr_forms(const uint8_t addr[16], uint8_t ret[ADDR_FORMS][16])
{
	static const uint8_t nat64[12] = {0x00, 0x64, 0xff, 0x9b}, zero[16];
	unsigned n = 0;

	memcpy(ret[n++], addr, 16);
	if (memcmp(addr, zero, 16) == 0) {
		memcpy(ret[n], zero, 16);
		ret[n++][15] = 1;
	}
	if (memcmp(addr, nat64, 12) == 0 || memcmp(addr, zero, 12) == 0) {
		memcpy(ret[n], v4_prefix, 12);
		memcpy(ret[n++] + 12, addr + 12, 4);
	}
	if (memcmp(addr + 12, zero, 4) == 0 &&
	    (memcmp(addr, v4_prefix, 12) == 0 || memcmp(addr, zero, 12) == 0))
		set_v4(ret[n++], 0x7f000001);
	return n;
}

static void find_all_addrs(const struct dest_index *x, const uint8_t addr[16], uint16_t port,
			   struct hits *h)
{
	uint8_t forms[ADDR_FORMS][16];
	unsigned n = addr_forms(addr, forms);

	for (unsigned i = 0; i < n; i++)
		find_addr(x, forms[i], port, h);
}

static void find_name(const struct dest_index *x, const char *host, uint16_t port, struct hits *h)
{
	char low[HOST_NAME_MAX_LEN + 2];
	size_t len = strlen(host);
	struct key k = {.kind = HOST_NAME, .name = low};

	if (len && host[len - 1] == '.')
		len--;
	if (len == 0 || len > HOST_NAME_MAX_LEN)
		return; /* no rule can name it */
	for (size_t i = 0; i < len; i++)
		low[i] = (char)(host[i] >= 'A' && host[i] <= 'Z' ? host[i] + 32 : host[i]);
	low[len] = '\0';
	k.len = len;
	find(x, &k, port, h);
	k.kind = HOST_SUFFIX;
	for (const char *dot = strchr(low, '.'); dot; dot = strchr(dot + 1, '.')) {
		k.name = dot + 1;
		k.len = len - (size_t)(dot + 1 - low);
		find(x, &k, port, h);
	}
}

static bool name_matches(const struct host *h, const char *host)
{
	size_t len = strlen(host), want = strlen(h->name);

	if (len && host[len - 1] == '.')
		len--;
	if (h->kind == HOST_NAME)
		return len == want && strncasecmp(host, h->name, len) == 0;
	return len > want + 1 && host[len - want - 1] == '.' && strncasecmp(host + len - want, h->name, want) == 0;
}

static bool net_matches(const struct host *h, const uint8_t addr[16])
{
	uint8_t forms[ADDR_FORMS][16];
	unsigned n = addr_forms(addr, forms);

	for (unsigned i = 0; i < n; i++) {
		mask(forms[i], h->prefix);
		if (memcmp(forms[i], h->addr, 16) == 0)
			return true;
	}
	return false;
}

bool dest_matches(const struct host *h, const struct policy_dest *d)
{
	uint8_t addr[16];
	bool is_addr;

	if (h->kind == HOST_UNIX || h->kind == HOST_ABSTRACT) {
		if (!d->unix_path || d->unix_abstract != (h->kind == HOST_ABSTRACT))
			return false;
		return d->unix_abstract ? pattern_match_flat(h->name, d->unix_path, false)
					: d->unix_path[0] == '/' && policy_glob(h->name, d->unix_path);
	}
	if (d->unix_path || (h->port && h->port != d->port))
		return false;
	if (h->kind == HOST_ANY)
		return true;
	is_addr = d->host && dest_parse_addr(d->host, addr);
	if (h->kind == HOST_NET)
		return (d->has_addr && net_matches(h, d->addr)) || (is_addr && net_matches(h, addr));
	return d->host && !is_addr && name_matches(h, d->host);
}

void dest_index_run(const struct dest_index *x, const struct policy_dest *d, struct hits *h)
{
	struct key any = {.kind = HOST_ANY};
	uint8_t addr[16];

	if (d->unix_path) {
		for (size_t i = 0; d->unix_abstract && i < x->n_abstracts; i++)
			if (pattern_match_flat(x->abstracts[i].glob, d->unix_path, false))
				hits_add(h, x->abstracts[i].list);
		return;
	}
	if (!x->cap)
		return;
	find(x, &any, d->port, h);
	if (d->has_addr)
		find_all_addrs(x, d->addr, d->port, h);
	if (d->host && dest_parse_addr(d->host, addr))
		find_all_addrs(x, addr, d->port, h);
	else if (d->host)
		find_name(x, d->host, d->port, h);
}

void dest_index_run_program(const struct dest_index *x, const char *base, struct hits *h)
{
	struct key k = {.kind = KIND_PROGRAM, .name = base, .len = strlen(base)};

	if (x->cap)
		find(x, &k, 0, h);
}
