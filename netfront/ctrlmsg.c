// SPDX-License-Identifier: GPL-2.0
#include "ctrlmsg.h"

#include <linux/errno.h>

/**
 * nc2f_ctrlmsg_count - how many responses the back shows
 * @produced: the index that it has published
 * @consumed: ours
 * @asked: a request awaits its response; there is never more than one
 *
 * Return: 0 or 1; -EPROTO if it answers what was not asked.
 */
int nc2f_ctrlmsg_count(u32 produced, u32 consumed, bool asked)
{
	u32 n = produced - consumed;

	return n > asked ? -EPROTO : n;
}

/**
 * nc2f_ctrlmsg_check - what a response means
 * @a: the response
 * @id: of our request
 * @type: of our request
 *
 * Return: 0; -EOPNOTSUPP, -EINVAL or -ENOSPC if the back refuses; -EPROTO if it
 * is no answer to our request.
 */
int nc2f_ctrlmsg_check(const struct nc2f_answer *a, u16 id, u16 type)
{
	if (a->id != id || a->type != type)
		return -EPROTO;
	switch (a->status) {
	case NC2F_CTRL_SUCCESS:
		return 0;
	case NC2F_CTRL_NOT_SUPPORTED:
		return -EOPNOTSUPP;
	case NC2F_CTRL_INVALID:
		return -EINVAL;
	case NC2F_CTRL_OVERFLOW:
		return -ENOSPC;
	default:
		return -EPROTO;
	}
}
