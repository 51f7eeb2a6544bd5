// Servers that the browser tests start: a free port, and waiting until one answers.

import { createServer } from "node:net";

export function freePort() {
  return new Promise((done, failed) => {
    const probe = createServer();
    probe.once("error", failed);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });
}

export async function answers(url, server) {
  const until = Date.now() + 30_000;
  while (Date.now() < until && server.exitCode === null) {
    const answer = await fetch(url).catch(() => null);
    if (answer?.ok) return;
    await new Promise((later) => setTimeout(later, 100));
  }
  throw new Error(`the server does not answer at ${url}`);
}
