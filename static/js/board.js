// The number board. Without this module the same form works with check boxes; with it numbers are
// buttons, lines and price are counted while choosing, and the basket survives a refusal or a reload.
// Every word comes from the page (data- attributes), every judgement again from the server.
import { count, money } from "./money.js";
import { betType, isComplete, isEmpty, isSelection, lines, missing, price } from "./selections.js";

const QUOTE_DELAY = 250;

const form = document.querySelector("[data-board]");
if (form) enhance(form);

function enhance(board) {
  const data = board.dataset;
  const words = board.querySelector("[data-words]").dataset;
  const zones = JSON.parse(data.zones);
  const priceOfLine = Number(data.priceFen);
  const capFen = Number(data.capFen);
  const maxMultiplier = Number(data.maxMultiplier);
  const balance = data.balanceFen === "" ? null : Number(data.balanceFen);
  const storageKey = `basket:${data.game}`;
  const token = board.elements.csrfmiddlewaretoken?.value ?? "";
  const find = (name) => board.querySelector(`[data-part="${name}"]`);

  const state = { mode: "multiple", bankers: zones.map(() => []), picks: zones.map(() => []) };
  state.multiplier = 1;
  state.basket = [];
  state.isClosed = false;
  state.added = ""; // the page whose quick pick has joined the basket

  // ---- from check boxes to buttons
  const keys = [];
  for (const [at, zone] of zones.entries()) {
    for (const label of board.querySelectorAll(`[data-zone="${zone.name}"] .key`)) {
      const box = label.querySelector("input");
      const number = Number(box.value);
      const key = document.createElement("button");
      key.type = "button";
      key.className = "key";
      key.textContent = String(number).padStart(2, "0");
      key.dataset.name = key.textContent;
      if (box.checked) state.picks[at].push(number);
      if (box.disabled) {
        key.setAttribute("aria-disabled", "true");
        key.title = words.limited;
        key.addEventListener("click", () => say(`${key.dataset.name}: ${words.limited}`));
      } else {
        key.addEventListener("click", () => press(at, number));
      }
      key.addEventListener("keydown", (event) => move(event, keys));
      label.replaceWith(key);
      keys.push({ at, number, key });
    }
  }
  for (const box of board.querySelectorAll('[name$="_banker"]:checked')) {
    const at = zones.findIndex((zone) => box.name === `${zone.name}_banker`);
    const number = Number(box.value);
    state.bankers[at].push(number);
    state.picks[at] = state.picks[at].filter((other) => other !== number);
  }
  for (const part of board.querySelectorAll("[data-without-script]")) part.remove();

  function current() {
    return {
      t: betType(zones, { b: state.bankers, p: state.picks }),
      b: state.bankers.map(sorted),
      p: state.picks.map(sorted),
      m: state.multiplier,
      q: false,
    };
  }

  // First tap drag, second banker, third off; without bankers the second tap is off.
  function press(at, number) {
    const isPicked = state.picks[at].includes(number);
    const isBanker = state.bankers[at].includes(number);
    const mayBank = state.mode === "banker" && state.bankers[at].length < zones[at].bankers;
    state.picks[at] = state.picks[at].filter((other) => other !== number);
    state.bankers[at] = state.bankers[at].filter((other) => other !== number);
    if (!isPicked && !isBanker) state.picks[at].push(number);
    else if (isPicked && mayBank) state.bankers[at].push(number);
    changed();
  }

  // ---- keeping and restoring
  function keep() {
    const kept = { basket: state.basket, pick: current(), mode: state.mode, added: state.added };
    try {
      sessionStorage.setItem(storageKey, JSON.stringify(kept));
    } catch {
      // Storage may be forbidden; the hidden field still carries the basket.
    }
  }

  function read(text) {
    try {
      return JSON.parse(text) ?? null;
    } catch {
      return null;
    }
  }

  function restore() {
    const isGood = (one) => isSelection(zones, one, maxMultiplier);
    const fromServer = read(board.elements.basket.value);
    let kept = null;
    try {
      kept = read(sessionStorage.getItem(storageKey));
    } catch {
      kept = null;
    }
    const fresh = Array.isArray(fromServer) ? fromServer.filter(isGood) : [];
    const isMore = data.adds === "true";
    if (fresh.length && !isMore) {
      state.basket = fresh;
    } else {
      // A quick pick asked for on another page joins what was kept: once, however often it is shown.
      const page = isMore ? board.elements.request_key.value : "";
      const before = Array.isArray(kept?.basket)
        ? kept.basket.filter((one) => isGood(one) && isComplete(zones, one))
        : [];
      state.basket = page && kept?.added === page ? before : [...before, ...fresh];
      state.added = page;
      if (kept && isEmpty(current()) && isGood(kept.pick)) {
        state.bankers = kept.pick.b;
        state.picks = kept.pick.p;
        state.mode = kept.mode === "banker" ? "banker" : "multiple";
        state.multiplier = kept.pick.m;
      }
    }
    if (state.bankers.some((zone) => zone.length)) state.mode = "banker";
  }

  // ---- deeds
  function clear() {
    state.bankers = zones.map(() => []);
    state.picks = zones.map(() => []);
  }

  function add() {
    const pick = current();
    if (!isComplete(zones, pick)) return;
    state.basket.push(pick);
    state.multiplier = 1;
    clear();
    changed();
  }

  async function quickPick(many, button) {
    button.disabled = true;
    try {
      const body = new URLSearchParams({ count: String(many) });
      const headers = { "X-CSRFToken": token, Accept: "application/json" };
      const answer = await fetch(data.quickPickUrl, { method: "POST", body, headers });
      if (!answer.ok) throw new Error(String(answer.status));
      const { selections } = await answer.json();
      for (const one of selections) state.basket.push({ ...one, m: state.multiplier, q: true });
      state.multiplier = 1;
      say("");
    } catch {
      say(words.offline);
    }
    button.disabled = false;
    changed();
  }

  function say(text) {
    const note = find("note");
    note.hidden = !text;
    note.querySelector("p").textContent = text;
  }

  // ---- drawing
  const fill = (pattern, ...values) => values.reduce((text, value) => text.replace("{}", value), pattern);
  // The same, with the figures in bold.
  function write(place, pattern, ...values) {
    const texts = pattern.split("{}");
    place.replaceChildren(texts[0]);
    for (const [at, value] of values.entries()) {
      place.append(Object.assign(document.createElement("b"), { textContent: value }), texts[at + 1]);
    }
  }

  const plural = (number, one, many) => fill(number === 1 ? one : many, count(number));

  function drawKeys() {
    for (const { at, number, key } of keys) {
      const isBanker = state.bankers[at].includes(number);
      key.setAttribute("aria-pressed", String(isBanker || state.picks[at].includes(number)));
      key.classList.toggle("is-banker", isBanker);
      key.textContent = key.dataset.name;
      if (isBanker) {
        const flag = document.createElement("span");
        flag.className = "key-flag";
        flag.textContent = words.bankerFlag;
        key.append(flag);
      }
    }
    for (const [at, zone] of zones.entries()) {
      const bankers = state.bankers[at].length;
      const picks = state.picks[at].length;
      const place = find(`chosen-${zone.name}`);
      const isBanking = state.mode === "banker" && zone.bankers > 0;
      if (isBanking) write(place, words.bankersDrags, bankers, picks);
      else write(place, picks === 1 ? words.chosenOne : words.chosenMany, picks);
    }
    for (const input of board.querySelectorAll("[name=mode]")) input.checked = input.value === state.mode;
    find("hint-multiple").hidden = state.mode === "banker";
    find("hint-banker").hidden = state.mode !== "banker";
  }

  function ballsOf(selection) {
    const box = document.createElement("span");
    box.className = "balls";
    box.setAttribute("role", "img");
    const spoken = [];
    for (const [at, zone] of zones.entries()) {
      const part = Object.assign(document.createElement("span"), { className: "zone-balls" });
      if (at) put(part, "zone-line", "");
      box.append(part);
      if (selection.b[at].length) {
        put(part, "balls-word", words.bankers);
        for (const number of selection.b[at]) put(part, ballClass(at), two(number));
        put(part, "balls-word", words.drags);
        spoken.push(`${words.bankers} ${selection.b[at].map(two).join(" ")}`);
      }
      for (const number of selection.p[at]) put(part, ballClass(at), two(number));
      spoken.push(`${zone.spoken} ${selection.p[at].map(two).join(" ")}`);
    }
    box.setAttribute("aria-label", spoken.join(", "));
    return box;
  }

  function drawBasket() {
    const list = find("basket");
    const template = board.querySelector("template");
    list.replaceChildren();
    for (const [at, one] of state.basket.entries()) {
      const row = template.content.cloneNode(true);
      const name = one.q ? words.quickPick : { single: words.single, multiple: words.multiple }[one.t];
      const size = plural(lines(zones, one), words.linesOne, words.linesMany);
      row.querySelector("[data-row=type]").textContent = name ?? words.banker;
      row.querySelector("[data-row=lines]").textContent =
        one.m === 1 ? size : fill(words.times, size, one.m);
      row.querySelector("[data-row=price]").textContent = fill(
        words.yuan,
        money(price(zones, one, priceOfLine)),
      );
      row.querySelector("[data-row=balls]").append(ballsOf(one));
      row.querySelector("button").addEventListener("click", () => {
        state.basket.splice(at, 1);
        changed();
        (list.querySelectorAll("button")[at] ?? find("add")).focus();
      });
      list.append(row);
    }
    find("basket-count").textContent = plural(state.basket.length, words.groupsOne, words.groupsMany);
    find("basket-empty").hidden = state.basket.length > 0;
    find("empty-basket").hidden = state.basket.length === 0;
    board.elements.basket.value = JSON.stringify(state.basket);
  }

  function whyNot(pick, total) {
    if (state.isClosed) return words.closed;
    if (!isEmpty(pick)) {
      const needed = missing(zones, pick);
      const at = needed.findIndex((value) => value > 0);
      if (at >= 0) return plural(needed[at], zones[at].needOne, zones[at].needMany);
    }
    if (total > capFen) return words.cap;
    return "";
  }

  function drawSum() {
    const pick = current();
    const here = isComplete(zones, pick) ? lines(zones, pick) : 0;
    const inBasket = state.basket.reduce((sum, one) => sum + lines(zones, one), 0);
    const total =
      state.basket.reduce((sum, one) => sum + price(zones, one, priceOfLine), 0) +
      (here ? price(zones, pick, priceOfLine) : 0);
    const why = whyNot(pick, total);

    find("why").textContent = why;
    find("why").hidden = !why;
    const size = plural(here, words.linesOne, words.linesMany);
    find("facts").hidden = Boolean(why);
    if (here && inBasket) write(find("facts"), words.thisAndBasket, size, count(inBasket));
    else if (here) write(find("facts"), words.thisPick, size);
    else if (inBasket) {
      write(find("facts"), words.inBasket, plural(inBasket, words.linesOne, words.linesMany));
    } else find("facts").textContent = words.nothing;
    find("sum").textContent = fill(words.yuan, money(total));
    const after = find("after");
    if (balance === null) after.textContent = words.logIn;
    else if (total > capFen) after.textContent = "";
    else if (total > balance) after.textContent = fill(words.short, money(total - balance));
    else write(after, words.after, money(balance - total));
    find("confirm").disabled = Boolean(why) || total === 0;
    board.dispatchEvent(new CustomEvent("summed", { detail: { total } }));
    find("add").disabled = !here || state.isClosed;
    for (const step of board.querySelectorAll("[data-step]")) {
      const next = state.multiplier + Number(step.dataset.step);
      step.disabled = next < 1 || next > maxMultiplier;
    }
    const times = board.elements.multiplier;
    // A field that is being emptied to type another figure is left alone.
    if (document.activeElement !== times || times.value) times.value = state.multiplier;
    drawOdds(pick, here, inBasket);
  }

  // ---- odds: first prize counted here, any prize by the server, answers in order
  let timer = 0;
  let asked = null;

  function drawOdds(pick, here, inBasket) {
    const judged = here ? [pick] : isEmpty(pick) ? state.basket : [];
    const many = here || (judged.length ? inBasket : 0);
    clearTimeout(timer);
    asked?.abort();
    find("odds-note").hidden = true;
    find("odds-title").textContent = many
      ? fill(many === 1 ? words.oddsOne : words.oddsMany, count(many))
      : words.oddsLine;
    if (!many) {
      find("odds-first").textContent = `1 / ${count(Number(data.totalLines))}`;
      find("odds-any").textContent = `1 / ${data.anyOneIn}`;
      return;
    }
    const isExact = judged.length === 1;
    find("odds-first").textContent = isExact
      ? `1 / ${count(Math.round(Number(data.totalLines) / many))}`
      : "…";
    find("odds-any").textContent = "…";
    // Above the cap there is no such ticket, and nothing to ask about.
    const cost = judged.reduce((sum, one) => sum + price(zones, one, priceOfLine), 0);
    if (cost > capFen) sayUnknown();
    else if (data.quoteUrl) timer = setTimeout(() => quote(judged), QUOTE_DELAY);
  }

  async function quote(judged) {
    asked = new AbortController();
    const { signal } = asked;
    try {
      const answer = await fetch(data.quoteUrl, {
        method: "POST",
        body: JSON.stringify({ draw: data.draw, selections: judged }),
        headers: { "Content-Type": "application/json", "X-CSRFToken": token },
        signal,
      });
      if (!answer.ok) throw new Error(String(answer.status));
      const odds = await answer.json();
      find("odds-first").textContent = `1 / ${count(odds.first_one_in)}`;
      const isCounted = odds.any_one_in !== null;
      find("odds-any").textContent = isCounted ? `1 / ${odds.any_one_in}` : words.oddsNotCounted;
      find("odds-note").textContent = odds.why_not ?? "";
      find("odds-note").hidden = isCounted;
    } catch {
      if (signal.aborted) return;
      sayUnknown();
    }
  }

  function sayUnknown() {
    if (find("odds-first").textContent === "…") find("odds-first").textContent = words.oddsUnknown;
    find("odds-any").textContent = words.oddsUnknown;
  }

  function changed() {
    drawKeys();
    drawBasket();
    drawSum();
    keep();
  }

  // ---- wiring
  for (const input of board.querySelectorAll("[name=mode]")) {
    input.addEventListener("change", () => {
      state.mode = input.value;
      if (state.mode !== "banker") {
        state.picks = state.picks.map((zone, at) => [...zone, ...state.bankers[at]]);
        state.bankers = zones.map(() => []);
      }
      changed();
    });
  }
  board.elements.multiplier.addEventListener("input", (event) => {
    const typed = Math.trunc(Number(event.target.value));
    if (typed < 1) return;
    state.multiplier = Math.min(typed, maxMultiplier);
    drawSum();
    keep();
  });
  board.elements.multiplier.addEventListener("change", (event) => {
    const typed = Math.trunc(Number(event.target.value)) || 1;
    state.multiplier = Math.min(Math.max(typed, 1), maxMultiplier);
    changed();
  });
  for (const step of board.querySelectorAll("[data-step]")) {
    step.addEventListener("click", () => {
      state.multiplier += Number(step.dataset.step);
      changed();
    });
  }
  for (const button of board.querySelectorAll("[name=action]")) {
    const deed = button.value;
    if (deed === "confirm") continue;
    button.addEventListener("click", (event) => {
      event.preventDefault();
      if (deed === "add") add();
      else if (deed.startsWith("quick-pick-")) quickPick(Number(deed.slice(11)), button);
      else if (deed === "clear" || deed === "empty-basket") {
        if (deed === "clear") clear();
        else state.basket = [];
        changed();
      }
    });
  }
  board.addEventListener("submit", () => {
    const pick = current();
    const all = isComplete(zones, pick) ? [...state.basket, pick] : state.basket;
    board.elements.basket.value = JSON.stringify(all);
    keep();
  });
  // Coming back from the confirmation page shows the board as it was left.
  addEventListener("pageshow", (event) => {
    if (event.persisted) changed();
  });
  document.addEventListener("countdown", ({ detail }) => {
    const soon = find("soon");
    if (soon) soon.hidden = detail.left === 0 || detail.left > 5 * 60 * 1000;
    if (detail.left === 0 && !state.isClosed) {
      state.isClosed = true;
      drawSum();
    }
  });

  restore();
  changed();
}

