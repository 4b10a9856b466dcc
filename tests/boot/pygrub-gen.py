# SPDX-License-Identifier: LGPL-2.1-or-later
# Boot configurations for pygrub-agree.py: fixed corner cases, then random
# mixtures from a seed.  cases() gives (name, {path: bytes}) and is the same on
# every machine.
import random

CFG = "/boot/grub/grub.cfg"
EXT = "/boot/extlinux/extlinux.conf"
LST = "/boot/grub/menu.lst"

# Files that the images hold; each holds its own name.
KERNELS = ["/boot/vmlinuz-%d" % i for i in range(8)]
INITRDS = ["/boot/initrd-%d" % i for i in range(8)]
FILES = KERNELS + INITRDS + [
    "/vmlinuz", "/initrd.img", "/boot/xen.gz", "/boot/mboot.c32",
    "/boot/v=1", "/boot/caf\u00e9", "/boot/q\"x\"", "--type=linux",
]


def lst(body):
    return {LST: body}


def cfg(body):
    return {CFG: body}


def ext(body):
    return {EXT: body}


K0 = "kernel /boot/vmlinuz-0 ro entry=0\n"
I0 = "initrd /boot/initrd-0\n"
L0 = "linux /boot/vmlinuz-0 ro entry=0\n"


def two(head, mid=""):
    """A menu.lst of two entries."""
    return (head + "title A\n" + mid + K0 + I0 +
            "title B\nroot (hd0,0)\nkernel /boot/vmlinuz-1 ro entry=1\n"
            "initrd /boot/initrd-1\n")


def entry(n, inner="", title=None):
    """A menuentry of grub.cfg."""
    return ("menuentry '%s' --class x {\n%slinux /boot/vmlinuz-%d ro "
            "entry=%d\ninitrd /boot/initrd-%d\n}\n" %
            (title or "E%d" % n, inner, n, n, n))


def label(n, body=None):
    """A label of extlinux.conf."""
    return "label l%d\n%s" % (n, body if body is not None else
                              "kernel /boot/vmlinuz-%d\nappend "
                              "initrd=/boot/initrd-%d ro entry=%d\n" %
                              (n, n, n))


