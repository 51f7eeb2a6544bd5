// The whole demonstration, 45 forces and all: the pages that many records meet on open, are
// accessible, and none is wider than its screen; on a phone none scrolls sideways, and what a page
// and its styles and scripts weigh on the way is bounded.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { account, launch, look, signIn } from "./support.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

/** Who reads what on a phone, besides the pages of their menu. */
const everybody = [
  ["coordinator", ["/figures/over-time", "/search?q=Ashdown"]],
  ["intelligence_officer", ["/records/referral/new"]],
  ["authorising_officer", ["/approvals?view=approved", "/approvals?view=failed"]],
  ["receiving_desk", []],
  ["officer_in_case", ["/calendar?view=list", "/records/case/new"]],
  ["examiner", []],
  ["safeguarding_officer", []],
  ["figures_officer", ["/figures/over-time"]],
  ["auditor", []],
  ["administrator", ["/account"]],
];

const pages = [
  ["coordinator", ["/", "/operation", "/records/package", "/children", "/figures"]],
  ["officer_in_case", ["/", "/records/case", "/records/exhibit", "/calendar"]],
  ["authorising_officer", ["/", "/approvals"]],
  ["receiving_desk", ["/", "/inbox"]],
  ["safeguarding_officer", ["/", "/children"]],
  ["auditor", ["/audit"]],
];

const PHONE = { viewport: { width: 390, height: 844 } };
/** What a page may weigh when it is opened first, with its styles, script and pictures, in bytes. */
const HEAVIEST = 150_000;
const weights = [];

for (const [role, addresses] of everybody) {
  test(`${role} reads every page of the menu on a phone, and none scrolls sideways or is heavy`, async () => {
    const page = await signIn(browser, account(role), PHONE);
    const menu = await page.locator("#navigation a").evaluateAll((all) => all.map((a) => a.pathname));
    for (const address of [...new Set([...menu, ...addresses])]) {
      weights.push([await weighed(page, address), `${role} ${address}`]);
      const wide = await page.evaluate(() => [
        document.documentElement.scrollWidth,
        ...[...document.querySelectorAll(".pendeen-stacked")].map((table) => table.scrollWidth),
      ]);
      assert.ok(Math.max(...wide) <= 390, `${role} ${address} is ${wide} wide`);
      const record = page.locator("main a.pendeen-number").first();
      if (!(await record.count())) continue;
      await page.goto(await record.getAttribute("href"));
      const wider = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wider <= 390, `${role} ${page.url()} is ${wider} wide`);
      weights.push([await weighed(page, new URL(page.url()).pathname), `${role} ${page.url()}`]);
    }
    await page.context().close();
  });
}

test("of all pages 95 in 100 weigh under 150 kB when they are opened first", () => {
  const sorted = weights.toSorted(([one], [other]) => one - other);
  const [p95, name] = sorted[Math.ceil(sorted.length * 0.95) - 1];
  console.log(`${sorted.length} pages, p95 ${p95} bytes (${name}), heaviest ${sorted.at(-1)}`);
  assert.ok(sorted.length > 50, `${sorted.length} pages were weighed`);
  assert.ok(p95 < HEAVIEST, `${p95} bytes: ${name}`);
});

/** Opens an address with nothing kept from before; answers with the bytes that came, as sent. */
async function weighed(page, address) {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("Network.enable");
  await cdp.send("Network.clearBrowserCache");
  let bytes = 0;
  cdp.on("Network.loadingFinished", ({ encodedDataLength }) => (bytes += encodedDataLength));
  const answer = await page.goto(address);
  assert.equal(answer.status(), 200, `${address} opens`);
  await page.waitForFunction(() => document.readyState === "complete");
  await cdp.detach();
  return bytes;
}

for (const [role, addresses] of pages) {
  test(`${role} works with the whole operation`, async () => {
    const page = await signIn(browser, account(role));
    for (const address of addresses) {
      const answer = await page.goto(address);
      assert.equal(answer.status(), 200, `${role} opens ${address}`);
      await look(page, `whole-${role}${address.replaceAll("/", "-")}`);
      const wider = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      assert.ok(wider <= 0, `${address} is ${wider} wider than the screen`);
    }
    await page.context().close();
  });
}
