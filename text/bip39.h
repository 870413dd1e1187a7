/* bip39 - seed phrases of wallets (BIP 39): 12, 15, 18, 21 or 24 words of one of eight lists whose
 * checksum is right. No allocation; any thread. */
#pragma once

#include "base/base.h"

struct bip39_hit {
	size_t start, end;
};

/* Is the byte at @at in a row of words that holds a phrase? The hit is the whole row. *@ret_next is
 * raised to where to look next. *@fuel is lowered by what it cost. */
bool bip39_at(const char *text, size_t len, size_t at, struct bip39_hit *ret, size_t *ret_next,
	      size_t *fuel);
