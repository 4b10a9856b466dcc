/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Network configurations: names of cards, ties to old ones. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "guest/network.h"
#include "lib/run.h"

#define OFF "# disabled by diskwright: "

static struct dw_buf out;
static struct dw_changes changes;

static void teardown(void)
{
	dw_buf_free(&out);
	dw_changes_free(&changes);
}

static void edit(enum dw_net_syntax syntax, const char *text,
		 const char *want, size_t changes_nr)
{
	teardown();
	ck_assert_int_eq(dw_net_unpin(syntax, text, strlen(text), &out,
				      &changes, NULL), 0);
	ck_assert_str_eq(out.data ? out.data : "", want);
	ck_assert_uint_eq(changes.nr, changes_nr);
}

START_TEST(names_of_cards)
{
	static const struct {
		enum dw_net_syntax syntax;
		const char *text;
		bool eth;
	} cases[] = {
		{ DW_NET_IFUPDOWN, "auto lo eth0\n", true },
		{ DW_NET_IFUPDOWN, "  iface eth1:0 inet static\n", true },
		{ DW_NET_IFUPDOWN, "allow-hotplug eth0\n", true },
		{ DW_NET_IFUPDOWN, "# iface eth0 inet dhcp\n", false },
		{ DW_NET_IFUPDOWN, "iface enX0 inet dhcp\n# eth0\n", false },
		{ DW_NET_IFUPDOWN, "iface ethernet inet dhcp\n", false },
		{ DW_NET_NETWORKD, "[Match]\nName=eth0\n", true },
		{ DW_NET_NETWORKD, "[Match]\nName=en* eth*\n", true },
		{ DW_NET_NETWORKD, "[Match]\nName=en*\n", false },
		{ DW_NET_NETPLAN, "network:\n ethernets:\n  eth0:\n", true },
		{ DW_NET_NETPLAN, "  set-name: \"eth0\"\n", true },
		{ DW_NET_NETPLAN, "  ens3:\n   dhcp4: true\n", false },
		{ DW_NET_IFCFG, "DEVICE=\"eth0\"\nBOOTPROTO=dhcp\n", true },
		{ DW_NET_IFCFG, "DEVICE=ens192\n", false },
		{ DW_NET_KEYFILE, "interface-name=eth0\n", true },
		{ DW_NET_NETCTL, "Interface=eth0\n", true },
		{ DW_NET_UDEV, "NAME=\"eth0\"\n", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		ck_assert_msg(dw_net_names(cases[i].syntax, cases[i].text,
					   strlen(cases[i].text), "eth") ==
			      cases[i].eth, "%s", cases[i].text);
	ck_assert(dw_net_names(DW_NET_IFUPDOWN, "iface enX0 inet dhcp", 20,
			       "enX"));
}
END_TEST

START_TEST(udev_rules)
{
	edit(DW_NET_UDEV,
	     "# PCI device 0x8086:0x100e (e1000)\n"
	     "SUBSYSTEM==\"net\", ACTION==\"add\", DRIVERS==\"?*\", "
	     "ATTR{address}==\"00:16:3e:11:22:33\", NAME=\"eth0\"\n"
	     "SUBSYSTEM==\"net\", KERNEL==\"eth*\", NAME=\"eth0\"\n"
	     "SUBSYSTEM==\"net\", \\\n",
	     "# PCI device 0x8086:0x100e (e1000)\n"
	     OFF "SUBSYSTEM==\"net\", ACTION==\"add\", DRIVERS==\"?*\", "
	     "ATTR{address}==\"00:16:3e:11:22:33\", NAME=\"eth0\"\n"
	     "SUBSYSTEM==\"net\", KERNEL==\"eth*\", NAME=\"eth0\"\n"
	     "SUBSYSTEM==\"net\", \\\n", 1);
	edit(DW_NET_UDEV, "ATTR{address}==\"x\", NAME=\"a\" \\\n  MORE\nX\n",
	     OFF "ATTR{address}==\"x\", NAME=\"a\" \\\n"
	     OFF "  MORE\nX\n", 2);
}
END_TEST

START_TEST(ifcfg)
{
	edit(DW_NET_IFCFG, "DEVICE=eth0\nHWADDR=00:16:3E:00:00:01\n"
	     "MACADDR=00:16:3E:00:00:02\nONBOOT=yes",
	     "DEVICE=eth0\n" OFF "HWADDR=00:16:3E:00:00:01\n"
	     "MACADDR=00:16:3E:00:00:02\nONBOOT=yes", 1);
	edit(DW_NET_IFCFG, "HWADDR=\n#HWADDR=x\n", "HWADDR=\n#HWADDR=x\n", 0);
}
END_TEST

START_TEST(networkd)
{
	edit(DW_NET_NETWORKD, "[Match]\nMACAddress=00:16:3e:0:0:1\n"
	     "[Network]\nDHCP=yes\n[Link]\nMACAddress=0:1\n",
	     "[Match]\n" OFF "MACAddress=00:16:3e:0:0:1\nName=en* eth*\n"
	     "[Network]\nDHCP=yes\n[Link]\nMACAddress=0:1\n", 1);
	edit(DW_NET_NETWORKD, "[Match]\nMACAddress=1\nName=eth0\n",
	     "[Match]\n" OFF "MACAddress=1\nName=eth0\n", 1);
}
END_TEST

START_TEST(netplan)
{
	edit(DW_NET_NETPLAN,
	     "network:\n    ethernets:\n        eth0:\n"
	     "            dhcp4: true\n            match:\n"
	     "                macaddress: 00:16:3e:00:00:01\n"
	     "            macaddress: 00:16:3e:00:00:02\n"
	     "            set-name: eth0\n",
	     "network:\n    ethernets:\n        eth0:\n"
	     "            dhcp4: true\n            match:\n"
	     "                name: \"e*\"  " OFF
	     "macaddress: 00:16:3e:00:00:01\n"
	     "            macaddress: 00:16:3e:00:00:02\n"
	     "            set-name: eth0\n", 1);
	edit(DW_NET_NETPLAN,
	     "a:\n match:\n  macaddress: 1\nb:\n match:\n  macaddress: 2\n",
	     "a:\n match:\n  macaddress: 1\nb:\n match:\n  macaddress: 2\n",
	     2);
	ck_assert(!dw_changes_any(&changes));
}
END_TEST

START_TEST(others)
{
	edit(DW_NET_KEYFILE, "[ethernet]\nmac-address=00:16\n[x]\n"
	     "mac-address=1\n", "[ethernet]\n" OFF "mac-address=00:16\n[x]\n"
	     "mac-address=1\n", 1);
	edit(DW_NET_IFTAB, "# x\neth0 mac 00:16 arp 1\n",
	     "# x\n" OFF "eth0 mac 00:16 arp 1\n", 1);
	edit(DW_NET_LINK, "[Match]\nMACAddress=1\n",
	     "[Match]\nMACAddress=1\n", 0);
	edit(DW_NET_IFUPDOWN, "iface eth0 inet dhcp\n hwaddress ether 1\n",
	     "iface eth0 inet dhcp\n hwaddress ether 1\n", 0);
	edit(DW_NET_UDEV, "", "", 0);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("network");

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_test(tc, names_of_cards);
	tcase_add_test(tc, udev_rules);
	tcase_add_test(tc, ifcfg);
	tcase_add_test(tc, networkd);
	tcase_add_test(tc, netplan);
	tcase_add_test(tc, others);
	return dw_test_run("network", tc);
}
