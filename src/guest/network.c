/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plans the network edits of a guest. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest/network.h"
#include "fs/read_text.h"

#define FILES_CAP_NR 512

/* Where configuration lies: a file, or the files of a folder with a prefix and
 * a suffix. */
static const struct place {
	enum dw_net_syntax syntax;
	const char *folder, *prefix, *suffix;
} places[] = {
	{ DW_NET_IFUPDOWN, "/etc/network", "interfaces", "" },
	{ DW_NET_IFUPDOWN, "/etc/network/interfaces.d", "", "" },
	{ DW_NET_IFCFG, "/etc/sysconfig/network-scripts", "ifcfg-", "" },
	{ DW_NET_IFCFG, "/etc/sysconfig/network", "ifcfg-", "" },
	{ DW_NET_NETWORKD, "/etc/systemd/network", "", ".network" },
	{ DW_NET_LINK, "/etc/systemd/network", "", ".link" },
	{ DW_NET_NETPLAN, "/etc/netplan", "", ".yaml" },
	{ DW_NET_KEYFILE, "/etc/NetworkManager/system-connections", "", "" },
	{ DW_NET_NETCTL, "/etc/netctl", "", "" },
	{ DW_NET_UDEV, "/etc/udev/rules.d", "70-persistent-net", ".rules" },
	{ DW_NET_UDEV, "/etc/udev/rules.d", "z25_persistent-net", ".rules" },
	{ DW_NET_UDEV, "/etc/udev/rules.d", "30-net_persistent_names",
	  ".rules" },
	{ DW_NET_UDEV, "/etc/udev/rules.d", "77-network", ".rules" },
	{ DW_NET_UDEV, "/etc/udev/rules.d", "60-net", ".rules" },
	{ DW_NET_IFTAB, "/etc", "iftab", "" },
};

struct names {
	const struct place *place;
	char *items[FILES_CAP_NR];
	size_t nr;
};

static int add_name(void *arg, const char *name, uint64_t ino,
		    uint32_t type_mode, struct dw_err *err)
{
	struct names *names = arg;
	struct dw_span s = dw_span_of(name);

	if (names->nr == FILES_CAP_NR ||
	    !dw_span_starts(s, names->place->prefix) ||
	    !dw_span_ends(s, names->place->suffix) ||
	    dw_span_ends(s, "~") || dw_span_ends(s, ".bak") ||
	    dw_span_ends(s, ".dpkg-old") || dw_span_ends(s, ".rpmsave"))
		return 0;
	names->items[names->nr] = strdup(name);
	if (!names->items[names->nr])
		return dw_fail_nomem(err);
	names->nr++;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What cards the configuration names. */
struct cards {
	bool eth, enx, enx_more;
};

struct unpin_arg {
	enum dw_net_syntax syntax;
	struct cards *cards;
};

static int unpin(const char *text, size_t len, const void *arg,
		 struct dw_buf *out, struct dw_changes *changes,
		 struct dw_err *err)
{
	const struct unpin_arg *a = arg;

	a->cards->eth |= dw_net_names(a->syntax, text, len, "eth");
	a->cards->enx |= dw_net_names(a->syntax, text, len, "enX");
	a->cards->enx_more |= memmem(text, len, "enX1", 4) != NULL;
	return dw_net_unpin(a->syntax, text, len, out, changes, err);
}

/* SUSE called files after the card's address: ifcfg-eth-id-00:16:3e:... */
static void remark_on_name(struct dw_edits *edits, const char *path)
{
	size_t first = edits->changes.nr;

	if (!strstr(path, "/ifcfg-eth-id-") && !strstr(path, "/ifcfg-eth-bus-"))
		return;
	dw_changes_note(&edits->changes, 0, "is for one card of the old "
			"machine; on another, give it the name ifcfg-eth0");
	dw_changes_set_path(&edits->changes, first, path);
}

static int plan_place(const struct place *place, struct dw_fs *fs,
		      struct dw_edits *edits, struct cards *cards,
		      struct dw_err *err)
{
	struct unpin_arg arg = { place->syntax, cards };
	struct names *names = calloc(1, sizeof(*names));
	char path[600];
	int ret;

	if (!names)
		return dw_fail_nomem(err);
	names->place = place;
	ret = dw_fs_readdir(fs, place->folder, add_name, names, err);
	if (dw_fs_has_not(ret))
		ret = 0;
	/* In the order of names, so that plans do not depend on the order of
	 * the directory. */
	if (names->nr)
		qsort(names->items, names->nr, sizeof(char *), by_name);
	for (size_t i = 0; !ret && i < names->nr; i++) {
		if (snprintf(path, sizeof(path), "%s/%s", place->folder,
			     names->items[i]) >= (int)sizeof(path))
			continue;
		remark_on_name(edits, path);
		if (!strncmp(names->items[i], "ifcfg-eth", 9) &&
		    names->items[i][9] >= '0' && names->items[i][9] <= '9')
			cards->eth = true;
		ret = dw_edits_run(edits, fs, path, unpin, &arg, err);
	}
	for (size_t i = 0; i < names->nr; i++)
		free(names->items[i]);
	free(names);
	return ret;
}

static int plan_link(struct dw_fs *fs, struct dw_edits *edits, bool more,
		     struct dw_err *err)
{
	static const char path[] = "/etc/systemd/network/10-diskwright.link";
	static const char text[] =
		"# Written by diskwright.  systemd calls the first card of Xen "
		"enX0;\n# KVM's gets the same name, so that the configuration "
		"fits both.\n[Match]\nDriver=virtio_net\n\n[Link]\n"
		"Name=enX0\n";

	if (dw_fs_exists(fs, path))
		return 0;
	return dw_edits_set(edits, fs, path, text, sizeof(text) - 1, 0644,
			    NULL, more ? "KVM's first card is called enX0; "
			    "there is no such name for the others" :
			    "KVM's card is called enX0, as under Xen", err);
}

int dw_network_plan(const struct dw_guest *guest, struct dw_fs *fs,
		    struct dw_edits *edits, struct dw_guest_needs *needs,
		    struct dw_err *err)
{
	struct cards cards = { 0 };
	int ret = 0;

	for (size_t i = 0; !ret && i < sizeof(places) / sizeof(*places); i++)
		ret = plan_place(&places[i], fs, edits, &cards, err);
	needs->net_ifnames = cards.eth && guest->release.renames_net;
	if (!ret && cards.enx && !cards.eth && guest->release.renames_net)
		ret = plan_link(fs, edits, cards.enx_more, err);
	return ret;
}
