// Runs the browser tests against a fresh demonstration on loopback.
//
//   node run.mjs              makes a demonstration in a temporary folder, serves it, tests, stops
//   PENDEEN_URL=... PENDEEN_ACCOUNTS=FILE node run.mjs     tests a server that is already there
//
// PENDEEN names the program; target/debug/pendeen by default.

import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { answers, freePort } from "./server.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, "../..");
const program = process.env.PENDEEN ?? join(root, "target/debug/pendeen");

process.exit(process.env.PENDEEN_URL ? test(process.env) : await withDemonstration());

function test(env) {
  const files = readdirSync(here).filter((name) => name.endsWith(".test.mjs"));
  const args = ["--test", "--test-concurrency=1", ...files];
  return spawnSync(process.execPath, args, { cwd: here, env, stdio: "inherit" }).status ?? 1;
}

async function withDemonstration() {
  const folder = mkdtempSync(join(tmpdir(), "pendeen-browser-"));
  const data = join(folder, "data");
  const made = spawnSync(program, ["demo", "--data", data, "--no-serve"], { stdio: "inherit" });
  if (made.status !== 0) {
    console.error(`browser tests: ${program} demo failed (${made.error ?? made.status})`);
    return 1;
  }
  const address = `127.0.0.1:${await freePort()}`;
  const server = spawn(program, ["serve", "--data", data, "--listen", address], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  try {
    await answers(`http://${address}/sign-in`, server);
    return test({
      ...process.env,
      PENDEEN_URL: `http://${address}`,
      PENDEEN_ACCOUNTS: join(data, "accounts.json"),
    });
  } finally {
    server.kill("SIGTERM");
    rmSync(folder, { recursive: true, force: true });
  }
}
