// node driver.mjs HOME URL: does what it is told with the official JavaScript client, which is installed in HOME. Prints the port it
// listens on. POST { code, w }: 200 once the expression, in which `client` is the client, has come to an end, and its value if that is
// a string; or 500 and why. GET: the methods of its classes that nobody has called so far. Ends with its standard input.
import { createServer } from "node:http";
import { createRequire } from "node:module";

const [home, baseUrl] = process.argv.slice(2);
const library = createRequire(`${process.cwd()}/${home}/`)("apify-client");
const unused = new Set();
const AsyncFunction = (async () => {}).constructor;

for (const [name, { prototype }] of Object.entries(library)) {
  if (!name.endsWith("Client")) continue;
  for (const method of Object.getOwnPropertyNames(prototype)) {
    if (method === "constructor" || method.startsWith("_")) continue;
    const original = prototype[method];
    unused.add(`${name}.${method}`);
    prototype[method] = function (...args) {
      unused.delete(`${name}.${method}`);
      return original.apply(this, args);
    };
  }
}

async function text(stream) {
  let whole = "";
  for await (const piece of stream) whole += piece;
  return whole;
}

async function drain(iterable) {
  for await (const _ of iterable);
}

async function evaluate({ code, w }) {
  const delays = { maxRetries: 2, minDelayBetweenRetriesMillis: 1 };
  const client = new library.ApifyClient({ baseUrl, publicBaseUrl: baseUrl, token: "apify_api_test", ...delays });
  process.env.ACTOR_RUN_ID = w.run;
  const value = await new AsyncFunction("client", "w", "drain", `return ${code}`)(client, w, drain);
  return value?.pipe ? text(value) : value;
}

const server = createServer(async (request, response) => {
  if (request.method === "GET") return response.end([...unused].sort().join(" "));
  try {
    const value = await evaluate(JSON.parse(await text(request)));
    response.end(typeof value === "string" ? value : "");
  } catch (error) {
    response.statusCode = 500;
    response.end(`${error}`);
  }
});

server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.resume().on("end", () => process.exit());
