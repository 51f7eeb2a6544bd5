// One referral becomes a protected child, through the pages alone, each step by the person
// whose step it is. What a rule refuses on the way is refused here too.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";

import { account, accounts, DEVON, launch, look, program, shoot, signIn } from "./support.mjs";

let browser;
const signedIn = new Map();
before(async () => {
  browser = await launch();
});
after(() => browser.close());

/** The page of whoever has this user name; signed in once. */
async function as(username) {
  if (!signedIn.has(username)) {
    const found = accounts.find((each) => each.username === username);
    signedIn.set(username, await signIn(browser, found));
  }
  return signedIn.get(username);
}

/** Fills the form on the page: field name to value, or to a label in a list. */
async function fill(page, fields) {
  for (const [name, value] of Object.entries(fields)) {
    const field = page.locator(`[name="${name}"]`);
    const kind = await field.first().evaluate((e) => (e.tagName === "SELECT" ? "list" : e.type));
    if (kind === "radio") await page.locator(`[name="${name}"][value="${value}"]`).check();
    else if (kind === "checkbox") await field.check();
    else if (kind === "list") await choose(field, value);
    else await field.fill(value);
  }
}

/** Chooses by value, or by a label that contains the text. */
async function choose(list, wanted) {
  const options = await list.locator("option").evaluateAll((all) =>
    all.map(({ value, label }) => ({ value, label })),
  );
  const found = options.find((o) => o.value === wanted) ?? options.find((o) => o.label.includes(wanted));
  assert.ok(found, `the list offers ${wanted}`);
  await list.selectOption(found.value);
}

/** Examines the demonstration's disk with the program itself; answers with the results' folder. */
function examineForReal(name, exhibit) {
  const data = dirname(process.env.PENDEEN_ACCOUNTS);
  const images = join(data, "images");
  const folder = `examinations/${name}`;
  const out = ["--out", join(data, folder), "--exhibit", exhibit];
  const known = ["--known", join(images, "known.csv")];
  execFileSync(program, ["examine", join(images, "demo-disk.E01"), ...known, ...out], { stdio: "ignore" });
  return folder;
}

/** Sends the form and says where it led; fails on a refusal with its words. */
async function send(page) {
  await page.locator("main form button[type=submit]").click();
  const refusal = page.locator(".govuk-error-summary");
  if (await refusal.count()) assert.fail(await refusal.innerText());
  await page.getByRole("alert").waitFor();
  return new URL(page.url()).pathname;
}

/** Makes a record on the page that "New" or "Add" leads to. */
async function make(page, kind, fields, picture) {
  await page.goto(`/records/${kind}/new`);
  await fill(page, fields);
  if (picture) await look(page, picture);
  return send(page);
}

/** Does an act that the record's page offers. */
async function act(page, record, label, fields = {}) {
  await page.goto(record);
  await page.getByRole("button", { name: label, exact: true }).click();
  await fill(page, fields);
  return send(page);
}

const id = (address) => address.split("/").pop();
/** A moment some hours away, as a date and time field takes it. */
function moment(hours) {
  const at = new Date(Date.now() + hours * 3_600_000);
  const parts = new Intl.DateTimeFormat("sv-SE", {
    timeZone: "Europe/London",
    dateStyle: "short",
    timeStyle: "short",
  });
  return parts.format(at).replace(" ", "T");
}
const today = () => moment(0).slice(0, 10);

