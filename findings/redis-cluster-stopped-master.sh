#!/usr/bin/env bash
# A master of a Redis Cluster that stood still while its replica was promoted still takes itself for
# the master when it goes on, for a moment: it answers the SPUBLISH that was waiting in its socket with
# success, and passes the message on over the cluster's bus to the new master, which delivers it to its
# subscribers, behind messages that were published at the new master meanwhile. So order within a sharded channel,
# of one publisher that waits for nothing, does not survive such a failover, though each command went
# to the server that was the master at that time. Seen with Redis 7.0.15.
#
# Fails if that is no longer so. Needs redis-server and redis-cli, 7.0 or later, and the ports 17400 to 17405.
set -euo pipefail

folder=$(mktemp -d)
ports=(17400 17401 17402 17403 17404 17405)
declare -A servers

end() {
  kill -KILL "${servers[@]}" ${subscriber:-} 2> /dev/null || true
  wait 2> /dev/null || true
  rm -rf "$folder"
}
trap end EXIT

for port in "${ports[@]}"; do
  mkdir "$folder/$port"
  redis-server --port "$port" --bind 127.0.0.1 --dir "$folder/$port" --save '' \
    --cluster-enabled yes --cluster-node-timeout 2000 > "$folder/$port/log" &
  servers[$port]=$!
done
sleep 1
redis-cli --cluster create "${ports[@]/#/127.0.0.1:}" --cluster-replicas 1 --cluster-yes \
  > "$folder/create"
sleep 3

# Who has the slot of the channel, and who is its replica?
slot=$(redis-cli -p 17400 cluster keyslot news)
nodes=$(redis-cli -p 17400 cluster nodes)
read -r id old < <(awk -v slot="$slot" '$3 ~ /master/ {
  for (i = 9; i <= NF; i++) {
    split($i, range, "-")
    if (range[1] + 0 <= slot && slot <= range[2] + 0) { split($2, at, /[:@]/); print $1, at[2] }
  }
}' <<< "$nodes")
new=$(awk -v id="$id" '$4 == id { split($2, at, /[:@]/); print at[2] }' <<< "$nodes")
echo "the channel is at $old, with the replica $new"

kill -STOP "${servers[$old]}"
# The kernel takes it for the server.
redis-cli -p "$old" spublish news 'published first' > "$folder/answer" &
publisher=$!

for ((i = 0; i < 60; i++)); do
  redis-cli -p "$new" role | head -1 | grep -q master && break
  sleep 0.5
done
sleep 3
redis-cli -p "$new" ssubscribe news > "$folder/heard" &
subscriber=$!
sleep 1
redis-cli -p "$new" spublish news 'published second' > /dev/null
kill -CONT "${servers[$old]}"
wait "$publisher"
sleep 2

echo "$old has answered: $(cat "$folder/answer")"
seen=$(grep published "$folder/heard" | paste -sd, -)
echo "heard at $new: $seen"
[[ $seen == 'published second,published first' ]] || {
  echo 'the first message is not delivered behind the second now' >&2
  exit 1
}
echo 'as described'
