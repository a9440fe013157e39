#!/bin/sh
# Scenario rxe: a soft-RoCE device over a virtio card. crc32_generic is not asked for by rdma_rxe, but needed by it.
modprobe -a virtio_net crc32_generic rdma_rxe ib_uverbs rdma_ucm
ip link set eth0 up
ip address add "$XOVER_OWN_ADDRESS/24" dev eth0
rdma link add rxe0 type rxe netdev eth0
