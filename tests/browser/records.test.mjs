// What every record has beside its page: its history, its corrections and what happens when two
// people correct it at once; and the ways to what one may not see: circles and broken glass.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { account, launch, look, signIn } from "./support.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

/** Opens the first record of a list; answers with its address. */
async function first(page, list) {
  await page.goto(list);
  const address = await page.locator("td a.pendeen-number").first().getAttribute("href");
  await page.goto(address);
  return address;
}

/** Sends the form of the page and waits for what it was answered with. */
async function send(page) {
  await page.locator("main form button[type=submit]").first().click();
  await page.getByRole("alert").first().waitFor();
}

test("of two who correct a record at once the second sees both texts", async () => {
  const page = await signIn(browser, account("intelligence_officer"));
  const referral = await first(page, "/records/referral?state=received");
  const correct = `${referral}/acts/correct`;
  const slow = await page.context().newPage();
  slow.complaints = [];
  await slow.goto(correct);
  await page.goto(correct);
  await look(page, "correct");
  for (const [each, words] of [[page, "Seen twice that night"], [slow, "Seen once"]]) {
    await each.locator('[name="summary"]').fill(words);
    await each.locator('[name="why"]').fill("More is known");
    await send(each);
  }
  await slow.getByText("What changed while you filled in the form").waitFor();
  const both = await slow.locator("main").innerText();
  assert.match(both, /Seen twice that night/);
  assert.equal(await slow.locator('[name="summary"]').inputValue(), "Seen once", "kept");
  await look(slow, "conflict");
  await page.goto(`${referral}/history`);
  assert.match(await page.locator("main").innerText(), /Seen twice that night/);
  await look(page, "history");
  await page.context().close();
});

test("a circle closes a case to others, and broken glass opens it with a reason", async () => {
  const page = await signIn(browser, account("officer_in_case"));
  await page.goto("/records/circle/new");
  await page.locator('[name="name"]').fill("A colleague's family");
  await page.locator('[name="reason"]').fill("A colleague is involved.");
  await look(page, "form-circle");
  await send(page);
  await look(page, "circle");
  const circle = new URL(page.url()).pathname.split("/").pop();
  await page.goto(`/records/case/new?circle=${circle}`);
  await page.locator('[name="name"]').fill("Harbour View");
  await send(page);
  const restricted = new URL(page.url()).pathname;
  await page.getByText("Restricted").first().waitFor();
  await look(page, "case-restricted");
  const number = (await page.locator(".govuk-caption-l").first().innerText()).split(" ").pop();

  const colleague = await signIn(browser, account("safeguarding_officer"));
  assert.equal((await colleague.goto(restricted)).status(), 404, "invisible within the force, too");
  await colleague.context().close();
  const other = await signIn(browser, account("intelligence_officer"));
  assert.equal((await other.goto(restricted)).status(), 404, "the case is invisible to others");
  await other.goto("/records/break_glass/new");
  await look(other, "form-break-glass");
  await other.locator('[name="number"]').fill(number);
  await other.locator('[name="reason"]').fill("A child is in danger tonight.");
  await send(other);
  await look(other, "break-glass");
  assert.equal((await other.goto(restricted)).status(), 200, "the glass is broken");
  await other.context().close();
  await page.context().close();
});

test("figures are read as at a moment, behind each the records, and durations as a plot", async () => {
  const page = await signIn(browser, account("coordinator"));
  await page.goto("/figures/2026-01-01T00:00:00Z");
  await look(page, "figures-as-at");
  await page.goto("/figures");
  await page.locator('main a[href^="/figures/behind/"]').first().click();
  await look(page, "figures-behind");
  await page.goto("/durations?kind=package");
  await look(page, "durations");
  await page.context().close();
});

test("the mark stands on every page on paper, and what only a screen needs does not", async () => {
  const page = await signIn(browser, account("officer_in_case"));
  for (const list of ["/records/case", "/records/exhibit"]) {
    await first(page, list);
    await page.emulateMedia({ media: "print" });
    const words = (await page.locator(".pendeen-mark").innerText()).replace("Handling: ", "").trim();
    assert.match(words, /^OFFICIAL/);
    assert.deepEqual(await onEverySheet(page), [words, words], "at head and foot of every sheet");
    for (const hidden of [".pendeen-header", ".govuk-service-navigation", ".pendeen-acts"]) {
      assert.equal(await page.locator(hidden).isVisible(), false, `${hidden} is not on paper`);
    }
    await page.emulateMedia({ media: "screen" });
  }
  await page.context().close();
});

/** What the style sheet puts at the head and foot of each sheet that the page is printed on. */
function onEverySheet(page) {
  return page.evaluate(() => {
    const name = getComputedStyle(document.body).page;
    const rules = [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules]);
    const sheets = rules.filter((rule) => rule instanceof CSSPageRule && rule.selectorText === name);
    const margins = sheets.flatMap((rule) => [...rule.cssRules]);
    return margins.map((margin) => margin.style.content.replaceAll('"', ""));
  });
}