MENU_LST = [
    "", "\n\n", "# only a comment\n", "default 0\n", "title A\n",
    "title A\n" + K0, "title A\n" + K0 + I0, "title A" + "\n" + K0.strip(),
    two("default 1\n"), two("default=1\n"), two("default = 1\n"),
    two("default saved\n"), two("default -1\n"), two("default 2\n"),
    two("default 3\n"), two("default +1\n"), two("default 0x1\n"),
    two("default 1_0\n"), two("default 0_1\n"), two("default _1\n"),
    two("default 1 # c\n"), two("default\n"), two("default  \n"),
    two("default 99999999999999999999\n"), two("default -0\n"),
    two("default " + "0" * 4299 + "1\n"), two("default " + "0" * 4300 + "1\n"),
    two("default -" + "1" * 4301 + "\n"), two("default\t1\n"),
    two("timeout x # y\n"), two("DEFAULT 1\n"), two("default 1\r\n"),
    two("default 1\ndefault 0\n"), two("title0 x\ndefault 1\n"),
    two("", "root (hd0)\n"), two("", "root (hd0,0)\n"),
    two("", "root (nd)\n"), two("", "root (hd)\n"), two("", "root\n"),
    two("", "root hd0\n"), two("", "root (/dev/xvda)\n"),
    two("", "root (/dev/xvda,0)\n"), two("", "root (/dev/xvdab,0)\n"),
    two("", "root (/dev/xvd)\n"), two("", "root (/dev/sda)\n"),
    two("", "root (hd0,a)\n"), two("", "root (hd0,0,0)\n"),
    two("", "root (hd0,msdos1)\n"), two("", "root (hd0,gpt1)\n"),
    two("", "root (hd0,msdosgpt2)\n"), two("", "root (hd0,gptmsdos2)\n"),
    two("", "root (hd 0 , 0 )\n"), two("", "root (hd-1,-1)\n"),
    two("", "root=(hd0,0)\n"), two("", "root ((((hd0,0\n"),
    two("", "root (hd0,0) x\n"), two("", "rootnoverify (hd0,x)\n"),
    two("", "root (ab12,0)\n"), two("", "root \u00e9\u00e90\n"),
    two("", "uuid 12-34\n"), two("", "# root (nd)\n"),
    two("splashimage=(hd0,0)/x.xpm.gz\n"), two("splashimage (hd0\n"),
    two("splashimage (nd)/x\n"), two("splash (nd)/x\n"),
    two("password --md5 $1$x\n"), two("hiddenmenu\ncolor cyan/blue\n"),
    "title A\nkernel\t/boot/vmlinuz-0\tro\n",
    "title A\nkernel\t/boot/vmlinuz-0 ro\troot=x\n",
    "title A\nkernel /boot/vmlinuz-0\tro quiet\n",
    "title A\nkernel=/boot/vmlinuz-0 ro\n", "title A\nkernel=\n",
    "title A\nkernel\n" + I0, "title A\nkernel \"/boot/vmlinuz-0\" ro\n",
    "title A\nkernel (hd0,0)/boot/vmlinuz-0 ro\ninitrd (hd0,0)/boot/initrd-0",
    "title A\nkernel (hd0/boot/vmlinuz-0 ro\n",
    "title A\nkernel (nd)/boot/vmlinuz-0 ro\n", "title A\nkernel (hd0,0)\n",
    "title A\nkernel boot/vmlinuz-0 ro\ninitrd initrd.img\n",
    "title A\nkernel --type=linux /boot/vmlinuz-0 ro\n",
    "title A\nkernel /boot/v=1 ro\n", "title A\nkernel /boot/none ro\n" + I0,
    "title A\n" + K0 + "initrd /boot/none\n", "title A\n" + K0 + "initrd\n",
    "title A\n" + K0 + "initrd /boot/initrd-0 /boot/initrd-1\n",
    "title A\n" + K0 + "initrd\t/boot/initrd-0 \t\n",
    "title A\n" + K0 + "kernel /boot/vmlinuz-2\n" + I0,
    "title Xen\nkernel /boot/xen.gz x\nmodule /boot/vmlinuz-0 ro\n"
    "module /boot/initrd-0\n",
    "title A\nchainloader +1\n", "title A\ntitle B\n" + K0,
    "title A\n\ntitle B\n" + K0, "default 1\ntitle A\n" + K0 + "title B\n",
    "title A\n" + K0 + "default 1\ntitle B\nkernel /boot/vmlinuz-1\n",
    "title=A\n" + K0, "titleA\n" + K0, "  title  A  \n  " + K0 + "  " + I0,
    "Title A\n" + K0, "title A\nKernel /boot/vmlinuz-0\n",
    "title A\r\nroot (hd0,0)\r\nkernel /boot/vmlinuz-0 ro\r\n",
    "title A\rkernel /boot/vmlinuz-0\r", "\ufeff" + two("default 1\n"),
    "title A\nkernel /boot/vmlinuz-0\u00a0ro x\n",
    "title A\nkernel\u00a0/boot/vmlinuz-0 ro\n",
    "title A\nkernel /boot/caf\u00e9 ro\n" + I0,
    "title A\nkernel /boot/vmlinuz-0 caf\u00e9\u3000\n",
    "title A\n\x1ckernel /boot/vmlinuz-0 x\x1d\n",
    "title A\n\x85" + K0, "title \u00c3\u00a0\nkernel /boot/vmlinuz-0 \u00e0\n",
    b"# caf\xe9\n" + two("default 1\n").encode(),
    b"title A\nkernel /boot/vmlinuz-0 a=\xe9\n",
    b"title A\n" + K0.encode() + b"# \xed\xa0\x80\n",
    b"title A\n" + K0.encode() + b"# \xc0\xaf\n",
    b"title A\n" + K0.encode() + b"# \xf4\x90\x80\x80\n",
    b"title A\n" + K0.encode() + b"# \xf4\x8f\xbf\xbf \xef\xbf\xbe\n",
    b"title A\n" + K0.encode() + b"# \xe2\x82",
    "title A\0B\nkernel /boot/vmlinuz-0 a\0b\n",
    "title A\nkernel /boot/vmlin\0uz-0 a\n", "title A\nkernel /boot/vmlinuz-0\0",
    "#" * (1 << 20) + "\n" + two(""),
    two("") + "#" * (1 << 20) + "\ntitle C\nroot (nd)\n",
    ("#" + "x" * 1022 + "\n") * 1024 + "title Z\n" + K0,
    b"#" * ((1 << 20) - 1) + b"\xc3\xa9",
    "title A\n" + K0 + "savedefault\nboot\n",
]

