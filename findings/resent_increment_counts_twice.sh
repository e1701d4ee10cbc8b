#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# Two clients of Redis silently send INCR again after a lost connection: it is done twice, and acknowledged once.
#
#     bash findings/resent_increment_counts_twice.sh
#
# What one would guess: a command whose connection breaks before the answer ends with an error, because nobody knows
# whether it was done. node-redis 5.12.1 does that. Retries, one would think, are for commands that were never sent, or
# for those that may be done twice, such as GET and SET.
#
# What happens: with their defaults, ioredis 5.11.1 and iovalkey 0.4.0 keep every command that was sent and not
# answered, whatever it is, and send it again when they are connected again. The server did the first one; only its
# answer was lost. The caller asked for one increment, is told 2, and sees no error. With a server that fails over, each
# takeover does so to all increments that were on the way.
#
# What to do: `autoResendUnfulfilledCommands: false` together with `maxRetriesPerRequest: 0`; or writes that may be done
# twice. examples/README.md says so, and tests/clients counts what was done twice.
#
# Exit status 0: it is still so. Needs apt-get, dpkg, node (from 18 on) and npm. Uses 127.0.0.1 alone.
set -euo pipefail

folder=$(mktemp -d "${TMPDIR:-/tmp}/finding.XXXXXX")
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
apt-get download redis-tools=5:7.0.15-1~deb12u10 >apt.log 2>&1 || {
    cat apt.log
    exit 77
}
dpkg -x redis-tools_*.deb root
npm install --silent --no-audit --no-fund ioredis@5.11.1 iovalkey@0.4.0 redis@5.12.1 >npm.log 2>&1 || {
    cat npm.log
    exit 77
}
ln -s "$PWD/root/usr/bin/redis-check-rdb" redis-server

cat >client.mjs <<'JS'
import net from 'node:net';
import { once } from 'node:events';
import { Redis } from 'ioredis';
import { Redis as Valkey } from 'iovalkey';
import { createClient } from 'redis';

const serverPort = Number(process.argv[2]);

// Passes everything on, but for the answer to the first INCR: it ends the connection in its place.
async function proxy() {
    let spoils = true;
    const listener = net.createServer(client => {
        const server = net.connect(serverPort, '127.0.0.1');
        let counts = false;
        client.on('data', bytes => {
            counts = counts || /incr/i.test(bytes.toString());
            server.write(bytes);
        });
        server.on('data', bytes => {
            if (!counts || !spoils) return client.write(bytes);
            spoils = false;
            client.destroy();
            server.destroy();
        });
        client.on('error', () => {}).on('close', () => server.destroy());
        server.on('error', () => {}).on('close', () => client.destroy());
    });
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    return listener;
}

const drivers = {
    ioredis: port => new Redis(port, '127.0.0.1'),
    iovalkey: port => new Valkey(port, '127.0.0.1'),
    'node-redis': port => createClient({ socket: { port, host: '127.0.0.1' } }).connect(),
};
for (const [name, connect] of Object.entries(drivers)) {
    const listener = await proxy();
    const client = await connect(listener.address().port);
    client.on('error', () => {});
    await client.ping();
    const told = await client.incr(name).then(value => `told ${value}`, () => 'told an error');
    console.log(`${name}: asked once, ${told}, the server has ${await client.get(name)}`);
    client.disconnect?.();
    listener.close();
}
process.exit(0);
JS

port=$(node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
./redis-server --port "$port" --bind 127.0.0.1 --save '' --appendonly no --daemonize no >server.log 2>&1 &
server=$!
for ((tries = 0; tries < 100; tries++)); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
    sleep 0.05
done
timeout 60 node client.mjs "$port" | tee told.txt
diff - told.txt <<'TOLD'
ioredis: asked once, told 2, the server has 2
iovalkey: asked once, told 2, the server has 2
node-redis: asked once, told an error, the server has 1
TOLD
echo "it is still so"
