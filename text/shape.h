/* shape - the pattern language of secrets.tab: plain text, and classes with a count as in
 * "%w{36}-%d{1,3}". Greedy, never goes back: one look at each byte. Pure; any thread.
 *
 *   %d 0-9             %l a-z             %L A-Z            %n a-z 0-9       %N A-Z 0-9      %w
 * letters and digits %x hex, lower      %X hex, upper      %h hex, any       %2 base32        %5
 * base58       %c bech32, upper %b base64          %e base64 and =    %u base64url      %t
 * base64url . ~ %_ letters, digits and _ %p what crypt(5) writes {n}  {n,m}  {n,}   (none: one)
 *
 * What stands behind the last class must not go on with the same class, unless its count is open.
 */
#pragma once

#include "base/base.h"

static inline bool shape_is_alnum(char c)
{
	return (unsigned)(c | 0x20) - 'a' < 26 || (unsigned)c - '0' < 10;
}

bool shape_class_has(char class, unsigned char c);
size_t shape_min(const char *shape); /* bytes of the shortest match */

/* Does @shape stand at @s? Then *@ret_end is behind it. *@fuel is lowered by the bytes looked at.
 */
bool shape_match(const char *shape, const char *s, const char *end, const char **ret_end,
		 size_t *fuel);
