// SPDX-License-Identifier: BSL-1.0
// Real clients against real servers: log-in, pipelines, a takeover after kill -9, and a stop by SIGTERM.
//
//     node main.mjs KV_SERVER
//
// In the end every write that a client was told to be acknowledged must be there, and none that was refused.

import { strict as assert } from 'node:assert';

import { Cluster, until } from './cluster.mjs';
import { groups } from './drivers.mjs';
import { Writes } from './writes.mjs';

const program = process.argv[2];
const password = 'open-sesame';

async function logIn(driver, port) {
    const refused = (message, how) => assert.rejects(driver.open({ port, stays: false, ...how }), { message });
    await refused(/NOAUTH/, {});
    await refused(/WRONGPASS/, { password: 'wrong' });
    await refused(/WRONGPASS/, { username: 'other', password });
    for (const username of [undefined, 'default']) {
        const client = await driver.open({ port, username, password, name: 'tester' });
        const line = String(await driver.call(client, 'CLIENT', 'INFO'));
        const found = line.match(/ name=tester .* user=default resp=[23] lib-name=(\S*) lib-ver=(\S*)/);
        assert.match(found?.[1] ?? 'none', driver.library, `${driver.name} in ${line}`);
        assert.equal(await driver.call(client, 'CLIENT', 'GETNAME'), 'tester');
        driver.close(client);
    }
}

/// The answers of a long pipeline come in its order, the errors among them, and what is too large does no harm.
async function pipelines(driver, client, tag) {
    const commands = [];
    const expected = [];
    for (let i = 0; i < 3000; ++i) {
        const key = `${tag}:pipeline:${i}`;
        commands.push(['SET', key, `${i}`], ['GET', key], ['INCRBY', key, '7'], ['ECHO', `word ${i}`], ['NOSUCH', key]);
        expected.push('OK', `${i}`, i + 7, `word ${i}`, /unknown command/);
    }
    commands.push(['DEL', ...Array.from({ length: 50000 }, (_, i) => `none${i}`)], ['PING']);
    expected.push(/a request may have at most/, 'PONG');
    const replies = await driver.pipeline(client, commands);
    replies.forEach((reply, i) => {
        if (expected[i] instanceof RegExp) assert.match(reply.message, expected[i]);
        else assert.equal(reply, expected[i], `${driver.name}: ${commands[i].slice(0, 3)}`);
    });
}

/// One way in which a leader goes, under load; clients find the next one at the same address.
async function leaderGoes(cluster, load, signal) {
    const leader = cluster.leader;
    await Promise.all(load.map(writes => writes.more(500, until)));
    const ended = await cluster.end(leader, signal);
    if (signal === 'SIGTERM') assert.equal(ended, 0, 'exit status after SIGTERM');
    const next = signal === 'SIGTERM' ? await cluster.successor() : await cluster.promote();
    await Promise.all(load.map(writes => writes.more(500, until)));
    await cluster.startNode(leader);
    await until(`node ${leader} counts again`, () => cluster.counts(leader));
    return `${signal}: node ${leader} went, node ${next} leads`;
}

async function run(drivers) {
    const cluster = new Cluster(program, drivers[0].policy, password);
    const clients = [];
    const open = async driver => {
        const client = await driver.open({ port: cluster.port, password });
        clients.push([driver, client]);
        return client;
    };
    try {
        await cluster.start();
        for (const driver of drivers) await logIn(driver, cluster.port);
        const load = [];
        for (const driver of drivers) {
            const client = await open(driver);
            await pipelines(driver, client, driver.name);
            load.push(new Writes(driver, client, driver.name));
        }
        for (const writes of load) writes.start();
        const went = [];
        for (const signal of ['SIGKILL', 'SIGTERM', 'SIGKILL']) went.push(await leaderGoes(cluster, load, signal));
        await Promise.all(load.map(writes => writes.stop()));
        for (const writes of load) await writes.check(await open(writes.driver));
        return [`--ack ${cluster.policy}: ${went.join('; ')}`, ...load.map(String)].join('\n');
    } finally {
        for (const [driver, client] of clients) driver.close(client);
        await cluster.stop();
    }
}

/// A client that never answers must not let the test end as if all were well.
setTimeout(() => {
    console.error('FAILED: the clients do not come to an end');
    process.exit(1);
}, 120000).unref();

const results = await Promise.allSettled(groups.map(run));
for (const { value, reason } of results) console.log(value ?? `FAILED: ${reason.stack}`);
process.exit(results.every(({ status }) => status === 'fulfilled') ? 0 : 1);