GRUB_CFG = [
    "", "# x\n", "set default=0\n", entry(0), entry(0) + entry(1),
    "set default=1\n" + entry(0) + entry(1),
    "set default=\"1\"\n" + entry(0) + entry(1),
    "set default='1' x\n" + entry(0) + entry(1),
    "set default=\"1\n" + entry(0) + entry(1),
    "set default=E1\n" + entry(0) + entry(1),
    "set default='x>E1'\n" + entry(0) + entry(1),
    "set default=\"1>1\"\n" + entry(0) + entry(1),
    "set default=\"${saved_entry}\"\n" + entry(0) + entry(1),
    "set default=\"${next_entry}\"\n" + entry(0) + entry(1),
    "set default=1\nset default=\"${saved_entry}\"\n" + entry(0) + entry(1),
    "set default=saved\n" + entry(0) + entry(1),
    "set default=-1\n" + entry(0) + entry(1),
    "set default=2\n" + entry(0) + entry(1),
    "set default=7\n" + entry(0) + entry(1),
    "set default\n" + entry(0), "set\n" + entry(0), "set x=y=z\n" + entry(0),
    "set x = y\n" + entry(0), "set x =y\n" + entry(0),
    "set=default=1\n" + entry(0) + entry(1),
    "set x=\"a b\"\n" + entry(0), "set x='a=b'\n" + entry(0),
    "default=1\n" + entry(0) + entry(1), "set timeout=abc\n" + entry(0),
    "set root='hd0,msdos1'\n" + entry(0), "set root='lvm/a-b'\n" + entry(0),
    entry(0, "set root='hd0,msdos1'\n"), entry(0, "set root='hd0'\n"),
    entry(0, "set root=(hd0,1)\n"), entry(0, "set root='lvm/a-b'\n"),
    entry(0, "set root='hostdisk//dev/xvda,msdos1'\n"),
    entry(0, "set root='cryptouuid/12'\n"), entry(0, "set root=\"xen/xvda\"\n"),
    entry(0, "set root='hd0,gpt2'\n"), entry(0, "set root=$x\n"),
    entry(0, "set root\n"), entry(0, "set root=hd0,msdos1,bsd1\n"),
    entry(0, "set gfxpayload=keep\n"), entry(0, "set a=b=c\n"),
    entry(0) + entry(1, "set root='lvm/a'\n"), entry(0, "}\n"),
    entry(0, "if [ x = y ]; then insmod z; fi\n"),
    entry(0, "search --no-floppy --set=root --fs-uuid 12-34\n"),
    "menuentry 'A'{\n" + L0 + "}\n", "menuentry 'A' {\n" + L0,
    "menuentry 'A'\n{\n" + L0 + "}\n", "menuentry A {\n" + L0 + "}\n",
    "menuentry  'A' {\n" + L0 + "}\n", "menuentry\t'A' {\n" + L0 + "}\n",
    "menuentry \"A\" {\n" + L0 + "}\n", "menuentry 'A\" {\n" + L0 + "}\n",
    "menuentry 'A' { " + L0.strip() + " }\n",
    "menuentry 'A' { linux /boot/vmlinuz-0; }\n" + entry(1),
    "menuentry 'A b' 'c' {\n" + L0 + "}\n",
    "menuentry 'It's me' --class x {\n" + L0 + "}\n",
    "menuentry '' {\n" + L0 + "}\n", "menuentry 'a{b' x {\n" + L0 + "}\n",
    "menuentry 'A' --class {x\n" + L0 + "}\n", "menuentry 'A' {}\n" + entry(1),
    "menuentry 'A' {\n}\n" + entry(1),
    "menuentry 'A' {\nmenuentry 'B' {\n" + L0 + "}\n}\n",
    "submenu 'S' {\n" + entry(0) + entry(1) + "}\n",
    "set default=1\nsubmenu 'S' {\n" + entry(0) + "}\n" + entry(1),
    "set default='S>E1'\nsubmenu 'S' {\n" + entry(0) + entry(1) + "}\n",
    "submenu 'S' {\nsubmenu 'T' {\n" + entry(0) + "}\n}\n" + entry(1),
    "submenu 'S' {\n" + entry(0) + "}\n}\n", "}\n" + entry(0),
    "submenu 'S'\n{\n" + entry(0) + "}\n",
    "if [ x ]; then\n" + entry(0) + "fi\n",
    "function f {\n  set x=a=b\n}\n" + entry(0),
    "function f {\n  if x; then\n    {\n  y\n    }\n}\n" + entry(0),
    "function f { x; }\n" + entry(0), "functional\n" + entry(0) + entry(1),
    "function f {\n" + entry(0),
    "menuentry 'A' {\n\tlinux\t/boot/vmlinuz-0\tro\n}\n",
    "menuentry 'A' {\n\tlinux\t/boot/vmlinuz-0 ro entry=0 \n"
    "\tinitrd\t/boot/initrd-0\n}\n",
    "menuentry 'A' {\nlinux16 /boot/vmlinuz-0 ro\ninitrd16 /boot/initrd-0\n}\n",
    "menuentry 'A' {\nlinuxefi /boot/vmlinuz-0 ro\n}\n",
    "menuentry 'A' {\ninitrd /boot/initrd-0\n}\n",
    "menuentry 'A' {\n" + L0 + "initrd /boot/initrd-0 /boot/initrd-1\n}\n",
    "menuentry 'A' {\nlinux $p/boot/vmlinuz-0 ro\n}\n",
    "menuentry 'A' {\nlinux (hd0,msdos1)/boot/vmlinuz-0 ro\n}\n",
    "menuentry 'A' {\nlinux ($root)/boot/vmlinuz-0 ro\n}\n",
    "menuentry 'A' {\nlinux (hd0 /boot/vmlinuz-0 ro\n}\n",
    "menuentry 'A' {\nlinux '/boot/vmlinuz-0' ro\n}\n",
    "menuentry 'A' {\nlinux\n}\n", "menuentry 'A' {\nlinux=/boot/vmlinuz-0\n}",
    "menuentry 'A' {\nmultiboot /boot/xen.gz x\nmodule /boot/vmlinuz-0\n}\n",
    "menuentry 'A' {\n" + L0.replace("\n", "\r\n") + "}\r\n",
    "menuentry 'A' {\n" + L0 + "} # end\n", "menuentry 'A' {\n" + L0 + "};\n",
    "blscfg\n", "insmod blscfg\nblscfg\nset kernelopts=\"root=x ro\"\n",
    "set kernelopts=\"root=UUID=1 ro\"\n" + entry(0),
    "menuentry 'caf\u00e9' {\nlinux /boot/caf\u00e9 \u00e9\n}\n",
    b"menuentry 'caf\xe9' {\n" + L0.encode() + b"}\n",
    "menuentry 'A' {\nlinux /boot/q\"x\" ro\n}\n",
    "set default=\u0661\n" + entry(0), "set superusers=\"root\"\n" + entry(0),
    "password root x\n" + entry(0), "\u2028" + entry(0),
]

