// The pages that oversee many records at once: each is looked at, on a desk and on a phone, and
// walked without a mouse; the search plan also without scripts.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { account, launch, look, signIn } from "./support.mjs";

const PHONE = { viewport: { width: 360, height: 740 } };

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

const pages = [
  ["coordinator", "/operation", "Operation"],
  ["receiving_desk", "/operation", "Operation"],
  ["receiving_desk", "/inbox", "Inbox"],
  ["authorising_officer", "/approvals", "Approvals"],
  ["authorising_officer", "/approvals?view=approved", "Approvals"],
  ["authorising_officer", "/approvals?view=failed", "Approvals"],
  ["examiner", "/approvals", "Approvals"],
  ["officer_in_case", "/calendar", null],
  ["officer_in_case", "/calendar?view=list", null],
  ["officer_in_case", "/", "My work"],
];

/** The page is no wider than the screen: what is wide scrolls by itself. */
async function fits(page, name) {
  const [content, screen] = await page.evaluate(() => [
    document.documentElement.scrollWidth,
    document.documentElement.clientWidth,
  ]);
  assert.ok(content <= screen, `${name} is ${content} wide on a screen of ${screen}`);
}

for (const [role, address, heading] of pages) {
  const name = `${role}${address.replaceAll(/[^a-z]+/g, "-")}`;
  test(`${role} reads ${address} on a desk and on a phone`, async () => {
    for (const [size, options] of [["", {}], ["-phone", PHONE]]) {
      const page = await signIn(browser, account(role), options);
      const answer = await page.goto(address);
      assert.equal(answer.status(), 200, `${role} opens ${address}`);
      if (heading) await page.getByRole("heading", { level: 1, name: heading }).waitFor();
      await look(page, `oversight-${name}${size}`);
      await fits(page, `${name}${size}`);
      await page.context().close();
    }
  });
}

test("a tile of the map leads to the packages of its force, by keyboard alone", async () => {
  const page = await signIn(browser, account("coordinator"));
  await page.goto("/operation");
  const tile = page.locator(".pendeen-map a", { hasText: "Devon" });
  await tile.focus();
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/records\/package\?force=E23000035/);
  await page.context().close();
});

test("every entry of the calendar is reached by the tab key", async () => {
  const page = await signIn(browser, account("officer_in_case"));
  await page.goto("/calendar");
  const entries = page.locator(".pendeen-calendar a");
  for (let months = 0; months < 4 && (await entries.count()) === 0; months += 1) {
    await page.getByRole("link", { name: "Month before" }).click();
    await page.waitForLoadState();
  }
  const links = await entries.count();
  assert.ok(links > 0, "some month has entries");
  await look(page, "calendar-entries");
  await page.locator(".pendeen-wide").focus();
  for (let n = 0; n < links; n += 1) {
    await page.keyboard.press("Tab");
    const inside = await page.evaluate(() => document.activeElement.closest(".pendeen-calendar"));
    assert.ok(inside !== null, `entry ${n + 1} of ${links} has the focus`);
  }
  await page.context().close();
});

test("the search plan is read on a phone without scripts", async () => {
  const page = await signIn(browser, account("officer_in_case"), PHONE);
  await page.goto("/records/search");
  const search = await page.locator("td a.pendeen-number").first().getAttribute("href");
  await page.goto(`${search}/plan`);
  for (const heading of ["Who is behind the door", "Children", "Risks at the door"]) {
    await page.getByRole("heading", { level: 2, name: heading, exact: true }).waitFor();
  }
  await look(page, "search-plan-phone");
  await fits(page, "search plan");
  const cookies = await page.context().cookies();
  const plain = await browser.newContext({ ...PHONE, javaScriptEnabled: false });
  await plain.addCookies(cookies);
  const bare = await plain.newPage();
  await bare.goto(new URL(`${search}/plan`, page.url()).href);
  assert.ok((await bare.locator("h2").allTextContents()).includes("Risks at the door"));
  await bare.emulateMedia({ media: "print" });
  assert.equal(await bare.locator(".pendeen-header").isVisible(), false, "no header on paper");
  assert.equal(await bare.locator(".pendeen-mark").isVisible(), true, "the mark is on paper");
  await plain.close();
  await page.context().close();
});
