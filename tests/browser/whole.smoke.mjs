// The whole demonstration, 45 forces and all: the pages that many records meet on open, are
// accessible, and none is wider than its screen.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { account, launch, look, signIn } from "./support.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

const pages = [
  ["coordinator", ["/", "/operation", "/records/package", "/children", "/figures"]],
  ["officer_in_case", ["/", "/records/case", "/records/exhibit", "/calendar"]],
  ["authorising_officer", ["/", "/approvals"]],
  ["receiving_desk", ["/", "/inbox"]],
  ["safeguarding_officer", ["/", "/children"]],
  ["auditor", ["/audit"]],
];

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