EXTLINUX = [
    "", "# x\n", "default l0\n", label(0), label(0) + label(1),
    "default l1\n" + label(0) + label(1), "DEFAULT l1\n" + label(0) + label(1),
    "default L1\n" + label(0) + label(1), "default 1\n" + label(0) + label(1),
    "default l1 x\n" + label(0) + label(1), "default=l1\n" + label(0) +
    label(1), "default\nlabel\nkernel /boot/vmlinuz-0\n" + label(1),
    label(0) + "default l1\n" + label(1), "default \"l1\"\n" + label(0) +
    label(1), "default l1\n" + label(0) + "label \"l1\"\nkernel "
    "/boot/vmlinuz-1\n", "default l1\n" + label(0) + "label l1\nkernel "
    "/boot/vmlinuz-1\n" + "label l1\nkernel /boot/vmlinuz-2\n",
    "timeout x\n" + label(0), "prompt 1\nserial 0 115200\n" + label(0),
    "LABEL l0\nKERNEL /boot/vmlinuz-0\nAPPEND initrd=/boot/initrd-0 ro\n",
    "LABEL l0\nLINUX /boot/vmlinuz-0\nAPPEND ro\n",
    "LABEL l0\nKERNEL /boot/vmlinuz-0\nINITRD /boot/initrd-0\nAPPEND ro\n",
    "LABEL l0\nAPPEND initrd=/boot/initrd-0 ro\nKERNEL /boot/vmlinuz-0\n",
    "LABEL l0\nKERNEL /boot/vmlinuz-0 ro x=y\n",
    "LABEL l0\nKERNEL /boot/vmlinuz-0 ro\nAPPEND quiet\n",
    "LABEL l0\nKERNEL \"/boot/vmlinuz-0\"\nAPPEND \"ro quiet\"\n",
    "LABEL l0\nKERNEL \"/boot/vmlinuz-0 \"\n",
    "LABEL l0\nKERNEL \" /boot/vmlinuz-0\"\n", "LABEL l0\nKERNEL \" \"\n",
    "LABEL l0\nKERNEL \"\"\n", "LABEL l0\nKERNEL \" /boot/vmlinuz-0 x\"\n",
    "LABEL l0\nKERNEL\n", "LABEL l0\nKERNEL /boot/none\n",
    "LABEL l0\nKERNEL vmlinuz\n", "LABEL l0\nKERNEL ../vmlinuz\n",
    "LABEL l0\nKERNEL /boot/vmlinuz-0\nAPPEND initrd=/boot/none ro\n",
    "LABEL l0\nKERNEL /boot/vmlinuz-0\nAPPEND initrd=/boot/initrd-0,/initrd.img"
    "\n", "LABEL l0\nKERNEL /boot/vmlinuz-0\nAPPEND initrd=\n",
    "LABEL l0\nKERNEL /boot/vmlinuz-0\nAPPEND\n",
    "LABEL l0\nKERNEL /boot/vmlinuz-0\nAPPEND -\n",
    "LABEL l0\nKERNEL /boot/vmlinuz-0\nAPPEND ro\tinitrd=/boot/initrd-0\n",
    "LABEL l0\nKERNEL /boot/vmlinuz-0\nAPPEND\tinitrd=/boot/initrd-0\tro\n",
    "LABEL l0\nKERNEL\t/boot/vmlinuz-0\nAPPEND ro INITRD=/boot/initrd-0\n",
    "LABEL l0\nKERNEL /boot/vmlinuz-0\nAPPEND initrd=/boot/initrd-1 "
    "initrd=/boot/initrd-0 x\n", "LABEL l0\nKERNEL /boot/vmlinuz-0\n"
    "APPEND a initrd=/boot/initrd-0 b initrd=/boot/initrd-0 c\n",
    "LABEL l0\nKERNEL /boot/vmlinuz-0\nAPPEND Initrd=/x initrd=/boot/initrd-0 "
    "z\n", "LABEL l0\nKERNEL /boot/vmlinuz-0\nAPPEND initrd=initrd.img ro\n",
    "LABEL l0\nKERNEL /boot/vmlinuz-0\nAPPEND initrd=initrd=/initrd.img\n",
    "LABEL l0\nKERNEL /boot/vmlinuz-0\nAPPEND noinitrd=1 initrd=/initrd.img\n",
    "LABEL l0\nKERNEL /boot/vmlinuz-0\nAPPEND initrd=/b initrd=/boot/initrd-0\n",
    "LABEL l0\nKERNEL /boot/vmlinuz-0\nAPPEND \"initrd=/initrd.img ro\"\n",
    "LABEL l0\nKERNEL /boot/vmlinuz-0\nAPPEND=ro x\n",
    "LABEL l0\nKERNEL=/boot/vmlinuz-0\nAPPEND ro\n", "LABELx\nKERNEL "
    "/boot/vmlinuz-0\n", "label=l0\nkernel /boot/vmlinuz-0\n",
    "LABEL a b\nKERNEL /boot/vmlinuz-0\n", "LABEL \"a b\"\nKERNEL /vmlinuz\n",
    "default a b\n" + label(0) + "LABEL a b\nKERNEL /boot/vmlinuz-2\n",
    "append global\nlabel l0\nkernel /boot/vmlinuz-0\n",
    "label l0\nlabel l1\nkernel /boot/vmlinuz-1\n",
    "default l1\nlabel l0\nlabel l1\nkernel /boot/vmlinuz-1\n",
    "LABEL l0\nMENU LABEL x\nKERNEL /boot/vmlinuz-0\nTEXT HELP\nLABEL no\n"
    "ENDTEXT\n", "include x.cfg\n" + label(0), "UI menu.c32\nMENU TITLE x\n" +
    label(0), "LABEL c\nCOM32 chain.c32\n", "LABEL c\nLOCALBOOT 0\n",
    "LABEL x\nKERNEL mboot.c32\nAPPEND xen.gz --- /boot/vmlinuz-0 ro --- "
    "/boot/initrd-0\n", "LABEL x\nKERNEL /boot/mboot.c32\nAPPEND xen.gz a --- "
    "/boot/vmlinuz-0 ro\n", "LABEL x\nKERNEL mboot.c32\nAPPEND "
    "/boot/vmlinuz-0 --- /boot/initrd-0\n", "LABEL x\nKERNEL mboot.c32\n"
    "APPEND a --- b --- c --- d\n", "LABEL x\nKERNEL /boot/mboot.c32\nAPPEND "
    "/boot/vmlinuz-0\n", "LABEL x\nKERNEL mboot.c32\nAPPEND a---"
    "/boot/vmlinuz-0---/boot/initrd-0\n", "LABEL x\nKERNEL mboot.c32\nAPPEND "
    "a ------ /boot/initrd-0\n", "LABEL x\nKERNEL mboot.c32\nAPPEND a ---\n",
    "LABEL x\nKERNEL mboot.c32 y\nAPPEND a --- /boot/vmlinuz-0 --- "
    "/boot/initrd-0\nAPPEND z\n",
    "label l0\r\nkernel /boot/vmlinuz-0\r\nappend initrd=/boot/initrd-0 ro\r\n",
    b"# \xe9\n" + label(0).encode(), b"label \xe9\nkernel /boot/vmlinuz-0\n",
    "label \u00e9\nkernel /boot/caf\u00e9\nappend initrd=/boot/initrd-0 \u00e9\n",
    "label l0\n\u212aernel /boot/vmlinuz-0\n",
    "label l0\n\u212aERNEL /boot/vmlinuz-0\nAPPEND x\n",
    "  label  l0 \n\tkernel  /boot/vmlinuz-0 \n\tappend  a   b  \n",
    "label l0\nkernel /boot/vmlinuz-0\nappend a\nappend b\n",
    "label l0\nkernel /boot/vmlinuz-1\nappend a\nkernel /boot/vmlinuz-0\n",
    "label l0\nkernel /boot/vmlinuz-0\nappend a # b\n#append c\n",
    "label l0\nkernel /boot/vmlinuz-0\nappend \"a\n",
    "label l0\nkernel /boot/vmlinuz-0\nappend \"\n",
    "label l0\nkernel /boot/vmlinuz-0\nappend \"\"\n",
    "label l0\nkernel /boot/vmlinuz-0\nappend \"a\" \"b\"\n",
]


