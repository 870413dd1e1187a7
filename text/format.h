/* format - the kinds of secrets, as data: see secrets.tab. For secrets.c and its test. */
#pragma once

#include "base/base.h"

enum format_check {
	FORMAT_SHAPE = 0, /* the shape, and enough entropy */
	FORMAT_CRC62,  /* with check digits: right ones make it certain, wrong ones leave it to the
			  entropy */
	FORMAT_BASE58, /* Base58Check must be right */
	FORMAT_AGE,    /* Bech32 must be right */
	FORMAT_JWT,    /* the header is JSON with "alg" */
	FORMAT_PEM,    /* armour around a private key */
	FORMAT_LINES,  /* lines of base64 follow */
	FORMAT_URI,    /* user and password in front of a host */
	FORMAT_NETRC,  /* machine … login … password … */
	FORMAT_ASSIGNED, /* the literal is in the name of an assignment; the whole value has the
			    shape */
	FORMAT_GENERIC,	 /* in such a name, too; the value looks like a secret */
	FORMAT_FOUND,	 /* found by other means than a literal */
};

struct format {
	const char *name, *description;
	const char *literals; /* divided by "|" */
	const char *back;     /* NULL, or the class and count that stand in front of the literal:
				 "%w{14}" */
	const char *shape;    /* what follows the literal */
	enum format_check check;
	uint8_t entropy; /* tenths of a bit that the shape has at least; 0: 27, or 20 where it is
			    short */
	bool word;	 /* no letter or digit in front of the literal */
};

extern const struct format formats[];
extern const size_t formats_count;
