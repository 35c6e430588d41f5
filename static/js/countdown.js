// Time left by the server's clock (F038). The device's clock is never asked: the page carries the
// server's time, and what has passed since is measured by the monotonic clock of the page.

const LONGEST_TIMER = 1000;

export function millisecondsLeft(closesAt, serverNow, elapsed) {
  return Math.max(0, closesAt - serverNow - elapsed);
}

export function clock(milliseconds) {
  const seconds = Math.ceil(milliseconds / 1000);
  const two = (value) => String(value).padStart(2, "0");
  const days = Math.floor(seconds / 86400);
  const rest = seconds % 86400;
  return [days, `${two(Math.floor(rest / 3600))}:${two(Math.floor(rest / 60) % 60)}:${two(rest % 60)}`];
}

// The server wrote its time while answering: count from when the answer began to arrive.
function pageBegan() {
  const [entry] = performance.getEntriesByType("navigation");
  return entry && entry.responseStart > 0 ? entry.responseStart : 0;
}

function show(element, left) {
  if (left === 0) {
    element.textContent = element.dataset.over;
    return;
  }
  const [days, text] = clock(left);
  element.classList.toggle("countdown--days", days > 0);
  if (days === 0) {
    element.textContent = text;
    return;
  }
  const pattern = days === 1 ? element.dataset.daysOne : element.dataset.daysMany;
  element.textContent = pattern.replace(/^\d+/, String(days)).replace(/\d\d:\d\d:\d\d/, text);
}

function run(element) {
  const closesAt = Date.parse(element.dataset.closesAt);
  const serverNow = Date.parse(element.dataset.serverNow);
  const began = pageBegan();
  let last = Infinity;
  const tick = () => {
    const left = millisecondsLeft(closesAt, serverNow, performance.now() - began);
    show(element, left);
    element.dispatchEvent(
      new CustomEvent("countdown", { bubbles: true, detail: { left, was: last } }),
    );
    last = left;
    if (left > 0) setTimeout(tick, Math.min(LONGEST_TIMER, left % 1000 || LONGEST_TIMER));
  };
  tick();
}

for (const element of document.querySelectorAll("[data-countdown]")) run(element);

// A page taken from the back-forward cache has an old server time.
addEventListener("pageshow", (event) => {
  if (event.persisted && document.querySelector("[data-countdown]")) location.reload();
});