def several():
    """Which of several files is read."""
    good = {CFG: entry(0), EXT: label(1), LST: two("")}
    paths = ["/boot/grub/grub.cfg", "/grub/grub.cfg", "/boot/grub2/grub.cfg",
             "/grub2/grub.cfg", "/boot/isolinux/isolinux.cfg",
             "/boot/extlinux/extlinux.conf", "/boot/extlinux.conf",
             "/extlinux/extlinux.conf", "/extlinux.conf",
             "/boot/grub/menu.lst", "/boot/grub/grub.conf", "/grub/menu.lst",
             "/grub/grub.conf"]
    kinds = [CFG] * 4 + [EXT] * 5 + [LST] * 4
    for first in range(len(paths)):
        yield {p: good[k].replace("vmlinuz-%d" % (0 if k != EXT else 1),
                                  "vmlinuz-%d" % (i % 8))
               for i, (p, k) in enumerate(zip(paths, kinds)) if i >= first}
    yield {}
    yield {"/boot/syslinux/syslinux.cfg": label(0)}
    yield {"/etc/grub.conf": two(""), "/syslinux.cfg": label(0)}
    yield {CFG: "", LST: two("")}
    yield {CFG: "}\n", EXT: label(0), LST: two("")}
    yield {EXT: "", LST: two("")}


