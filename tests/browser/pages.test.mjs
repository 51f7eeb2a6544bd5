// Each role signs in and opens the pages that answer its questions; what it must not see is
// the same page as what is not there.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { account, launch, look, signIn, url } from "./support.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

const everybody = [
  ["coordinator", ["/records/package", "/children", "/figures"], ["/audit", "/records/case"]],
  ["intelligence_officer", ["/records/referral", "/records/subject"], ["/audit"]],
  ["authorising_officer", ["/records/package"], ["/audit"]],
  ["spoc", ["/records/attribution"], ["/records/case", "/audit", "/children"]],
  ["sensitive_check_officer", ["/records/sensitive_check"], ["/records/case", "/audit"]],
  ["receiving_desk", ["/records/package"], ["/audit", "/records/sensitive_check"]],
  ["officer_in_case", ["/records/case", "/records/exhibit", "/children"], ["/audit"]],
  ["examiner", ["/records/exhibit", "/records/examination"], ["/audit", "/records/package"]],
  ["victim_identification", ["/records/grading"], ["/audit"]],
  ["safeguarding_officer", ["/children"], ["/audit", "/records/sensitive_check"]],
  ["disclosure_officer", ["/records/exhibit"], ["/audit"]],
  ["figures_officer", ["/figures"], ["/audit", "/records/case", "/children"]],
  ["auditor", ["/audit"], ["/records/case", "/children"]],
  ["administrator", [], ["/audit", "/records/case", "/children", "/figures"]],
];

for (const [role, opens, denied] of everybody) {
  test(`${role} opens what the role is for and nothing else`, async () => {
    const page = await signIn(browser, account(role));
    await look(page, `work-${role}`);
    for (const address of opens) {
      const answer = await page.goto(address);
      assert.equal(answer.status(), 200, `${role} opens ${address}`);
      await look(page, `${role}${address.replaceAll("/", "-")}`);
    }
    const missing = await (await page.goto("/records/nothing-of-the-kind")).text();
    for (const address of denied) {
      const answer = await page.goto(address);
      assert.equal(answer.status(), 404, `${role} must not open ${address}`);
      assert.equal(await answer.text(), missing, "denied and missing are one page");
    }
    await page.context().close();
  });
}

test("a record of each kind is shown to whoever works with it", async () => {
  const kinds = [
    ["intelligence_officer", "referral"],
    ["intelligence_officer", "subject"],
    ["intelligence_officer", "package"],
    ["officer_in_case", "case"],
    ["officer_in_case", "warrant"],
    ["officer_in_case", "search"],
    ["officer_in_case", "arrest"],
    ["examiner", "exhibit"],
    ["examiner", "examination"],
    ["safeguarding_officer", "child"],
  ];
  for (const [role, kind] of kinds) {
    const page = await signIn(browser, account(role));
    await page.goto(`/records/${kind}`);
    await page.locator("table a").first().click();
    await page.getByRole("heading", { name: "History" }).waitFor();
    await look(page, `record-${kind}`);
    await page.context().close();
  }
});

test("an examination shows its items, the deleted among them, and its gaps", async () => {
  const page = await signIn(browser, account("examiner"));
  await page.goto("/records/examination?state=finished");
  const finished = await page.locator("table a").count();
  if (finished === 0) await page.goto("/records/examination?state=finished_with_gaps");
  await page.locator("table a").first().click();
  await page.getByRole("link", { name: "Look at the items" }).click();
  const preview = page.getByAltText(/^Blurred preview of/).first();
  await preview.scrollIntoViewIfNeeded();
  await page.waitForFunction((image) => image.complete, await preview.elementHandle());
  assert.ok(await preview.evaluate((image) => image.naturalWidth > 0), "the preview is a picture");
  const answer = await page.request.get(await preview.getAttribute("src"));
  assert.equal(answer.headers()["content-type"], "image/png");
  await look(page, "items");
  await page.getByLabel("How found").selectOption("deleted");
  await page.getByRole("button", { name: "Show" }).click();
  await look(page, "items-deleted");
  await page.context().close();
});

test("the pages work on a phone and without scripts", async () => {
  const options = { javaScriptEnabled: false, viewport: { width: 390, height: 844 } };
  const page = await signIn(browser, account("officer_in_case"), options);
  await page.goto("/records/case");
  await page.locator("table a").first().click();
  const wider = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wider <= 390, `nothing is wider than the phone (${wider})`);
  await page.context().close();
});

test("every page can be walked by keyboard from a visible skip link", async () => {
  const page = await signIn(browser, account("officer_in_case"));
  await page.keyboard.press("Tab");
  const focused = () => page.evaluate(() => document.activeElement.textContent.trim());
  assert.equal(await focused(), "Skip to main content");
  await page.keyboard.press("Enter");
  assert.ok(page.url().startsWith(url) && page.url().endsWith("#main-content"));
  await page.context().close();
});
