// What the browser tests share: a browser, signing in by role, a screenshot and an accessibility
// check of each page.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";

const here = dirname(fileURLToPath(import.meta.url));
const screenshots = resolve(here, "../../artefacts/screenshots");
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export const url = process.env.PENDEEN_URL;
export const program = process.env.PENDEEN ?? resolve(here, "../../target/debug/pendeen");
export const accounts = JSON.parse(readFileSync(process.env.PENDEEN_ACCOUNTS, "utf8"));

export const DEVON = "E23000035";

/** The browser of one test file; close it in `after`. */
export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    env: { ...process.env, LANGUAGE: "en_GB" },
    args: [
      "--headless=new",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** The first account of a role, in this force where the role has one. */
export function account(role, force = DEVON) {
  const found = accounts.filter((each) => each.role === role);
  const ours = found.find((each) => each.force === force) ?? found.find((each) => !each.force);
  assert.ok(ours, `the demonstration has an account for ${role}`);
  return ours;
}

/** A page on which this account is signed in, in a context of its own; it fails on any message
 * of the browser about a page of ours, such as something that the security policy blocked. */
export async function signIn(browser, { username, password }, options = {}) {
  const context = await browser.newContext({
    baseURL: url,
    viewport: { width: 1280, height: 900 },
    locale: "en-GB",
    timezoneId: "Europe/London",
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  page.complaints = [];
  const ours = new URL(options.baseURL ?? url).origin;
  page.on("console", (message) => {
    const serious = message.type() === "error" && !/status of 4\d\d/.test(message.text());
    if (serious && new URL(page.url()).origin === ours) {
      page.complaints.push(message.text());
    }
  });
  page.on("pageerror", (error) => page.complaints.push(String(error)));
  await page.goto("/sign-in");
  await page.getByLabel("User name").fill(username);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("heading", { level: 1, name: "My work" }).waitFor();
  return page;
}

/** Takes a screenshot into artefacts/screenshots/NAME.png. */
export async function shoot(page, name) {
  mkdirSync(screenshots, { recursive: true });
  await page.screenshot({ path: join(screenshots, `${name}.png`), fullPage: true });
}

/** Screenshot, accessibility (WCAG 2.2 A and AA by axe-core), and no complaints so far. */
export async function look(page, name) {
  await shoot(page, name);
  await page.evaluate(axe);
  const violations = await page.evaluate(async () => {
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    const { violations } = await globalThis.axe.run(document, { runOnly: tags });
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map((n) => n.html).join(" | ")}`);
  });
  assert.deepEqual(violations, [], `${name} is accessible`);
  assert.deepEqual(page.complaints, [], `${name} gives the browser nothing to complain of`);
}
