// The guided tours of docs/guide/tours, walked over the whole demonstration as they are written:
// each step opens what its tour says and leaves the picture that its tour shows, in
// artefacts/screenshots/tours. `make tours` copies the pictures into docs/guide/tours/images.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { accounts, launch, signIn } from "./support.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const drawn = join(root, "artefacts/screenshots/tours");
const tours = join(root, "docs/guide/tours");

/** No picture of the guide is larger, in bytes. */
const LARGEST = 60_000;
const SCREEN = { viewport: { width: 1080, height: 760 } };
const PHONE = { viewport: { width: 390, height: 760 } };

let browser;
before(async () => {
  browser = await launch();
  mkdirSync(drawn, { recursive: true });
});
after(() => browser.close());

/** Opens an address, which must be there. */
const open = (address) => async (page) => {
  const answer = await page.goto(address);
  assert.equal(answer.status(), 200, `${address} opens`);
};

/** Follows the first link of this name. */
const follow = (name) => async (page) => {
  await page.getByRole("link", { name }).first().click();
  await page.waitForLoadState();
};

/** Looks for words and opens the first record of this kind that has them. */
const find = (kind, words) => async (page) => {
  await open(`/records/${kind}?q=${encodeURIComponent(words)}`)(page);
  await page.locator(".pendeen-table a.pendeen-number").first().click();
  await page.waitForLoadState();
};

/** Brings a heading to the top of the screen. */
const to = (heading) => async (page) => {
  const found = page.getByRole("heading", { name: heading }).first();
  await found.evaluate((element) => element.scrollIntoView({ block: "start" }));
};

/** From the case of the main story to its exhibit, and from there to what was found on it. */
const row = (name) => async (page) => {
  await page.getByRole("row", { name }).getByRole("link").first().click();
  await page.waitForLoadState();
};
const exhibit = async (page) => {
  await find("case", "Adrian Ashdown")(page);
  await row(/DEV\/1 /)(page);
};

/** The items, once the first picture's preview is there. */
const items = async (page) => {
  await follow("Look at the items")(page);
  const preview = await page.getByAltText(/^Blurred preview of/).first().elementHandle();
  await page.waitForFunction((image) => image.complete && image.naturalWidth > 0, preview);
};

/** Tour, account, screen, and steps: the picture's name and what leads to it. */
const walks = [
  ["coordinator", "coordinator", SCREEN, [
    ["operation", open("/operation")],
    ["late", to("What is late, oldest first")],
    ["force", open("/records/package?force=E23000035")],
    ["children", open("/children")],
  ]],
  ["intelligence-officer", "intel", SCREEN, [
    ["my-work", open("/")],
    ["referral", find("referral", "70000001")],
    ["subject", find("subject", "Adrian Ashdown")],
    ["package", find("package", "Adrian Ashdown")],
  ]],
  ["authorising-officer", "authoriser", SCREEN, [
    ["approvals", open("/approvals")],
    ["package", find("package", "Dennis Dock")],
    ["approved", open("/approvals?view=approved")],
  ]],
  ["receiving-desk", "desk-devon", SCREEN, [
    ["inbox", open("/inbox")],
    ["package", find("package", "Adrian Ashdown")],
    ["case", find("case", "Adrian Ashdown")],
  ]],
  ["officer-in-the-case", "oic-devon", SCREEN, [
    ["my-work", open("/")],
    ["case", find("case", "Adrian Ashdown")],
    ["calendar", open("/calendar?view=list")],
    ["exhibit", exhibit],
  ]],
  ["searching-team", "oic-devon", PHONE, [
    ["plan", async (page) => {
      await open("/records/search")(page);
      const search = page.locator(".pendeen-table a.pendeen-number").first();
      await open(`${await search.getAttribute("href")}/plan`)(page);
    }],
    ["risks", to("Risks at the door")],
  ]],
  ["examiner", "examiner-devon", SCREEN, [
    ["my-work", open("/")],
    ["exhibit", exhibit],
    ["examination", row(/Examination of DEV\/1\b/)],
    ["items", items],
  ]],
  ["safeguarding-officer", "safeguarding-devon", SCREEN, [
    ["children", open("/children")],
    ["child", async (page) => {
      await open("/records/child?state=safeguarded")(page);
      await page.locator(".pendeen-table a.pendeen-number").first().click();
      await page.waitForLoadState();
    }],
  ]],
  ["figures-officer", "figures", SCREEN, [
    ["figures", open("/figures")],
    ["by-force", to("Force by force")],
    ["over-time", open("/figures/over-time")],
    ["release", async (page) => {
      await open("/records/figures_release?state=published")(page);
      const number = await page.locator(".pendeen-table a.pendeen-number").first().innerText();
      await open(`/figures/releases/${number}`)(page);
    }],
  ]],
  ["auditor", "auditor", SCREEN, [
    ["log", open("/audit")],
    ["entries", open("/audit?action=authorise")],
  ]],
  ["administrator", "admin", SCREEN, [
    ["people", open("/administration")],
    ["person", follow("DC Rowan")],
  ]],
];

/** A picture of the screen as it is now, as small as its words stay readable. */
async function picture(page, name) {
  const cdp = await page.context().newCDPSession(page);
  const shot = await cdp.send("Page.captureScreenshot", { format: "webp", quality: 50 });
  writeFileSync(join(drawn, `${name}.webp`), Buffer.from(shot.data, "base64"));
  const size = statSync(join(drawn, `${name}.webp`)).size;
  assert.ok(size < LARGEST, `${name}.webp has ${size} bytes`);
}

for (const [tour, username, screen, steps] of walks) {
  test(`the tour of the ${tour} leads where it says`, async () => {
    const page = await signIn(browser, accounts.find((one) => one.username === username), screen);
    for (const [step, walk] of steps) {
      await walk(page);
      await picture(page, `${tour}-${step}`);
    }
    assert.deepEqual(page.complaints, [], "the browser has nothing to complain of");
    await page.context().close();
  });
}

test("every picture of the guide is drawn by a tour, small, and told in words", () => {
  const drawn = walks.flatMap(([tour, , , steps]) => steps.map(([step]) => `${tour}-${step}.webp`));
  const shown = readdirSync(tours)
    .filter((name) => name.endsWith(".md"))
    .flatMap((name) => [
      ...readFileSync(join(tours, name), "utf8").matchAll(/!\[([^\]]*)\]\(images\/([^)]+)\)/g),
    ]);
  for (const [, words] of shown) assert.ok(words.length > 10, `"${words}" tells what is seen`);
  assert.deepEqual(shown.map(([, , name]) => name).sort(), [...drawn].sort());
  for (const name of readdirSync(join(tours, "images"))) {
    assert.ok(drawn.includes(name), `${name} is drawn by a tour`);
    assert.ok(statSync(join(tours, "images", name)).size < LARGEST, `${name} is small`);
  }
});
