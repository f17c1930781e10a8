// javascript.mjs WORK URL: the official JavaScript client.
import { ApifyClient } from "apify-client";
process.stdout.write("ready\n");

const [work, baseUrl] = process.argv.slice(2);
const CALLS = 2000, SINGLES = 50, PAGE = 1000, PARALLEL = 8;

const client = new ApifyClient({ baseUrl, token: "apify_api_bench" });
let count = 0, sum = 0, last;
const take = (run) => {
  if (run.status === "SUCCEEDED") count += 1;
  sum += run.usageTotalUsd;
  last = run.id;
};
const get = async (i) => {
  const run = await client.run(String(i % SINGLES + 1)).get();
  count += 1;
  sum += run.usageTotalUsd;
  last = run.id.length;
};

const works = {
  async runs() {
    for await (const run of client.actor("bench").runs().list()) take(run);
  },
  async runs8() {
    const runs = client.actor("bench").runs();
    const list = (offset) => runs.list({ offset, limit: PAGE });
    const first = await list(0);
    first.items.forEach(take);
    const pages = [];
    for (let next = PAGE; next < first.total || pages.length > 0;) {
      for (; next < first.total && pages.length < PARALLEL; next += PAGE) pages.push(list(next));
      (await pages.shift()).items.forEach(take);
    }
  },
  async items() {
    for (const item of (await client.dataset("bench").listItems()).items) {
      if (item.inStock) count += 1;
      sum += item.price;
      last = item.n;
    }
  },
  async calls() {
    for (let i = 1; i <= CALLS; i++) await get(i);
  },
  async calls50() {
    const some = async (from) => {
      for (let i = from; i <= CALLS; i += 50) await get(i);
    };
    await Promise.all(Array.from({ length: 50 }, (_, f) => some(f + 1)));
  },
};

await works[work]();
console.log(`${count} ${sum.toFixed(4)} ${last}`);
