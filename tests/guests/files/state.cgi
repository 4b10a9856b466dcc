#!/bin/sh
printf 'Content-Type: text/plain\r\n\r\n'
echo "cmdline: $(cat /proc/cmdline)"
echo "root: $(awk '$2 == "/" { print $1, $3 }' /proc/mounts | tail -n 1)"
busybox ip -4 -o addr | awk '{ print "address:", $2, $4 }'
echo end
