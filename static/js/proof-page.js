// Shows a check on a page: the box [data-proof] with its button, the words of [data-proof-words],
// the proof in #proof-data and, on our own pages, the published keys in #proof-keys. On the public
// page a form [data-proof-form] takes what a person brings. A saved page checks itself.
(function () {
  "use strict";

  const { Proof } = self;
  const box = document.querySelector("[data-proof]");
  const words = document.querySelector("[data-proof-words]");
  if (!Proof || !Proof.check || !box || !words) return;
  const body = box.querySelector("[data-proof-result]");
  const button = box.querySelector("[data-proof-check]");
  const held = (id) => {
    const found = document.getElementById(id);
    return found ? JSON.parse(found.textContent) : undefined;
  };
  const published = held("proof-keys");

  function word(name, values) {
    const found = words.content.querySelector(`[data-word="${name}"]`);
    const text = found ? found.textContent.trim() : "";
    return text.replace(/\{(\w+)\}/g, (_all, key) => (values || {})[key]);
  }

  const drawn = (name) => words.content.querySelector(`[data-word="${name}"] svg`).cloneNode(true);

  function element(tag, name, ...children) {
    const made = document.createElement(tag);
    if (name) made.className = name;
    made.append(...children);
    return made;
  }

  function fill(parent, ...children) {
    parent.textContent = "";
    parent.append(...children);
  }

  const count = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, ",");
  const groups = (text) => text.match(/.{1,8}/g) || [];

  function hash(text, other) {
    const theirs = groups(other || "");
    const spans = groups(text).map((group, at) => {
      return element("span", other !== undefined && theirs[at] !== group ? "differs" : "", group);
    });
    return element("code", "hash", element("span", "hash-text", ...spans));
  }

  // A moment on a Shanghai clock, to the second.
  const local = (moment) =>
    new Date(moment.getTime() + 8 * 3600e3).toISOString().slice(0, 19).replace("T", " ");

  // The name of a bet, and how its places look; of a game that this page does not know, its code.
  function betOf(pick, game) {
    const found = words.content.querySelector(`[data-word="bet-${game}-${pick.type}"]`);
    if (!found) return { name: pick.type, places: [] };
    return { name: found.textContent.trim(), places: JSON.parse(found.dataset.places) };
  }

  function balls(pick, game) {
    const bet = betOf(pick, game);
    const spoken = [];
    const places = pick.places.map((place, at) => {
      const face = bet.places[at] || { name: "", words: {} };
      const written = (number) => (face.isDigit ? String(Number(number)) : number);
      const said = (number) => face.words[Number(number)] || written(number);
      const ball = (number) => {
        const chosen = face.words[Number(number)];
        if (!chosen) return [element("span", `ball${face.isBlue ? " ball--blue" : ""}`, written(number))];
        return [element("span", "choice", chosen), element("span", "ball ball--code", number)];
      };
      const row = element("span", "zone-balls");
      if (at) row.append(element("span", "zone-line"));
      if (face.showsName) row.append(element("span", "place-word", face.name));
      if (place.bankers.length) {
        const title = (text) => element("span", "balls-word", text);
        row.append(title(word("bankers")), ...place.bankers.flatMap(ball), title(word("drags")));
        spoken.push(`${face.name} ${word("bankers")} ${place.bankers.map(said).join(" ")}`);
      }
      row.append(...place.numbers.flatMap(ball));
      if (!place.numbers.length) row.append(element("span", "balls-word", "—"));
      spoken.push(`${face.name} ${place.numbers.map(said).join(" ") || "—"}`.trim());
      return row;
    });
    const shown = element("span", "balls balls--28", ...places);
    shown.setAttribute("role", "img");
    shown.setAttribute("aria-label", spoken.join(", "));
    const title = element("span", "small second", `${bet.name} `);
    const line = element("p", "proof-pick", title, shown);
    if (pick.times > 1) line.append(element("span", "small second", ` × ${pick.times}`));
    return line;
  }

  function tagOf(ok) {
    const tone = ok ? "done" : ok === null ? "attention" : "wrong";
    const sign = drawn(ok ? "icon-check" : "icon-alert");
    return element("span", `tag tone-${tone}`, sign, word(`tag-${tone}`));
  }

  function details(name, told) {
    if (name === "ticket" && told.ticket) {
      const title = element("h4", "small", word("fingerprint"));
      const game = told.ticket.draw.split("-")[0];
      const picks = told.ticket.picks.map((pick) => balls(pick, game));
      return [...picks, title, hash(told.leaf)];
    }
    if (name === "root") {
      if (told.computed === told.published) return [hash(told.computed)];
      const title = element("h4", "small", word("published-root"));
      return [hash(told.computed, told.published), title, hash(told.published)];
    }
    return [];
  }

  function stepOf({ name, ok }, told) {
    const source = name === "keys" && ok ? (published ? "-published" : "-file") : "";
    const outcome = ok ? `good${source}` : ok === null ? "unable" : "bad";
    const text = word(`${name}-${outcome}`, told.words) || word(`any-${outcome}`);
    const title = element("h3", "", word(`${name}-title`), " ", tagOf(ok));
    const kind = ok ? "is-good" : ok === null ? "" : "is-bad";
    const item = element("li", kind, title, element("p", "small second", text));
    item.append(...(ok === null ? [] : details(name, told)));
    item.dataset.step = name;
    item.dataset.ok = String(ok);
    return item;
  }

  function facts(told, took) {
    const { ticket, statement } = told;
    const code = (ticket ? ticket.ticket : told.code || "").replace(/(.{4})(?=.)/g, "$1-");
    const rows = [["code", code]];
    if (ticket) {
      const yuan = `${count(Math.floor(ticket.fen / 100))}.${String(ticket.fen + 1e3).slice(-2)}`;
      rows.push(["draw", ticket.draw], ["price", word("yuan", { amount: yuan })]);
      rows.push(["sold", local(ticket.sold)]);
    }
    for (const name of ["closed_at", "sealed_at"]) {
      if (statement[name]) rows.push([name, local(new Date(statement[name]))]);
    }
    rows.push(["checked", word("took", { at: local(new Date()), took })]);
    const list = rows.map(([name, value]) =>
      element("div", "", element("dt", "", word(`fact-${name}`)), element("dd", "", value))
    );
    return element("dl", "kv small", ...list);
  }

  function mark(root) {
    const made = drawn("seal-mark");
    const lines = made.querySelectorAll("text");
    [root.slice(0, 4), root.slice(4, 8)].forEach((text, at) => (lines[at].textContent = text));
    made.setAttribute("aria-label", word("seal", { root: root.slice(0, 8) }));
    return made;
  }

  function head(kind, name, sign) {
    box.className = `card proof proof--${kind}`;
    const told = element("div", "", element("h2", "", word(`${name}-title`)));
    told.append(element("p", "", word(`${name}-text`)));
    fill(box.querySelector("[data-proof-head]"), sign, told);
  }

  const disc = (name) => element("span", "disc disc--surface", drawn(name));

  function show(told, took) {
    const failed = told.steps.filter((one) => one.ok === false).map((one) => one.name);
    const about = told.computed || told.published ? "" : "receipt-";
    const isRoot = failed.some((name) => name === "path" || name === "root");
    const keys = Array.isArray(told.keys) ? told.keys.map((key) => key && key.key_id) : [];
    const [serial, tickets] = [count(told.serial), count(told.size)];
    told.words = { serial, tickets, levels: told.levels, keys: keys.join(", ") };
    const sealed = told.ok && !about;
    if (told.ok) head("sealed", `${about}good`, sealed ? mark(told.computed) : disc("icon-check"));
    else if (told.ok === null) head("unable", "unable", disc("icon-alert"));
    else head("mismatch", isRoot && !about ? "root-bad" : `${about}bad`, disc("icon-alert"));
    const chain = element("ol", "chain", ...told.steps.map((one) => stepOf(one, told)));
    fill(body, chain, facts(told, took));
    for (const part of box.querySelectorAll("[data-proof-before]")) part.hidden = true;
    for (const part of box.querySelectorAll("[data-proof-bad]")) part.hidden = told.ok !== false;
    box.dataset.outcome = told.ok ? "good" : told.ok === null ? "unable" : "bad";
  }

  async function run(work) {
    head("checking", "checking", disc("icon-clock"));
    box.hidden = false;
    const since = performance.now();
    let told = null;
    try {
      told = await work();
    } catch (error) {
      console.warn(error);
    }
    if (told) return show(told, Math.max(1, Math.round(performance.now() - since)));
    head("unable", "unreadable", disc("icon-alert"));
    fill(body);
    box.dataset.outcome = "unreadable";
  }

  // The statement as the public page of the draw gives it now; without a network, nothing.
  async function publicSeal() {
    if (!box.dataset.seal) return undefined;
    try {
      const answer = await fetch(box.dataset.seal, { cache: "no-store" });
      return answer.ok ? await answer.text() : undefined;
    } catch (error) {
      return undefined;
    }
  }

  async function checkThisPage() {
    const proof = held("proof-data");
    const printed = Proof.printedOn(document);
    return Proof.check(proof, { published, printed, seal: await publicSeal() });
  }

  if (button) {
    button.addEventListener("click", async () => {
      button.disabled = true;
      await run(checkThisPage);
      button.disabled = false;
      button.textContent = word("again");
    });
  }
  if (box.dataset.proof === "auto") run(checkThisPage);

  const form = document.querySelector("[data-proof-form]");
  if (!form) return;
  const text = form.querySelector("textarea"), file = form.querySelector("input[type=file]");
  const promise = form.dataset.promise;
  const checkText = async (given) => {
    await run(() => Proof.checkText(given, { published, promise }));
    box.scrollIntoView({ block: "start" });
  };
  const checkFile = (chosen) => {
    if (chosen && chosen.size <= 1 << 20) new Response(chosen).text().then(checkText);
    else if (chosen) checkText("");
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    checkText(text.value);
  });
  file.addEventListener("click", () => (file.value = "")); // the same name may hold a new file
  file.addEventListener("change", () => checkFile(file.files[0]));
  form.addEventListener("dragover", (event) => event.preventDefault());
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    const [dropped] = event.dataTransfer.files;
    if (dropped) checkFile(dropped);
    else checkText(event.dataTransfer.getData("text"));
  });
})();