test("a referral becomes a protected child", async (t) => {
  const made = {};
  const intel = await as("intel");

  await t.test("the referral is recorded, read and linked to a subject", async () => {
    await intel.goto("/records/referral/new");
    await fill(intel, { source: "Example Hotline", summary: "Uploads from one account" });
    await intel.locator("main form button[type=submit]").click();
    await intel.getByText("There is a problem").waitFor();
    assert.equal(await intel.locator("#source").inputValue(), "Example Hotline", "kept");
    await look(intel, "form-refused");

    const operation = await intel.goto("/records/operation").then(() =>
      intel.locator("table a").first().getAttribute("href"),
    );
    made.operation = id(operation);
    made.referral = await make(intel, "referral", {
      source: "Example Hotline",
      reference: "HL-9001",
      summary: "Uploads from one account",
      urgent: true,
      operation: made.operation,
    });
    await act(intel, made.referral, "Accept for work");
    made.subject = await make(
      intel,
      "subject",
      {
        name: "Alex Sample",
        date_of_birth: "1980-05-04",
        address: "9 Mill Lane, Okeford",
        suspect: true,
        operation: made.operation,
      },
      "form-subject",
    );
    await act(intel, made.referral, "Link to a subject", { subject: id(made.subject) });
  });

  await t.test("background and risk are recorded, fact apart from opinion", async () => {
    await act(intel, made.subject, "Record background", {
      topic: "access_to_children",
      answer: "yes",
      text: "Lodges with a family with one child.",
      source: "Electoral register",
      date: today(),
      basis: "fact",
    });
    await act(intel, made.subject, "Enter the risk band", {
      band: "high",
      source: "Questionnaire of the force",
      date: today(),
    });
    await intel.goto(made.subject);
    await look(intel, "journey-subject");
    await make(intel, "sensitive_check", { subject: id(made.subject) });
    const screening = await as("screening");
    await screening.goto("/records/sensitive_check?state=pending");
    await screening.locator("main table tr", { hasText: "Alex Sample" }).getByRole("link").click();
    const check = new URL(screening.url()).pathname;
    assert.equal((await intel.goto(check)).status(), 404, "the check is invisible to others");
    await act(screening, check, "Not on the list", { list: "November" });
  });

  await t.test("the package needs three persons and leaves sealed", async () => {
    made.package = await make(intel, "package", {
      subject: id(made.subject),
      destination: DEVON,
      content: "Subscriber of the address from which the uploads came.",
      asked: "Visit, search and establish which children are at risk.",
      source_grade: "1",
      information_grade: "b",
      handling: "c",
    });
    await act(await as("intel2"), made.package, "Assess the risk", { assessment: "High." });
    await act(await as("authoriser"), made.package, "Authorise for dispatch");
    await act(intel, made.package, "Seal and send");
    const desk = await as("desk-devon");
    await act(desk, made.package, "Acknowledge receipt");
    await look(desk, "journey-package");
    assert.match(await desk.locator("main").innerText(), /Sealed bundle \(SHA-256\)\s+[0-9a-f]{64}/);
    const other = await as("desk-lincs");
    assert.equal((await other.goto(made.package)).status(), 404, "another force sees nothing");
  });

  await t.test("the force opens a case, searches under warrant and arrests", async () => {
    const oic = await as("oic-devon");
    made.case = await make(oic, "case", { name: "Sample", package: id(made.package) });
    await act(oic, made.package, "Start work", { case: id(made.case) });
    made.premises = await make(oic, "premises", {
      address: "9 Mill Lane, Okeford",
      postcode: "EX99 9ZY",
      kind: await firstChoice(oic, "premises", "kind"),
    });
    made.warrant = await make(oic, "warrant", {
      case: id(made.case),
      premises: id(made.premises),
      statute: "pca_1978_s4",
      kind: "specific",
      grounds: "Uploads from this address.",
    });
    await act(oic, made.warrant, "Record that it was granted", {
      court: "Example Magistrates' Court",
      granted_on: today(),
    });
    made.search = await make(
      oic,
      "search",
      {
        case: id(made.case),
        premises: id(made.premises),
        power: "warrant",
        warrant: id(made.warrant),
        planned_for: moment(1),
        people: "The subject and a family.",
        children: "yes",
        risks: "None known.",
        team: "Three officers, seals and bags.",
      },
      "form-search",
    );
    await act(oic, made.warrant, "Record an entry", { premises: id(made.premises), at: moment(0) });
    await act(oic, made.search, "Record that it was carried out", {
      at: moment(0),
      result: "One device seized.",
    });
    await make(oic, "arrest", {
      case: id(made.case),
      kind: "arrest",
      at: moment(0),
      place: "9 Mill Lane, Okeford",
      offence: "Making indecent photographs of children",
      suicide_risk: "medium",
      risk_note: "Seen by the healthcare professional.",
      support_offered: true,
    });
  });

  await t.test("the exhibit is examined with the results of a real run", async () => {
    const oic = await as("oic-devon");
    const examiner = await as("examiner-devon");
    made.exhibit = await make(oic, "exhibit", {
      case: id(made.case),
      search: id(made.search),
      reference: "XYZ/1",
      description: "USB stick",
      device: "usb_storage",
      owner: "suspect",
      found: "Desk",
      seized_at: moment(0),
      seal: "S1",
    });
    await act(oic, made.exhibit, "Put into the store", { to: "Store 2", seal: "S1" });
    await act(oic, made.exhibit, "Hand to an examiner", { to: "Examiner", seal: "S1" });
    made.examination = await make(oic, "examination", {
      exhibit: id(made.exhibit),
      scope: "Pictures, live and deleted.",
    });
    await act(examiner, made.examination, "Put into the queue", { examiner: "Ms Spruce, competent" });
    await act(examiner, made.examination, "Start");
    const folder = examineForReal("xyz-1", "XYZ/1");
    await act(examiner, made.examination, "Record the result", { folder });
    await look(examiner, "journey-examination");
    await act(examiner, made.exhibit, "Record that it was examined and sealed again", {
      to: "Store 2",
      seal: "S2",
      explanation: "Opened for examination.",
    });
    await look(examiner, "journey-exhibit");
  });

  await t.test("a known picture is graded and a second person confirms it", async () => {
    const examiner = await as("examiner-devon");
    await examiner.goto(`${made.examination}/items?known=yes`);
    await examiner.getByRole("link", { name: /^Grade/ }).first().click();
    made.grading = await send(examiner);
    await act(examiner, made.grading, "Grade", { category: "c" });
    await act(await as("examiner2-devon"), made.grading, "Confirm");
  });

  await t.test("the child is protected and counted", async () => {
    const safeguarding = await as("safeguarding-devon");
    const figures = await as("figures");
    const before = await safeguarded(figures);
    made.child = await make(safeguarding, "child", {
      case: id(made.case),
      age: "9",
      relation: "Child of the family that the suspect lodges with",
      concern: "Lives in the same house.",
      known_since: moment(-1),
      immediate_risk: true,
    });
    await safeguarding.goto("/children");
    await look(safeguarding, "journey-children-at-risk");
    await safeguarding.goto(`${made.child}/acts/safeguard`);
    await safeguarding.locator("main form button[type=submit]").click();
    await safeguarding.getByText("There is a problem").waitFor();
    await shoot(safeguarding, "safeguard-refused");
    await act(safeguarding, made.child, "Record a protective step", {
      step: "referral",
      at: moment(0),
      note: "Duty team, reference CS-2001.",
    });
    await act(safeguarding, made.child, "The child is not at immediate risk any more", {
      reason: "The suspect may not return.",
    });
    await act(safeguarding, made.child, "Declare the child safeguarded");
    await look(safeguarding, "journey-child-safeguarded");
    assert.equal(await safeguarded(figures), before + 1, "the figure counts the child");
    const oic = await as("oic-devon");
    await oic.goto(made.case);
    await look(oic, "journey-case");
    const sent = oic.getByRole("heading", { name: "Intelligence package: seal and send" });
    assert.equal(await sent.count(), 1, "each moment stands once in the timeline");
  });

  await t.test("the figures are released by two persons", async () => {
    const release = await make(await as("figures"), "figures_release", { name: "November" });
    await act(await as("figures2"), release, "Approve");
    await act(await as("figures"), release, "Publish");
    const figures = await as("figures");
    await look(figures, "journey-release");
    await figures.getByRole("link", { name: "The numbers, to read, print and save" }).click();
    await figures.getByRole("heading", { level: 1, name: "November" }).waitFor();
    await look(figures, "release-numbers");
  });

  await t.test("the auditor sees that the log is whole and who did what", async () => {
    const auditor = await as(account("auditor").username);
    await auditor.goto("/audit");
    await auditor.getByText("The log is whole").waitFor();
    await look(auditor, "journey-audit");
  });
});

/** The value of the first choice that a new record's field offers. */
async function firstChoice(page, kind, name) {
  await page.goto(`/records/${kind}/new`);
  const field = page.locator(`[name="${name}"]`).first();
  const tag = await field.evaluate((e) => e.tagName);
  const values = tag === "SELECT" ? field.locator("option:not([value=''])") : field;
  return values.first().getAttribute("value");
}

/** Children safeguarded in the operation, as the figures page counts them. */
async function safeguarded(page) {
  await page.goto("/figures");
  const row = page.locator("tr", { hasText: "Children whom a safeguarding officer declared" });
  return Number(await row.locator("td").first().innerText());
}
