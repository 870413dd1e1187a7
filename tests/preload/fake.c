/* fake.so - a user's own preload library. Its open() counts itself with a byte to descriptor 9; its
 * resolver knows one host, so that the tests need no network. */
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_in v4 = {.sin_family = AF_INET};
static struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
static char *addrs[] = {(char *)&v4.sin_addr, NULL};
static struct hostent entry = {.h_addrtype = AF_INET, .h_length = 4, .h_addr_list = addrs};

__attribute__((constructor)) static void start(void)
{
	static const unsigned char six[16] = {0x20, 1, 0x0d, 0xb8, [15] = 1};

	v4.sin_addr.s_addr = htonl(0xc0000201); /* 192.0.2.1 */
	memcpy(&v6.sin6_addr, six, sizeof(six));
}

int open(const char *path, int flags, ...)
{
	int (*next)(const char *, int, ...) =
		(int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
	va_list ap;
	unsigned mode;

	va_start(ap, flags);
	mode = va_arg(ap, unsigned);
	va_end(ap);
	(void)!write(9, "f", 1);
	return next(path, flags, mode);
}

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
		struct addrinfo **ret)
{
	static struct addrinfo list[3];

	(void)service;
	(void)hints;
	if (host && strcmp(host, "nowhere.test") == 0)
		return EAI_NONAME;
	list[0] = (struct addrinfo){
		.ai_family = AF_INET, .ai_addr = (void *)&v4, .ai_next = &list[1]};
	list[1] = (struct addrinfo){
		.ai_family = AF_INET, .ai_addr = (void *)&v4, .ai_next = &list[2]};
	list[2] = (struct addrinfo){.ai_family = AF_INET6, .ai_addr = (void *)&v6};
	*ret = list;
	return 0;
}

struct hostent *gethostbyname(const char *name)
{
	(void)name;
	return &entry;
}

struct hostent *gethostbyname2(const char *name, int family)
{
	(void)name;
	(void)family;
	return &entry;
}

int gethostbyname_r(const char *name, struct hostent *h, char *buf, size_t size,
		    struct hostent **ret, int *herr)
{
	(void)name;
	(void)buf;
	(void)size;
	(void)herr;
	*h = entry;
	*ret = h;
	return 0;
}

int gethostbyname2_r(const char *name, int family, struct hostent *h, char *buf, size_t size,
		     struct hostent **ret, int *herr)
{
	(void)family;
	return gethostbyname_r(name, h, buf, size, ret, herr);
}
