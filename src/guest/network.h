/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of network cards, and what pins them to the old machine's card. */
#ifndef DW_GUEST_NETWORK_H
#define DW_GUEST_NETWORK_H

#include "base/buf.h"
#include "base/changes.h"
#include "guest/edit.h"
#include "guest/guest.h"

/* The syntax of a file of network configuration. */
enum dw_net_syntax {
	DW_NET_IFUPDOWN,	/* /etc/network/interfaces */
	DW_NET_IFCFG,		/* ifcfg-eth0 of RHEL and SUSE */
	DW_NET_NETWORKD,	/* .network of systemd */
	DW_NET_LINK,		/* .link of systemd: looked at, not changed */
	DW_NET_NETPLAN,
	DW_NET_KEYFILE,		/* NetworkManager */
	DW_NET_NETCTL,		/* Arch */
	DW_NET_UDEV,		/* 70-persistent-net.rules and the like */
	DW_NET_IFTAB,		/* /etc/iftab of old Ubuntus */
};

/* Whether the text names a card by this prefix and a number ("eth", "enX"), so
 * that it needs one of that name. */
bool dw_net_names(enum dw_net_syntax syntax, const char *text, size_t len,
		  const char *prefix);

/*
 * Pure editor: makes comments of the lines that tie a name or a configuration
 * to a hardware address (HWADDR=, MACAddress= of a match, mac-address=, rules
 * of udev with an address).  What *sets* an address stays.  Appends the whole
 * new text to out.
 */
int dw_net_unpin(enum dw_net_syntax syntax, const char *text, size_t len,
		 struct dw_buf *out, struct dw_changes *changes,
		 struct dw_err *err);

/*
 * Plans that for all files of a guest, and finds whether its kernels need
 * net.ifnames=0 biosdevname=0 under KVM.  Where the configuration names enX0,
 * as systemd calls a card of Xen from 250 on, a new .link file gives KVM's
 * card the same name.
 */
int dw_network_plan(const struct dw_guest *guest, struct dw_fs *fs,
		    struct dw_edits *edits, struct dw_guest_needs *needs,
		    struct dw_err *err);

#endif
