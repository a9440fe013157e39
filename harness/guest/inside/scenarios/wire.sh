#!/bin/sh
# Scenario wire: the cards eth0 and eth1, left as the driver makes them.
modprobe e1000e
test -d /sys/class/net/eth1
