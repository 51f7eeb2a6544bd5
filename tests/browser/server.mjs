// Servers that the browser tests start: a free port, waiting until one answers and until it ended.

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

/** Ends a server and waits until it wrote what it still had to. */
export function ended(server) {
  return new Promise((done) => {
    if (server.exitCode !== null) return done();
    server.once("exit", done);
    server.kill("SIGTERM");
  });
}