# ---- random mixtures -------------------------------------------------------

DISKS = ["(hd0)", "(hd0,0)", "(hd0,0)", "(hd0,0)", "(hd1,2)", "(/dev/xvda,0)",
         "(nd)", "hd0,0", "(hd0,msdos1)"]
WORDS = ["ro", "quiet", "root=/dev/xvda", "root=UUID=12-34", "console=hvc0",
         "console=tty0", "single", "a=\"b c\"", "x='y z'", "caf\u00e9", "\t",
         "  ", "initrd=/initrd.img", "--- /x", "${v}", "#c"]


def args(r, n):
    return " ".join(["entry=%d" % n] + r.sample(WORDS, r.randrange(4)))


def gap(r):
    return r.choice([" ", " ", " ", " ", "  ", "\t", "="])


def kernel(r, n):
    return r.choice([KERNELS[n]] * 9 + ["(hd0,0)" + KERNELS[n], "/boot/none"])


def initrd(r, n):
    return r.choice([INITRDS[n]] * 9 + ["(hd0,0)" + INITRDS[n], "/boot/none",
                                        INITRDS[n] + " /initrd.img"])


def default(r, n):
    return r.choice([str(r.randrange(n + 2)), str(r.randrange(n + 1)),
                     str(r.randrange(n + 1)), "saved", "-1", "E1", "x>E1",
                     "${saved_entry}", "", "1>0", "l%d" % r.randrange(n + 1)])


