// Runs the browser tests against fresh demonstrations on loopback.
//
//   node run.mjs              *.test.mjs over the small story, *.smoke.mjs over the whole operation
//   node run.mjs NAME...      only these files, each over what it is for
//   PENDEEN_URL=... PENDEEN_ACCOUNTS=FILE node run.mjs     tests a server that is already there
//
// A demonstration is made in a temporary folder, served, tested and thrown away. PENDEEN names the
// program; target/debug/pendeen by default.

import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { answers, ended, freePort } from "./server.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, "../..");
const program = process.env.PENDEEN ?? join(root, "target/debug/pendeen");

const wanted = process.argv.slice(2);
const files = readdirSync(here).filter((name) => wanted.length === 0 || wanted.includes(name));
const tested = (name) => /\.(test|smoke)\.mjs$/.test(name);
const small = files.filter((name) => name.endsWith(".test.mjs"));
const whole = files.filter((name) => name.endsWith(".smoke.mjs"));

if (process.env.PENDEEN_URL) process.exit(test(files.filter(tested), process.env));
const failed = (await withDemonstration(small, ["--scale", "0"])) || (await withDemonstration(whole, []));
process.exit(failed);

function test(files, env) {
  const args = ["--test", "--test-concurrency=1", ...files];
  return spawnSync(process.execPath, args, { cwd: here, env, stdio: "inherit" }).status ?? 1;
}

/** Tests these files over a demonstration made with these options; answers 0 if all passed. */
async function withDemonstration(files, options) {
  if (files.length === 0) return 0;
  const folder = mkdtempSync(join(tmpdir(), "pendeen-browser-"));
  const data = join(folder, "data");
  const making = ["demo", "--data", data, "--no-serve", ...options];
  const made = spawnSync(program, making, { stdio: "inherit" });
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
    return test(files, {
      ...process.env,
      PENDEEN_URL: `http://${address}`,
      PENDEEN_ACCOUNTS: join(data, "accounts.json"),
    });
  } finally {
    await ended(server);
    rmSync(folder, { recursive: true, force: true });
  }
}
