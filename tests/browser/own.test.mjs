// What a person keeps for themselves and what an administrator keeps for them; and the question
// why somebody opens a case, asked where a fresh installation asks it: by default.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { answers, ended, freePort } from "./server.mjs";
import { DEVON, launch, look, program, signIn } from "./support.mjs";

const password = "heron ladder copper";
const people = [
  ["admin", "Ms Alder", "administrator"],
  ["first", "DC Beech", "officer_in_case", DEVON],
  ["second", "DC Cedar", "officer_in_case", DEVON],
  ["auditor", "Mr Elm", "auditor"],
];
let folder, browser, server, pages;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "pendeen-own-"));
  const data = ["--data", join(folder, "data")];
  for (const [username, name, role, force] of people) {
    const place = force ? ["--force", force] : [];
    account(["add", username, "--name", name, "--role", role, ...place, ...data]);
  }
  account(["second-factor", "nobody", ...data]);
  const listen = `127.0.0.1:${await freePort()}`;
  pages = `http://${listen}`;
  server = spawn(program, ["serve", ...data, "--listen", listen], { stdio: "ignore" });
  await answers(`${pages}/sign-in`, server);
  browser = await launch();
});

after(async () => {
  await browser?.close();
  if (server) await ended(server);
  rmSync(folder, { recursive: true, force: true });
});

function account(args) {
  const made = spawnSync(program, ["account", ...args], { input: `${password}\n` });
  assert.equal(made.status, 0, String(made.stderr));
}

/** A page on which this person is signed in. */
function as(username) {
  return signIn(browser, { username, password }, { baseURL: pages });
}

/** The code that an authenticator shows for a secret in base 32 (RFC 6238). */
function code(secret) {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...secret.replaceAll(/[^A-Z2-7]/g, "")]
    .map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, "0"))
    .join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const moment = Buffer.alloc(8);
  moment.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const mac = createHmac("sha1", key).update(moment).digest();
  const number = mac.readUInt32BE(mac.at(-1) & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, "0");
}

/** Presses the button of this name and waits for the page that answers. */
async function press(page, name) {
  await page.getByRole("button", { name, exact: true }).click();
  await page.waitForLoadState();
}

test("a person sets up an authenticator and signs in with its code", async () => {
  const page = await as("second");
  await page.goto("/account");
  await look(page, "account");
  await page.getByRole("link", { name: "Set up an authenticator" }).click();
  await look(page, "second-factor");
  await page.locator("#code").fill("000000");
  await press(page, "Confirm");
  await page.getByText("There is a problem").waitFor();
  await look(page, "second-factor-refused");
  const secret = await page.locator(".pendeen-digest").innerText();
  await page.locator("#code").fill(code(secret));
  await press(page, "Confirm");
  await page.getByRole("heading", { level: 1, name: "Keep your recovery codes" }).waitFor();
  await look(page, "recovery-codes");
  const spare = (await page.locator("main li").first().innerText()).trim();
  await page.goto("/account");
  await look(page, "account-second-factor");
  await press(page, "Sign out");
  await page.getByLabel("User name").fill("second");
  await page.getByLabel("Password").fill(password);
  await press(page, "Sign in");
  await look(page, "sign-in-code");
  await page.locator("#code").fill(spare);
  await press(page, "Sign in");
  await page.getByRole("heading", { level: 1, name: "My work" }).waitFor();
  await page.context().close();
});

test("an administrator adds a person and sees no case", async () => {
  const page = await as("admin");
  await page.goto("/administration");
  await look(page, "administration");
  await press(page, "Add person");
  await page.getByText("There is a problem").waitFor();
  await look(page, "administration-refused");
  await page.goto("/administration");
  await page.getByRole("link", { name: "DC Beech" }).click();
  await look(page, "administration-person");
  await page.context().close();
});

test("whoever opens a case is asked once why, and the auditor reads the answer", async () => {
  const page = await as("first");
  await page.goto("/records/case/new");
  await page.locator("#name").fill("Mill Lane");
  await press(page, "Record");
  const address = new URL(page.url()).pathname;
  await page.getByRole("heading", { level: 1, name: "Mill Lane" }).waitFor();

  account(["reset-second-factor", "second", "--data", join(folder, "data")]);
  const other = await as("second");
  await other.goto(address);
  await other.getByRole("heading", { level: 1, name: "Why do you open this?" }).waitFor();
  await look(other, "reason");
  await press(other, "Go on");
  await other.getByText("There is a problem").waitFor();
  await look(other, "reason-refused");
  await press(other, "Urgent: open now, reason after");
  await other.getByText("You opened this as urgent").waitFor();
  await look(other, "reason-owed");
  await other.getByRole("link", { name: "Say why" }).click();
  await other.getByLabel("Supervision or review").check();
  await other.getByLabel("Reference (optional)").fill("INC-77");
  await press(other, "Go on");
  await other.getByRole("heading", { level: 1, name: "Mill Lane" }).waitFor();
  await other.goto(`${address}/history`);
  await other.getByRole("heading", { level: 1, name: "What was changed" }).waitFor();

  const auditor = await as("auditor");
  await auditor.goto("/audit");
  const log = await auditor.locator("main").innerText();
  assert.match(log, /Supervision or review; reference INC-77/);
  for (const each of [page, other, auditor]) await each.context().close();
});