def random_lst(r):
    n = r.randrange(1, 5)
    out = [r.choice(["# menu.lst", "", "timeout 5", "hiddenmenu",
                     "color cyan/blue", "splashimage=(hd0,0)/s.gz"])
           for _ in range(r.randrange(4))]
    if r.random() < 0.7:
        out.append("default%s%s" % (gap(r), default(r, n)))
    for i in range(n):
        out.append(r.choice(["title E%d", "title E%d", "title=E%d",
                             "title\tE%d  "]) % i)
        body = ["kernel%s%s%s%s" % (gap(r), kernel(r, i),
                                    r.choice([" "] * 6 + ["\t"]), args(r, i))]
        if r.random() < 0.7:
            body.insert(0, "root%s%s" % (gap(r), r.choice(DISKS)
                                         if r.random() < 0.4 else "(hd0,0)"))
        if r.random() < 0.7:
            body.append("initrd%s%s" % (gap(r), initrd(r, i)))
        if r.random() < 0.3:
            body.insert(r.randrange(len(body) + 1),
                        r.choice(["savedefault", "boot", "module /x", "# kopt",
                                  "unknown a b", "lock", "quiet", ""]))
        out += [r.choice(["", "", "\t", "  "]) + b for b in body]
    return lst(finish(r, out))


