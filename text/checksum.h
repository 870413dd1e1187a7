/* checksum - check digits that tell a real key from a string of the same shape. Pure; linear; any
 * thread. */
#pragma once

#include "base/base.h"

uint32_t checksum_crc32(const char *data, size_t len); /* ISO 3309, as zlib's crc32() */
void checksum_sha256(const uint8_t *data, size_t len,
		     uint8_t ret[32]); /* FIPS 180-4; @len at most 119 */

/* Base58Check as Bitcoin's keys use it: the last four bytes are of the double SHA-256 of those
 * before. Return how many bytes there were without them, their first four in @ret_head, or 0. */
size_t checksum_base58(const char *s, size_t len, uint8_t ret_head[4]);

/* Bech32 (BIP 173) with the human readable part @hrp in lower case; @s is what follows the "1", of
 * any case. */
bool checksum_bech32(const char *hrp, const char *s, size_t len);

/* Do the last six letters of @s say, in base 62, the CRC-32 of what stands before them? */
bool checksum_crc62(const char *s, size_t len);
