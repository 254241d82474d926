#!/usr/bin/env bash
# The agent with this mode and its pods, on the real kernel. `npm run play` gives it namespaces of its own, as an ordinary
# user too; whatever it makes is gone with them.
set -euo pipefail
shopt -s expand_aliases
for folder in /run /var/lib; do mount -t tmpfs tmpfs $folder; done
mkdir /run/netns
ip link set lo up

# #region commands
alias hawser="${AGENT:-hawser --config hawser.toml}"

start() { # the agent, until it is ready
  hawser run 2>>/run/agent.log & agent=$!
  for _ in {1..100}; do hawser cni install --bin-dir /run/bin --conf-dir /run/net.d &>/dev/null && return; sleep 0.1; done
  cat /run/agent.log && exit 1
}
cni() { # what a container runtime does: cni ADD POD
  CNI_COMMAND=$1 CNI_CONTAINERID=$2 CNI_NETNS=/run/netns/$2 CNI_IFNAME=eth0 CNI_PATH=/run/bin /run/bin/hawser-cni <network.json
}

start
for pod in a b c; do ip netns add $pod; done
cni ADD a >/run/a.json
cni ADD b >/run/b.json
hawser attachments ls
ip netns exec a ping -q -c 1 -W 2 10.77.0.3

kill -9 $agent
ip netns exec a ping -q -c 1 -W 2 fd00:77::3 # pods don't notice
cni ADD c || echo # a runtime tries again later
cni DEL b         # and this is done before the next agent serves
start
cni ADD c >/run/c.json
hawser attachments ls
hawser claims ls
kill $agent
wait $agent
# #endregion commands