def random_cfg(r):
    n = r.randrange(1, 5)
    out = [r.choice(["# grub.cfg", "", "set timeout=5", "insmod ext2",
                     "if [ x = \"${y}\" ]; then", "fi", "load_env",
                     "terminal_output console", "set locale_dir=$prefix/l",
                     "search --no-floppy --fs-uuid --set=root 12-34",
                     "set root='hd0,msdos1'", "export x"])
           for _ in range(r.randrange(7))]
    if r.random() < 0.3:
        out += ["function load_video {", "  insmod all_video", "}"]
    if r.random() < 0.8:
        q = r.choice(["\"", "'", ""])
        out.append("set default=%s%s%s" % (q, default(r, n), q))
    depth = 0
    for i in range(n):
        if r.random() < 0.2:
            out.append("submenu 'S%d' --class x {" % i)
            depth += 1
        out.append(r.choice(["menuentry 'E%d' {", "menuentry \"E%d\" {",
                             "menuentry 'E%d' --class a --class b {",
                             "menuentry 'E%d' $menuentry_id_option 'i-%d' {",
                             "menuentry 'E%d'  {", "menuentry 'E%d'{"]
                            [:5 if r.random() < 0.95 else 6])
                   .replace("%d", str(i)))
        body = [r.choice(["linux", "linux", "linux", "linux16"]) +
                r.choice([" ", "\t"]) + kernel(r, i) +
                r.choice([" "] * 8 + ["\t"]) + args(r, i)]
        if r.random() < 0.6:
            body.insert(0, "set root=" + r.choice(["'hd0,msdos1'", "'hd0'",
                                                   "(hd0,1)", "'lvm/a'",
                                                   "\"hd0,gpt1\""]
                                                  [:3 if r.random() < 0.8
                                                   else 5]))
        if r.random() < 0.7:
            body.append(r.choice(["initrd ", "initrd\t"]) + initrd(r, i))
        if r.random() < 0.4:
            body.insert(r.randrange(len(body) + 1),
                        r.choice(["echo 'Loading'", "insmod gzio", "load_video",
                                  "set gfxpayload=keep", "savedefault",
                                  "if [ x ]; then insmod y; fi", "# c",
                                  "recordfail", "set a b"]))
        out += ["\t" + b for b in body] + ["}"]
        if depth and r.random() < 0.5:
            out.append("}")
            depth -= 1
    out += ["}"] * depth
    if r.random() < 0.05:
        out.append("}")
    return cfg(finish(r, out))


def random_ext(r):
    n = r.randrange(1, 5)
    up = str.upper if r.random() < 0.5 else str
    out = [r.choice(["# extlinux.conf", "", "timeout 50", "prompt 1",
                     "serial 0 115200", "ui menu.c32", "menu title x",
                     "display boot.txt", "include a.cfg"])
           for _ in range(r.randrange(4))]
    if r.random() < 0.8:
        out.append(up("default") + r.choice([" ", "\t", "="]) + default(r, n))
    for i in range(n):
        out.append(up("label") + r.choice([" ", "  ", "\t"]) + "l%d" % i)
        line = args(r, i)
        if r.random() < 0.7:
            line = r.choice(["initrd=%s %s", "initrd=%s %s", "%s initrd=%s"]) \
                % (initrd(r, i), line) if r.random() < 0.8 else \
                line + " initrd=" + initrd(r, i)
        if r.random() < 0.1:
            line = "\"" + line + "\""
        body = [up("kernel") + r.choice([" ", "\t"]) + kernel(r, i),
                up("append") + r.choice([" ", "\t"]) + line]
        if r.random() < 0.15:
            body.reverse()
        if r.random() < 0.1:
            body[0] = "linux" + body[0][6:]
        if r.random() < 0.4:
            body.insert(r.randrange(3),
                        r.choice(["menu label E%d" % i, "initrd /initrd.img",
                                  "say x", "# c", "ipappend 2", ""]))
        out += [r.choice(["", "  ", "\t"]) + b for b in body]
    return ext(finish(r, out))


def finish(r, lines):
    end = "\r\n" if r.random() < 0.15 else "\n"
    text = end.join(lines) + (end if r.random() < 0.9 else "")
    data = text.encode()
    if r.random() < 0.06:
        at = r.randrange(len(data) + 1)
        data = data[:at] + r.choice([b"\xe9", b"\xff", b"\xc3", b"\x00",
                                     b"\xc2\xa0", b"\x0b"]) + data[at:]
    return data


def cases(random_nr):
    for i, t in enumerate(MENU_LST):
        yield "menu.lst %d" % i, lst(t)
    for i, t in enumerate(GRUB_CFG):
        yield "grub.cfg %d" % i, cfg(t)
    for i, t in enumerate(EXTLINUX):
        yield "extlinux.conf %d" % i, ext(t)
    for i, files in enumerate(several()):
        yield "several %d" % i, files
    for i in range(random_nr):
        r = random.Random(i)
        make = (random_lst, random_cfg, random_ext)[i % 3]
        yield "random %d" % i, make(r)
