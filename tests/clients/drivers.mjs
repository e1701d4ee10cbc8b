// SPDX-License-Identifier: BSL-1.0
// The clients under test behind one face: what every application does with them, in their own ways.

import Redis from 'ioredis';
import Valkey from 'iovalkey';
import { createClient } from 'redis';

const retryMilliseconds = 50;
const host = '127.0.0.1';

/// ioredis, and iovalkey, which began as a copy of it.
class Io {
    /// `library`: what it tells the server that it is.
    /// `resends`: by default these send again, over the next connection, what was not answered on the one before.
    constructor(name, Client, resends, library) {
        this.name = name + (resends ? '' : ' without resending');
        this.library = library;
        this.policy = name === 'ioredis' ? 'semi-sync' : 'quorum';
        this.resends = resends;
        this.Client = Client;
    }
    async open({ port, password, username, name, stays = true }) {
        const client = new this.Client({
            host, port, password, username, connectionName: name, lazyConnect: true,
            autoResendUnfulfilledCommands: this.resends,
            retryStrategy: stays ? () => retryMilliseconds : () => null,
            // Without this number, what is not sent again would never end: its promise is forgotten.
            maxRetriesPerRequest: stays && this.resends ? null : 0,
        });
        let why;
        client.on('error', error => { why ??= error; });
        try {
            await client.connect();
            await client.ping();
        } catch (error) {
            client.disconnect();
            throw why ?? error;
        }
        return client;
    }
    close(client) { client.disconnect(); }
    set(client, key, value) { return client.set(key, value); }
    get(client, key) { return client.get(key); }
    incr(client, key) { return client.incr(key); }
    call(client, ...words) { return client.call(...words); }
    /// All at once, in one pipeline: a reply, or an Error, for each.
    async pipeline(client, commands) {
        const pipeline = client.pipeline();
        for (const words of commands) pipeline.call(...words);
        return (await pipeline.exec()).map(([error, reply]) => error ?? reply);
    }
}

class NodeRedis {
    constructor(protocol) {
        this.name = `redis, protocol ${protocol}`;
        this.library = /node-redis/;
        this.policy = 'majority';
        this.resends = false;
        this.protocol = protocol;
    }
    async open({ port, password, username, name, stays = true }) {
        const client = createClient({
            socket: { host, port, reconnectStrategy: stays ? () => retryMilliseconds : false },
            password, username, name, RESP: this.protocol,
        });
        client.on('error', () => {});
        try {
            await client.connect();
            await client.ping();
        } catch (error) {
            if (client.isOpen) client.destroy();
            throw error;
        }
        return client;
    }
    close(client) { client.destroy(); }
    set(client, key, value) { return client.set(key, value); }
    get(client, key) { return client.get(key); }
    incr(client, key) { return client.incr(key); }
    call(client, ...words) { return client.sendCommand(words); }
    /// What is asked for in one turn of the loop goes out in one piece.
    pipeline(client, commands) {
        return Promise.all(commands.map(words => client.sendCommand(words).catch(error => error)));
    }
}

/// Groups of drivers: those of one group share a cluster of their own.
export const groups = [
    [new Io('ioredis', Redis, true, /ioredis/), new Io('ioredis', Redis, false, /ioredis/)],
    [new Io('iovalkey', Valkey, true, /^$/), new Io('iovalkey', Valkey, false, /^$/)],
    [new NodeRedis(2), new NodeRedis(3)],
];
