#!/bin/sh
# Scenarios pair and pair_nic: the card eth0 on the wire to the other guest, rxe0 on it. Done only when the other guest
# answers.
modprobe -a virtio_net crc32_generic rdma_rxe ib_uverbs rdma_ucm
ip link set eth0 up
ip address add "$XOVER_OWN_ADDRESS/24" dev eth0
rdma link add rxe0 type rxe netdev eth0
for _ in $(seq 120); do
  busybox ping -c 1 -W 1 "$XOVER_PEER_ADDRESS" && exit 0
done
echo "$XOVER_PEER_ADDRESS does not answer"
exit 1
