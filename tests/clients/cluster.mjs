// SPDX-License-Identifier: BSL-1.0
// A group of real servers on loopback ports, and one address for clients that leads to the server that it is told.

import { spawn } from 'node:child_process';
import net from 'node:net';

const host = '127.0.0.1';

export const sleep = milliseconds => new Promise(done => { setTimeout(done, milliseconds); });

/// Waits until `condition()` is true, or fails and names `what`.
export async function until(what, condition, milliseconds = 20000) {
    for (const end = Date.now() + milliseconds; !await condition();) {
        if (Date.now() > end) throw new Error(`in vain: ${what}`);
        await sleep(10);
    }
}

function freePort() {
    return new Promise((found, failed) => {
        const server = net.createServer().on('error', failed);
        server.listen(0, host, () => {
            const { port } = server.address();
            server.close(() => found(port));
        });
    });
}

/// What the application calls, as a name or a virtual address would be: whoever connects is led to `port`.
class Switch {
    port = 0;
    open() {
        this.server = net.createServer(client => {
            const server = net.connect(this.port, host);
            for (const [from, to] of [[client, server], [server, client]]) {
                from.setNoDelay().on('error', () => {}).on('close', () => to.destroy());
                from.pipe(to);
            }
        });
        return new Promise(done => { this.server.listen(0, host, () => done(this.server.address().port)); });
    }
    close() { this.server.close(); }
}

export class Cluster {
    #processes = new Map();
    #switch = new Switch();
    #ports = new Map();
    leader = 1;

    constructor(program, policy, password) {
        this.program = program;
        this.policy = policy;
        this.password = password;
    }

    /// Three nodes, of which the first one leads when all of them count.
    async start() {
        this.port = await this.#switch.open();
        for (const node of [1, 2, 3]) this.#ports.set(node, { client: await freePort(), peer: await freePort() });
        await this.startNode(1, '--bootstrap');
        for (const node of [2, 3]) await this.startNode(node);
        await until('the followers count', () => this.counts(2, 3));
        this.lead(1);
    }

    async startNode(node, ...more) {
        const peers = [...this.#ports].filter(([other]) => other !== node);
        const child = spawn(this.program, [
            '--node', node, '--listen', this.#ports.get(node).peer, '--client-port', this.#ports.get(node).client,
            '--ack', this.policy, '--log', 'memory', '--requirepass', this.password,
            ...peers.flatMap(([other, { peer }]) => ['--peer', `${other}=${peer}`]), ...more,
        ], { stdio: ['ignore', 'pipe', 'inherit'] });
        child.ended = new Promise(done => { child.on('exit', (code, signal) => done(signal ?? code)); });
        this.#processes.set(node, child);
        const ready = new Promise(done => {
            child.stdout.on('data', text => { if (String(text).includes('ready')) done(true); });
        });
        if (await Promise.race([ready, child.ended]) !== true) throw new Error(`node ${node} did not start`);
    }

    /// From now on clients are led to this node; those that were led to another one lose their connections.
    lead(node) {
        this.leader = node;
        this.#switch.port = this.#ports.get(node).client;
    }

    /// Sends a signal, and waits for the end: the name of the signal, or an exit status.
    end(node, signal) {
        const child = this.#processes.get(node);
        this.#processes.delete(node);
        child.kill(signal);
        return child.ended;
    }
    stop() {
        this.#switch.close();
        return Promise.all([...this.#processes.keys()].map(node => this.end(node, 'SIGKILL')));
    }

    get nodes() { return [...this.#processes.keys()]; }

    /// One request over a connection of its own: the bytes of the reply, or what became of the connection.
    ask(node, request) {
        return new Promise(done => {
            let text = '';
            const socket = net.connect(this.#ports.get(node).client, host);
            socket.on('data', bytes => { text += bytes; });
            socket.on('error', error => { text += `-${error.code}\r\n+OK\r\n`; });
            socket.on('close', () => done(text.slice(text.indexOf('\n') + 1, -'+OK\r\n'.length)));
            socket.write(`AUTH ${this.password}\r\n${request}\r\nQUIT\r\n`);
        });
    }
    async counts(...followers) {
        const info = await this.ask(this.leader, 'INFO replication');
        return followers.every(node => new RegExp(`replicator_peer${node}:connected=yes,.*counts=yes`).test(info));
    }
    async isLeader(node) { return /replicator_confirmed:yes/.test(await this.ask(node, 'INFO replication')); }

    /// As an operator does it: the first node that can lead does. Returns which.
    async promote() {
        let reply = '';
        for (let tries = 0; tries < 100; ++tries) {
            for (const node of this.nodes) {
                reply = await this.ask(node, 'REPLICAOF NO ONE');
                if (reply.startsWith('+OK')) return this.lead(node), node;
            }
        }
        throw new Error(`nobody could be promoted: ${reply}`);
    }
    /// The node that leads without having been told to by an operator.
    async successor() {
        let found = 0;
        await until('somebody leads', async () => {
            for (const node of this.nodes) if (await this.isLeader(node)) found = node;
            return found !== 0;
        });
        return this.lead(found), found;
    }
}
