// items.mjs URL RUN CHUNK_SIZE: walk the items of a run's dataset, all in one list when CHUNK_SIZE is 0; prints how many are in stock,
// what the prices add up to, wall seconds, CPU seconds and peak memory in MB.
import { ApifyClient } from "apify-client";

const start = performance.now();
const [baseUrl, run, chunkSize] = process.argv.slice(2);
const dataset = new ApifyClient({ baseUrl, token: "apify_api_bench" }).run(run).dataset();
let count = 0, sum = 0;
const look = (item) => {
  if (item.inStock) count += 1;
  sum += item.price;
};
if (chunkSize === "0") for (const item of (await dataset.listItems()).items) look(item);
else for await (const item of dataset.listItems({ chunkSize: Number(chunkSize) })) look(item);
const wall = (performance.now() - start) / 1000;
const cpu = process.cpuUsage();
console.log(count, sum.toFixed(2), wall, (cpu.user + cpu.system) / 1e6, process.resourceUsage().maxRSS / 1024);
