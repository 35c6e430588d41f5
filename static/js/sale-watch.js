// A basket that stands open asks every few seconds whether it can still be paid for: a switch, an
// ended licence, a cancelled draw is told with its reason, and the buttons that pay rest meanwhile.
// The database judges each sale in any case; this only spares people a vain step.
const EVERY = 3000;

for (const note of document.querySelectorAll("[data-sale-watch]")) watch(note);

function watch(note) {
  const { saleWatch, draw, closes, moved } = note.dataset;
  const address = `${saleWatch}?draw=${encodeURIComponent(draw)}`;
  const said = note.querySelector("[data-part=text]");
  let resting = [];

  function say(text) {
    if (!note.hidden && said.textContent === text) return;
    said.textContent = text;
    note.hidden = false;
  }

  function stop(text) {
    say(text);
    const form = note.closest("form") ?? note.parentElement.querySelector("form[method=post]");
    const buttons = form?.querySelectorAll('button.btn--primary, button[value="confirm"]') ?? [];
    for (const button of buttons) {
      if (button.disabled) continue; // rests already, or for a reason of its own
      button.disabled = true;
      resting.push(button);
    }
  }

  function goOn() {
    note.hidden = true;
    for (const button of resting) button.disabled = false;
    resting = [];
  }

  async function ask() {
    if (document.hidden) return;
    let answer;
    try {
      const response = await fetch(address, { headers: { Accept: "application/json" } });
      if (!response.ok) return;
      answer = await response.json();
    } catch {
      return; // offline or away: the next question, or the sale itself, says so
    }
    if (!answer.is_open) stop(answer.text);
    else if (Date.parse(answer.closes_at) !== Date.parse(closes)) say(moved);
    else if (!note.hidden) goOn();
  }

  setInterval(ask, EVERY);
  document.addEventListener("visibilitychange", ask);
}
