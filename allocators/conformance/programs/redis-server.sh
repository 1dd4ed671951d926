# redis-server: strings, lists, hashes and sorted sets over loopback, deleted, expired and saved.
port=$((20000 + $$ % 20000))
redis-server --bind 127.0.0.1 --port "$port" --save '' --appendonly no --dbfilename work.rdb >log 2>&1 &
trap 'kill %1 2>/dev/null || true' EXIT
tries=0
until redis-cli -p "$port" ping >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ "$tries" -lt 100 ] || { tail -n 1 log; exit 1; }
    sleep 0.1
done
awk 'BEGIN {
    for (i = 0; i < 20000; ++i) {
        value = sprintf("%0" (i % 300 + 1) "d", i)
        print "SET string:" i, value
        print "RPUSH list:" i % 100, value
        print "HSET hash:" i % 50, "field" i, value
        print "ZADD set:" i % 20, (i * 7919) % 1000, "member" i
        if (i % 3 == 0) print "DEL string:" i / 3
        if (i % 5 == 0) print "APPEND string:" i, value value
    }
}' >commands
redis-cli -p "$port" --pipe <commands | tail -n 1
redis-cli -p "$port" <<'EOF'
DBSIZE
GETRANGE string:19999 0 50
LLEN list:7
LRANGE list:7 0 3
HGET hash:3 field53
ZRANGE set:4 0 9 WITHSCORES
EVAL "local n = 0 for i = 1, 1000 do n = n + redis.call('STRLEN', 'string:' .. i * 19) end return n" 0
SAVE
FLUSHALL
DBSIZE
EOF
test -s work.rdb
redis-cli -p "$port" shutdown nosave
wait %1
