// Signing in through a real sign-in service (oidc-provider, in a process of its own): somebody
// whom nobody linked stays out; a person links their account, signs in, and signs out of both.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { answers, ended, freePort } from "./server.mjs";
import { launch, look, program, signIn } from "./support.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const secret = "a secret: of the test's client";
const rowan = { username: "rowan", password: "heron ladder copper" };
const started = [];
let folder, browser, service, pages;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "pendeen-oidc-"));
  const data = join(folder, "data");
  const account = (...args) => {
    const input = `${rowan.password}\n`;
    const made = spawnSync(program, ["account", ...args, "--data", data], { input });
    assert.equal(made.status, 0, String(made.stderr));
  };
  account("add", rowan.username, "--name", "DC Rowan", "--role", "examiner");
  account("second-factor", "nobody");

  const [servicePort, port] = [await freePort(), await freePort()];
  service = `http://127.0.0.1:${servicePort}`;
  pages = `http://127.0.0.1:${port}`;
  start(process.execPath, [join(here, "provider.mjs"), servicePort, secret, pages]);
  await answers(`${service}/.well-known/openid-configuration`, started.at(-1));

  writeFileSync(join(folder, "secret"), `${secret}\n`);
  const settings = join(folder, "oidc.toml");
  const values = {
    issuer: service,
    client_id: "pendeen",
    client_secret_file: "secret",
    address: pages,
    label: "Test sign-in",
  };
  const lines = Object.entries(values).map(([name, value]) => `${name} = "${value}"\n`);
  writeFileSync(settings, lines.join(""));
  const listen = `127.0.0.1:${port}`;
  start(program, ["serve", "--data", data, "--listen", listen, "--oidc", settings]);
  await answers(`${pages}/sign-in`, started.at(-1));
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await Promise.all(started.map(ended));
  rmSync(folder, { recursive: true, force: true });
});

function start(what, args) {
  started.push(spawn(what, args.map(String), { stdio: ["ignore", "ignore", "inherit"] }));
}

/** A page of somebody who is not signed in anywhere. */
async function stranger() {
  const context = await browser.newContext({ baseURL: pages, viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  page.complaints = [];
  page.on("pageerror", (error) => page.complaints.push(String(error)));
  return page;
}

/** Goes through whatever the service asks, as this user, until it sends the browser back. */
async function through(page, user) {
  let asked = 0;
  while (new URL(page.url()).origin === service) {
    assert.ok(asked < 5, `the service never sends anybody back from ${page.url()}`);
    asked += 1;
    const login = page.locator('input[name="login"]');
    if ((await login.count()) > 0) {
      await login.fill(user);
      await page.locator('input[name="password"]').fill("anything");
    }
    await Promise.all([page.waitForNavigation(), page.locator('button[type="submit"]').click()]);
  }
  return asked;
}

test("somebody whom nobody linked stays out", async () => {
  const page = await stranger();
  await page.goto("/sign-in");
  await look(page, "oidc-sign-in");
  await page.getByRole("button", { name: "Sign in with Test sign-in" }).click();
  await page.waitForURL(`${service}/**`);
  assert.ok((await through(page, rowan.username)) > 0, "the service asked who it is");
  await page.getByRole("heading", { level: 1, name: "You are not signed in" }).waitFor();
  assert.match(await page.textContent("main"), /no account here is linked to you/);
  await look(page, "oidc-refused");
  await page.goto("/account");
  assert.match(page.url(), /\/sign-in/);
  await page.context().close();
});

test("a person links their account, signs in with the service, and signs out of both", async () => {
  const page = await signIn(browser, rowan, { baseURL: pages });
  await page.goto("/account");
  await page.getByRole("link", { name: "Sign in with Test sign-in" }).click();
  await look(page, "oidc-link");
  await page.getByRole("button", { name: "Go on to Test sign-in" }).click();
  await page.waitForURL(`${service}/**`);
  await through(page, "subject-of-rowan");
  assert.match(await page.textContent("main"), /as subject-of-rowan/);
  await look(page, "oidc-link-confirm");
  await page.getByLabel("Present password").fill("not the password");
  await page.getByRole("button", { name: "Link my account" }).click();
  await page.getByText("This is not your present password").first().waitFor();
  await page.getByLabel("Present password").fill(rowan.password);
  await page.getByRole("button", { name: "Link my account" }).click();
  await page.getByText("Your account is linked to Test sign-in").waitFor();
  await look(page, "oidc-linked");
  await page.context().close();

  const other = await stranger();
  await other.goto("/sign-in?next=/account");
  await other.getByRole("button", { name: "Sign in with Test sign-in" }).click();
  await other.waitForURL(`${service}/**`);
  await through(other, "subject-of-rowan");
  await other.getByRole("heading", { level: 1, name: "Your account" }).waitFor();
  assert.match(await other.textContent("main"), /DC Rowan/);

  await other.getByRole("button", { name: "Sign out", exact: true }).first().click();
  await other.getByRole("heading", { level: 1, name: "You are signed out" }).waitFor();
  await look(other, "oidc-signed-out");
  const tab = await other.context().newPage();
  await tab.goto("/account");
  assert.match(tab.url(), /\/sign-in/, "signed out here, whatever happens there");
  await other.getByRole("button", { name: "Sign out of Test sign-in" }).click();
  await other.waitForURL(`${service}/**`);
  await other.getByRole("button", { name: "Yes, sign me out" }).click();
  await other.getByRole("heading", { level: 1, name: "Sign in" }).waitFor();

  await other.getByRole("button", { name: "Sign in with Test sign-in" }).click();
  await other.waitForURL(`${service}/**`);
  await other.locator('input[name="login"]').waitFor();
  await other.context().close();
});