function sorted(numbers) {
  return [...numbers].sort((one, other) => one - other);
}

function two(number) {
  return String(number).padStart(2, "0");
}

function ballClass(zone) {
  return zone ? "ball ball--blue" : "ball";
}

function put(box, className, text) {
  box.append(Object.assign(document.createElement("span"), { className, textContent: text }));
}

// Arrow keys walk the board; tab still reaches every number.
function move(event, keys) {
  const steps = { ArrowLeft: -1, ArrowRight: 1 };
  const at = keys.findIndex((one) => one.key === event.currentTarget);
  let next = -1;
  if (event.key in steps) next = at + steps[event.key];
  if (event.key === "ArrowUp" || event.key === "ArrowDown") {
    const here = event.currentTarget.getBoundingClientRect();
    const isBelow = event.key === "ArrowDown";
    let best = Infinity;
    for (const [index, one] of keys.entries()) {
      const place = one.key.getBoundingClientRect();
      const down = isBelow ? place.top - here.top : here.top - place.top;
      if (down < here.height / 2) continue;
      const distance = down * 4 + Math.abs(place.left - here.left);
      if (distance < best) [best, next] = [distance, index];
    }
  }
  if (next < 0 || next >= keys.length) return;
  event.preventDefault();
  keys[next].key.focus();
}
