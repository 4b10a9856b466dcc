/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What /init and those who make an initrd around it agree on. */
#ifndef INIT_LIMITS_H
#define INIT_LIMITS_H

/* The list of modules; list.h says what is in it. */
#define INIT_LIST	"diskwright/modules"
#define INIT_LIST_LEN	(128u << 10)	/* with a NUL */
#define INIT_PATH_LEN	512		/* of a module in it, with a NUL */

#endif
