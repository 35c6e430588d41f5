// The number board. Without this module the same form works with check boxes; with it numbers are
// buttons, lines and price are counted while choosing, and the basket survives a refusal or a reload.
// Every word comes from the page (data- attributes), every judgement again from the server.
import * as cart from "./cart.js";
import { count, money } from "./money.js";
import {
  betType, isComplete, isEmpty, isSelection, lines, missing, playOf, price,
} from "./selections.js";

const QUOTE_DELAY = 250;

const form = document.querySelector("[data-board]");
if (form) enhance(form);

function enhance(board) {
  const data = board.dataset;
  const words = board.querySelector("[data-words]").dataset;
  const rules = JSON.parse(data.rules);
  const { way } = rules;
  const places = rules.plays[way.play].places;
  const zones = way.isOneSet ? places.slice(0, 1) : places; // those that the board shows
  const capFen = Number(data.capFen);
  const maxMultiplier = Number(data.maxMultiplier);
  const balance = data.balanceFen === "" ? null : Number(data.balanceFen);
  const token = board.elements.csrfmiddlewaretoken?.value ?? "";
  const find = (name) => board.querySelector(`[data-part="${name}"]`);

  const state = { mode: "multiple", bankers: zones.map(() => []), picks: zones.map(() => []) };
  state.multiplier = 1;
  state.isDearer = board.elements.extra?.checked ?? false;
  state.basket = [];
  state.others = cart.others(data.game, cart.parsed(data.others) ?? []);
  state.isClosed = false;
  state.added = ""; // the page whose quick pick has joined the basket
  state.why = { of: "", text: "" }; // what the server says of a pick that is no bet

  // ---- from check boxes to buttons
  const keys = [];
  for (const [at, zone] of zones.entries()) {
    for (const label of board.querySelectorAll(`[data-zone="${zone.name}"] .key`)) {
      const box = label.querySelector("input");
      const number = Number(box.value);
      const key = document.createElement("button");
      key.type = "button";
      key.className = "key";
      key.textContent = label.textContent.trim();
      key.dataset.name = key.textContent;
      if (box.checked) state.picks[at].push(number);
      key.addEventListener("click", () => press(at, number));
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
    const whole = (lists) => (way.isOneSet ? places.map(() => sorted(lists[0])) : lists.map(sorted));
    const pick = { b: whole(state.bankers), p: whole(state.picks), m: state.multiplier, q: false };
    const bought = state.isDearer && way.dearer ? way.dearer : way;
    return { t: betType(rules, bought, pick), ...pick };
  }

  // First tap drag, second banker, third off; without bankers the second tap is off. Where a place
  // takes one number, another takes its place.
  function press(at, number) {
    const isPicked = state.picks[at].includes(number);
    const isBanker = state.bankers[at].includes(number);
    const { bankers, most } = way.tells[at];
    const mayBank = state.mode === "banker" && state.bankers[at].length < bankers;
    state.picks[at] = state.picks[at].filter((other) => other !== number);
    state.bankers[at] = state.bankers[at].filter((other) => other !== number);
    if (!isPicked && !isBanker) state.picks[at] = most === 1 ? [number] : [...state.picks[at], number];
    else if (isPicked && mayBank) state.bankers[at].push(number);
    changed();
  }

  // ---- keeping and restoring
  function keep() {
    // What was chosen on the boards of other ways waits there, unless it lies in the basket by now.
    const lies = new Set(state.basket.map((one) => JSON.stringify([one.t, one.b, one.p])));
    const before = Object.entries(cart.kept(data.game)?.picks ?? {});
    const waiting = before.filter(([, one]) => !lies.has(JSON.stringify([one?.t, one?.b, one?.p])));
    const pick = current();
    cart.keep(data.game, {
      basket: state.basket,
      picks: { ...Object.fromEntries(waiting), [way.code]: { ...pick, mode: state.mode } },
      isDearer: state.isDearer,
      added: state.added,
      name: data.name,
      lines: state.basket.reduce((sum, one) => sum + lines(rules, one), 0),
      fen: state.basket.reduce((sum, one) => sum + price(rules, one), 0),
    });
  }

  function restore() {
    const isGood = (one) => isSelection(rules, one, maxMultiplier);
    const fromServer = cart.parsed(board.elements.basket.value);
    const kept = cart.kept(data.game);
    const fresh = Array.isArray(fromServer) ? fromServer.filter(isGood) : [];
    const isMore = data.adds === "true";
    if (fresh.length && !isMore) {
      state.basket = fresh;
    } else {
      // A quick pick asked for on another page joins what was kept: once, however often it is shown.
      const page = isMore ? board.elements.request_key.value : "";
      const before = Array.isArray(kept?.basket)
        ? kept.basket.filter((one) => isGood(one) && isComplete(rules, one))
        : [];
      state.basket = page && kept?.added === page ? before : [...before, ...fresh];
      state.added = page;
      const pick = kept?.picks?.[way.code];
      if (isEmpty(current()) && isGood(pick)) {
        state.bankers = pick.b.slice(0, zones.length);
        state.picks = pick.p.slice(0, zones.length);
        state.mode = pick.mode === "banker" && way.banker.length ? "banker" : "multiple";
        state.multiplier = pick.m;
      }
      if (way.dearer && kept?.isDearer === true) state.isDearer = true;
    }
    for (const input of board.querySelectorAll("[name=mode]:checked")) {
      if (isEmpty(current())) state.mode = input.value;
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
    if (!isComplete(rules, pick)) return;
    state.basket.push(pick);
    state.multiplier = 1;
    clear();
    changed();
  }

  async function quickPick(many, button) {
    button.disabled = true;
    try {
      const bought = state.isDearer && way.dearer ? way.dearer : way;
      const body = new URLSearchParams({ count: String(many), bet_type: bought.code });
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
      const isBanking = state.mode === "banker" && way.tells[at].bankers > 0;
      if (isBanking) write(place, words.bankersDrags, bankers, picks);
      else write(place, picks === 1 ? words.chosenOne : words.chosenMany, picks);
    }
    for (const input of board.querySelectorAll("[name=mode]")) input.checked = input.value === state.mode;
    find("hint-multiple").hidden = state.mode === "banker";
    if (find("hint-banker")) find("hint-banker").hidden = state.mode !== "banker";
    if (board.elements.extra) board.elements.extra.checked = state.isDearer;
    for (const row of board.querySelectorAll("[data-extra]")) row.hidden = !state.isDearer;
    const bought = state.isDearer && way.dearer ? way.dearer : way;
    const perLine = rules.bets[bought.code].price;
    find("line-price").textContent = fill(words.linePrice, money(perLine).replace(/\.00$/, ""));
  }

  function ballsOf(selection) {
    const box = document.createElement("span");
    box.className = "balls";
    box.setAttribute("role", "img");
    const spoken = [];
    const shown = rules.bets[selection.t].isOneSet ? 1 : selection.p.length;
    for (const [at, place] of playOf(rules, selection).places.slice(0, shown).entries()) {
      const part = Object.assign(document.createElement("span"), { className: "zone-balls" });
      if (at) put(part, "zone-line", "");
      box.append(part);
      const name = shown < selection.p.length ? words.oneSet : place.spoken;
      const said = (number) => place.words[number] ?? written(place, number);
      const ball = (number) => {
        if (place.words[number]) put(part, "choice", place.words[number]);
        else put(part, place.isBlue ? "ball ball--blue" : "ball", written(place, number));
      };
      if (place.showsName && shown > 1) put(part, "place-word", place.spoken);
      if (selection.b[at].length) {
        put(part, "balls-word", words.bankers);
        selection.b[at].forEach(ball);
        put(part, "balls-word", words.drags);
        spoken.push(`${words.bankers} ${selection.b[at].map(said).join(" ")}`);
      }
      selection.p[at].forEach(ball);
      if (!selection.p[at].length) put(part, "balls-word", "—");
      spoken.push(`${name} ${selection.p[at].map(said).join(" ") || "—"}`);
    }
    box.setAttribute("aria-label", spoken.join(", "));
    return box;
  }

  function drawBasket() {
    const list = find("basket");
    const template = board.querySelector("[data-basket-row]");
    list.replaceChildren();
    for (const [at, one] of state.basket.entries()) {
      const row = template.content.cloneNode(true);
      const { name } = rules.bets[one.t];
      const quick = Object.keys(rules.plays).length > 1 ? words.quickPickOf : words.quickPick;
      const size = plural(lines(rules, one), words.linesOne, words.linesMany);
      row.querySelector("[data-row=type]").textContent = one.q ? fill(quick, name) : name;
      row.querySelector("[data-row=lines]").textContent =
        one.m === 1 ? size : fill(words.times, size, one.m);
      row.querySelector("[data-row=price]").textContent = fill(
        words.yuan,
        money(price(rules, one)),
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
    drawOthers();
  }

  function drawOthers() {
    const list = find("others-list");
    const template = board.querySelector("[data-other-row]");
    list.replaceChildren();
    for (const [code, one] of state.others) {
      const row = template.content.cloneNode(true);
      row.querySelector("[data-row=name]").textContent = one.name;
      row.querySelector("[data-row=whose]").textContent = one.name;
      row.querySelector("[data-row=groups]").textContent =
        plural(one.groups, words.groupsOne, words.groupsMany);
      row.querySelector("[data-row=price]").textContent = fill(words.yuan, money(one.fen));
      row.querySelector("button").addEventListener("click", () => {
        state.others.delete(code);
        cart.drop(code);
        changed();
        find("add").focus();
      });
      list.append(row);
    }
    find("others").hidden = state.others.size === 0;
    board.elements.cart.value = cart.written(state.others);
  }

  function whyNot(pick, total) {
    if (state.isClosed) return words.closed;
    if (!isEmpty(pick)) {
      const needed = missing(rules, pick);
      const at = zones.findIndex((_zone, place) => needed[place] > 0);
      if (at >= 0) return fill(way.tells[at].need, count(needed[at]));
      const told = state.why.of === JSON.stringify(pick) ? state.why.text : "";
      if (told || !isComplete(rules, pick)) return told || words.noBet;
    }
    if (total > capFen) return words.cap;
    return "";
  }

  function drawSum() {
    const pick = current();
    const here = isComplete(rules, pick) ? lines(rules, pick) : 0;
    const inBasket = state.basket.reduce((sum, one) => sum + lines(rules, one), 0);
    const own =
      state.basket.reduce((sum, one) => sum + price(rules, one), 0) + (here ? price(rules, pick) : 0);
    const beside = [...state.others.values()].reduce((sum, one) => sum + one.fen, 0);
    const total = own + beside;
    const why = whyNot(pick, own);

    find("why").textContent = why;
    find("why").hidden = !why;
    const size = plural(here, words.linesOne, words.linesMany);
    find("facts").hidden = Boolean(why);
    if (here && inBasket) write(find("facts"), words.thisAndBasket, size, count(inBasket));
    else if (here) write(find("facts"), words.thisPick, size);
    else if (inBasket) {
      write(find("facts"), words.inBasket, plural(inBasket, words.linesOne, words.linesMany));
    } else if (beside) write(find("facts"), words.beside, money(beside));
    else find("facts").textContent = words.nothing;
    find("sum").textContent = fill(words.yuan, money(total));
    Object.assign(find("sum").dataset, { own, beside });
    const after = find("after");
    if (balance === null) after.textContent = words.logIn;
    else if (own > capFen) after.textContent = "";
    else if (total > balance) after.textContent = fill(words.short, money(total - balance));
    else write(after, words.after, money(balance - total));
    find("confirm").disabled = Boolean(why) || total === 0;
    board.dispatchEvent(new CustomEvent("summed"));
    find("add").disabled = !here || state.isClosed || state.why.of === JSON.stringify(pick);
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
    // The best prize is that of the board; of a basket with other ways to bet it would be untrue.
    const own = [way.play, way.dearer?.play];
    const isMixed = judged.some((one) => !own.includes(rules.bets[one.t].play));
    for (const row of board.querySelectorAll("[data-odds-top]")) row.hidden = isMixed;
    find("odds-title").textContent = many
      ? fill(many === 1 ? words.oddsOne : words.oddsMany, count(many))
      : words.oddsLine;
    if (!many) {
      find("odds-first").textContent = `1 / ${data.firstOneIn}`;
      find("odds-any").textContent = data.anyOneIn ? `1 / ${data.anyOneIn}` : words.depends;
      for (const cell of board.querySelectorAll("[data-tier]")) {
        cell.textContent = `1 / ${cell.dataset.oneIn}`;
      }
      // Numbers that make no bet although none is missing: the server says what is wrong with them.
      const isWrong = !isEmpty(pick) && missing(rules, pick).every((some) => some === 0);
      const told = state.why.of === JSON.stringify(pick);
      if (isWrong && !told && data.quoteUrl) timer = setTimeout(() => explain(pick), QUOTE_DELAY);
      return;
    }
    const whole = judged.length === 1 ? playOf(rules, judged[0]).whole : null;
    find("odds-first").textContent = whole ? `1 / ${oneIn(whole / many)}` : "…";
    find("odds-any").textContent = "…";
    for (const cell of board.querySelectorAll("[data-tier]")) cell.textContent = "…";
    // Above the cap there is no such ticket, and nothing to ask about.
    const cost = judged.reduce((sum, one) => sum + price(rules, one), 0);
    const isRefused = here > 0 && state.why.of === JSON.stringify(pick);
    if (cost > capFen || isRefused) sayUnknown();
    else if (data.quoteUrl) timer = setTimeout(() => quote(judged), QUOTE_DELAY);
  }

  function ask(judged, query = "") {
    asked = new AbortController();
    return fetch(data.quoteUrl + query, {
      method: "POST",
      body: JSON.stringify({ draw: data.draw, selections: judged }),
      headers: { "Content-Type": "application/json", "X-CSRFToken": token },
      signal: asked.signal,
    });
  }

  async function explain(pick) {
    try {
      const answer = await ask([pick], "?explain");
      if (!answer.ok) return;
      const { detail } = await answer.json();
      if (!detail) return;
      state.why = { of: JSON.stringify(pick), text: detail };
      drawSum();
    } catch {
      // Offline or asked anew: the general words stand.
    }
  }

  async function quote(judged) {
    const pending = ask(judged);
    const { signal } = asked;
    try {
      const answer = await pending;
      // A pick that cannot be bought in this draw, such as a limited line, is told before it is paid.
      if (answer.status === 409 && JSON.stringify(judged) === JSON.stringify([current()])) {
        const { detail } = await answer.json();
        if (detail) {
          state.why = { of: JSON.stringify(judged[0]), text: detail };
          drawSum();
          return;
        }
      }
      if (!answer.ok) throw new Error(String(answer.status));
      const odds = await answer.json();
      find("odds-first").textContent = odds.first_one_in
        ? `1 / ${odds.first_one_in}`
        : words.oddsNotCounted;
      const isCounted = odds.any_one_in !== null;
      find("odds-any").textContent = isCounted ? `1 / ${odds.any_one_in}` : words.oddsNotCounted;
      find("odds-note").textContent = odds.why_not ?? "";
      find("odds-note").hidden = isCounted;
      for (const cell of board.querySelectorAll("[data-tier]")) {
        const one = odds.tiers?.[cell.dataset.tier];
        cell.textContent = one ? `1 / ${one}` : "—";
      }
    } catch {
      if (signal.aborted) return;
      sayUnknown();
    }
  }

  function sayUnknown() {
    if (find("odds-first").textContent === "…") find("odds-first").textContent = words.oddsUnknown;
    find("odds-any").textContent = words.oddsUnknown;
    for (const cell of board.querySelectorAll("[data-tier]")) cell.textContent = "—";
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
  board.elements.extra?.addEventListener("change", (event) => {
    state.isDearer = event.target.checked;
    changed();
  });
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
      else if (deed.startsWith("way-")) go(`${board.getAttribute("action")}?bet=${deed.slice(4)}`);
      else if (button.dataset.goto) go(button.dataset.goto);
      else if (deed === "clear" || deed === "empty-basket") {
        if (deed === "clear") clear();
        else state.basket = [];
        changed();
      }
    });
  }
  function go(address) {
    keep();
    location.assign(address);
  }
  board.addEventListener("submit", () => {
    const pick = current();
    const all = isComplete(rules, pick) ? [...state.basket, pick] : state.basket;
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

function written(place, number) {
  return place.isDigit ? String(number) : String(number).padStart(2, "0");
}

// As the server writes it: whole from a hundred on, below it to a tenth, rounded up.
function oneIn(value) {
  if (value >= 100) return count(Math.ceil(value));
  return String(Math.ceil(value * 10) / 10);
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
