// Tells what newly waits while a page is open: the badge in the header, by server-sent events.
//
// In: the badge that the page came with. Out: the badge kept right. A hidden page listens to
// nothing, because a browser opens few connections to one site; a page without scripts, or one
// whose stream is refused, keeps the number it came with.

const badge = document.getElementById("notices");
const told = document.getElementById("notices-told");
const address = badge?.dataset.stream;
let stream: EventSource | undefined;

function show(event: MessageEvent<string>): void {
  const count = Number.parseInt(event.data, 10);
  const number = badge?.querySelector("strong");
  if (!badge || !number || !Number.isFinite(count)) return;
  const before = Number.parseInt(number.textContent ?? "0", 10);
  number.textContent = String(count);
  badge.hidden = count === 0;
  if (told && count > before) told.textContent = `${count} new for you`;
}

function listen(): void {
  if (document.hidden) {
    stream?.close();
    stream = undefined;
  } else if (address && !stream) {
    stream = new EventSource(address);
    stream.addEventListener("waiting", show);
  }
}

document.addEventListener("visibilitychange", listen);
listen();

export {};
