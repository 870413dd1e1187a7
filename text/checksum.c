#include "text/checksum.h"

uint32_t checksum_crc32(const char *data, size_t len)
{
	uint32_t crc = ~0U;

	for (size_t i = 0; i < len; i++) {
		crc ^= (unsigned char)data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (0xedb88320U & -(crc & 1));
	}
	return ~crc;
}

bool checksum_crc62(const char *s, size_t len)
{
	static const char digits[] =
		"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	uint32_t crc;

	if (len <= 6)
		return false;
	crc = checksum_crc32(s, len - 6);
	for (size_t i = len; i-- > len - 6; crc /= 62)
		if (s[i] != digits[crc % 62])
			return false;
	return true;
}

static uint32_t ror(uint32_t x, int n)
{
	return x >> n | x << (32 - n);
}

/* The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
static const uint32_t sha_k[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2,
};

static void sha_block(uint32_t state[8], const uint8_t *p)
{
	uint32_t w[64], v[8];

	for (int i = 0; i < 16; i++, p += 4)
		w[i] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	for (int i = 16; i < 64; i++)
		w[i] = w[i - 16] + w[i - 7] +
		       (ror(w[i - 15], 7) ^ ror(w[i - 15], 18) ^ w[i - 15] >> 3) +
		       (ror(w[i - 2], 17) ^ ror(w[i - 2], 19) ^ w[i - 2] >> 10);
	memcpy(v, state, sizeof(v));
	/* Instead of moving all eight each round, their names move. */
#pragma GCC unroll 8
	for (unsigned i = 0; i < 64; i++) {
#define V(x) v[((x)-i) & 7]
		V(7) += (ror(V(4), 6) ^ ror(V(4), 11) ^ ror(V(4), 25)) +
			((V(4) & V(5)) ^ (~V(4) & V(6))) + sha_k[i] + w[i];
		V(3) += V(7);
		V(7) += (ror(V(0), 2) ^ ror(V(0), 13) ^ ror(V(0), 22)) +
			((V(0) & V(1)) ^ (V(0) & V(2)) ^ (V(1) & V(2)));
#undef V
	}
	for (int i = 0; i < 8; i++)
		state[i] += v[i];
}

void checksum_sha256(const uint8_t *data, size_t len, uint8_t ret[32])
{
	uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
			     0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
	uint8_t block[128] = {0};
	size_t n = MIN(len, (size_t)119), blocks = n < 56 ? 1 : 2;

	memcpy(block, data, n);
	block[n] = 0x80;
	block[blocks * 64 - 2] = (uint8_t)(n >> 5);
	block[blocks * 64 - 1] = (uint8_t)(n << 3);
	for (size_t i = 0; i < blocks; i++)
		sha_block(state, block + i * 64);
	for (int i = 0; i < 32; i++)
		ret[i] = (uint8_t)(state[i / 4] >> (24 - i % 4 * 8));
}

static int digit58(char c)
{
	static const char digits[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

size_t checksum_base58(const char *s, size_t len, uint8_t ret_head[4])
{
	uint8_t num[96] = {0}, hash[32]; /* big endian; 112 letters are 82 bytes */
	size_t n = 0;

	if (len > 112)
		return 0;
	for (size_t i = 0; i < len; i++) {
		int carry = digit58(s[i]);

		if (carry < 0)
			return 0;
		for (size_t j = 0; j < n || carry; j++) {
			carry += j < n ? num[sizeof(num) - 1 - j] * 58 : 0;
			num[sizeof(num) - 1 - j] = (uint8_t)carry;
			carry >>= 8;
			n = MAX(n, j + 1);
		}
	}
	if (n < 8)
		return 0;
	checksum_sha256(num + sizeof(num) - n, n - 4, hash);
	checksum_sha256(hash, sizeof(hash), hash);
	memcpy(ret_head, num + sizeof(num) - n, 4);
	return memcmp(hash, num + sizeof(num) - 4, 4) == 0 ? n - 4 : 0;
}

static uint32_t bech32_step(uint32_t sum, uint32_t value)
{
	static const uint32_t gen[] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
	uint32_t top = sum >> 25;

	sum = (sum & 0x1ffffff) << 5 ^ value;
	for (size_t i = 0; i < ARRAY_SIZE(gen); i++)
		sum ^= top >> i & 1 ? gen[i] : 0;
	return sum;
}

bool checksum_bech32(const char *hrp, const char *s, size_t len)
{
	static const char digits[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
	uint32_t sum = 1;

	for (const char *p = hrp; *p; p++)
		sum = bech32_step(sum, (unsigned char)*p >> 5);
	sum = bech32_step(sum, 0);
	for (const char *p = hrp; *p; p++)
		sum = bech32_step(sum, *p & 31);
	for (size_t i = 0; i < len; i++) {
		const char *at = s[i] ? strchr(digits, s[i] | 0x20) : NULL;

		if (!at)
			return false;
		sum = bech32_step(sum, (uint32_t)(at - digits));
	}
	return sum == 1;
}
