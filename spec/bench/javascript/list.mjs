// node list.mjs URL: walk all runs of the local API's Actor; prints count, wall seconds, CPU seconds and peak memory in MB.
import { ApifyClient } from "apify-client";

const start = performance.now();
const client = new ApifyClient({ baseUrl: process.argv[2], token: "apify_api_bench" });
let count = 0, usd = 0;
for await (const run of client.actor("janedoe~my-actor").runs().list()) {
  if (run.status === "SUCCEEDED") count += 1;
  usd += run.usageTotalUsd;
}
const wall = (performance.now() - start) / 1000;
const cpu = process.cpuUsage();
console.log(count, usd.toFixed(4), wall, (cpu.user + cpu.system) / 1e6, process.resourceUsage().maxRSS / 1024);
