// SPDX-License-Identifier: BSL-1.0
// Writes of one client under load, what it was told of each, and whether that is so in the end.

import { strict as assert } from 'node:assert';

import { sleep } from './cluster.mjs';

/// These words promise that a write never entered the log.
const refusals = /^(READONLY|NOREPLICAS|TRYAGAIN|LOADING|OOM|NOAUTH)\b|the write was refused/;

export class Writes {
    acknowledged = new Map();  // key to value
    refused = new Set();
    unknown = new Set();
    twice = 0;
    wrong = [];
    #going = false;
    #running = [];
    #count = 0;

    constructor(driver, client, tag) {
        this.driver = driver;
        this.client = client;
        this.tag = tag;
    }

    start(clients = 32) {
        this.#going = true;
        for (let i = 0; i < clients; ++i) this.#running.push(this.#run());
    }
    /// A write that is never answered would never let it end.
    async stop() {
        this.#going = false;
        await Promise.all(this.#running.splice(0));
    }
    /// Writes that were acknowledged from now on.
    async more(count, until) {
        const aim = this.acknowledged.size + count;
        await until(`${this.driver.name}: ${count} more acknowledged writes`, () => this.acknowledged.size >= aim);
    }

    async #run() {
        while (this.#going) {
            const number = ++this.#count;
            await (number % 2 === 0 ? this.#set(number) : this.#add(number));
        }
    }
    #set(number) {
        const key = `${this.tag}:set:${number}`;
        const value = `value ${number}`;
        return this.#note(key, value, this.driver.set(this.client, key, value), async reply => {
            if (reply !== 'OK') this.wrong.push(`SET ${key} was answered with ${reply}`);
            const read = await this.driver.get(this.client, key).catch(() => value);
            if (read !== value) this.wrong.push(`${key} was acknowledged as "${value}" and then read as "${read}"`);
        });
    }
    /// Each of its own key, so every other answer than 1 belongs to another request, or to one that was sent twice.
    #add(number) {
        const key = `${this.tag}:add:${number}`;
        return this.#note(key, '1', this.driver.incr(this.client, key), reply => {
            if (this.driver.resends && reply === 2) {
                ++this.twice;
                this.acknowledged.set(key, '2');
            } else if (reply !== 1) {
                this.wrong.push(`INCR ${key} was answered with ${reply}`);
            }
        });
    }
    async #note(key, value, written, check) {
        try {
            const reply = await written;
            this.acknowledged.set(key, value);
            await check(reply);
        } catch (error) {
            (refusals.test(error.message) ? this.refused : this.unknown).add(key);
            await sleep(5);
        }
    }

    /// Reads everything over a fresh connection.
    async check(client) {
        assert.deepEqual(this.wrong, []);
        const lost = [];
        for (const [key, value, read] of await this.#read(client, [...this.acknowledged])) {
            if (read !== value) lost.push(`${key} is "${read}", and was acknowledged as "${value}"`);
        }
        assert.deepEqual(lost, [], 'acknowledged writes are lost');
        // What was sent again may have been taken the first time.
        if (this.driver.resends) return;
        const there = [];
        for (const [key, , read] of await this.#read(client, [...this.refused].map(name => [name]))) {
            if (read !== null) there.push(key);
        }
        assert.deepEqual(there, [], 'refused writes are there');
    }
    async #read(client, entries) {
        const read = [];
        for (let i = 0; i < entries.length; i += 500) {
            const some = entries.slice(i, i + 500);
            const replies = await this.driver.pipeline(client, some.map(([key]) => ['GET', key]));
            some.forEach(([key, value], at) => read.push([key, value, replies[at]]));
        }
        return read;
    }
    toString() {
        return `${this.driver.name}: ${this.acknowledged.size} acknowledged, ${this.refused.size} refused, ` +
            `${this.unknown.size} unknown, ${this.twice} done twice`;
    }
}
