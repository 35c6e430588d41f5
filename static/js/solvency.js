// Is what we owe to a player in the tree of that night? Worked out here from the bytes alone; the
// arithmetic is told in finance/solvency/sumtree.py. Needs proof.js and proof-signature.js. On a
// page it checks the proof in #solvency-data for the box [data-solvency].
(function () {
  "use strict";

  const { Proof } = self;
  const { hex, unhex, encode } = Proof.tools;
  const HASH = /^[0-9a-f]{64}$/;
  const isFen = (fen) => Number.isSafeInteger(fen) && fen >= 0;
  const lines = (...parts) => encode(parts.join("\n"));

  // A sum as 8 bytes, the highest first; what a browser counts exactly has at most 53 bits.
  function sum(fen) {
    const found = new DataView(new ArrayBuffer(8));
    found.setUint32(0, Math.floor(fen / 2 ** 32));
    found.setUint32(4, fen % 2 ** 32);
    return new Uint8Array(found.buffer);
  }

  async function leafOf(proof) {
    const { night, player, salt, purses_fen: purses, prizes_fen: prizes } = proof;
    if (!isFen(purses) || !isFen(prizes) || !/^[0-9a-f]{32}$/.test(salt)) return null;
    const name = hex(await Proof.sha256(lines("solvency-name/1", night, player, salt)));
    const text = lines("solvency-leaf/1", night, name, purses, prizes);
    return { hash: await Proof.sha256(Uint8Array.of(0, ...text)), fen: purses + prizes };
  }

  // Where the path from a leaf leads, or null: each step has the hash and the sum of the other side.
  async function leadsTo(leaf, index, size, path) {
    let found = leaf, at = index, left = size, used = 0;
    if (!(Number.isSafeInteger(size) && index >= 0 && index < size)) return null;
    while (left > 1) {
      if ((at % 2 === 1 ? at - 1 : at + 1) < left) {
        const step = path[used++];
        if (!step || !HASH.test(step.hash) || !isFen(step.fen)) return null;
        const other = { hash: unhex(step.hash), fen: step.fen };
        const [one, two] = at % 2 === 1 ? [other, found] : [found, other];
        const fen = one.fen + two.fen;
        if (!isFen(fen)) return null;
        const bytes = [...one.hash, ...sum(one.fen), ...two.hash, ...sum(two.fen)];
        found = { hash: await Proof.sha256(Uint8Array.of(1, ...bytes)), fen };
      }
      [at, left] = [Math.floor(at / 2), Math.ceil(left / 2)];
    }
    return used === path.length ? found : null;
  }

  // The steps of the check, each true, false, or null where this browser cannot tell.
  async function check(proof, options) {
    const { published, printed } = options || {};
    const keys = published || proof.keys;
    const told = { steps: [], ok: null, levels: proof.path.length, size: proof.size };
    async function step(name, work) {
      let ok;
      try {
        ok = await work();
      } catch (error) {
        ok = error.unable ? null : false;
      }
      told.steps.push({ name, ok: ok === null ? null : Boolean(ok) });
    }
    await step("leaf", async () => {
      told.leaf = proof.format === "solvency-proof/1" ? await leafOf(proof) : null;
      return told.leaf;
    });
    if (printed) {
      const shown = [proof.player, proof.purses_fen, proof.prizes_fen].map(String);
      await step("printed", () => JSON.stringify(shown) === JSON.stringify(printed));
    }
    await step("path", async () => {
      told.found = await leadsTo(told.leaf, proof.index, proof.size, proof.path);
      return told.found;
    });
    await step("root", () => {
      const said = (told.said = JSON.parse(proof.statement));
      told.root = hex(told.found.hash);
      return (
        said.format === "solvency-statement/1" && said.night === proof.night &&
        said.players === proof.size && told.root === said.root &&
        told.found.fen === said.total_fen
      );
    });
    await step("signature", () => {
      const { key_id: id, algorithm, signature } = proof.signature;
      const raw = Proof.tools.unbase64(signature);
      const at = told.said.taken_at;
      return Proof.isSigned(keys, "OPERATIONS", id, algorithm, raw, proof.statement, at);
    });
    await step("keys", () => Proof.areKeys(proof.keys, published));
    const answers = told.steps.map((one) => one.ok);
    told.ok = answers.includes(false) ? false : answers.includes(null) ? null : true;
    return told;
  }

  self.Solvency = { leafOf, leadsTo, check };

  const doc = self.document;
  const box = doc && doc.querySelector("[data-solvency]");
  if (!box) return;
  const held = (id) => {
    const found = doc.getElementById(id);
    return found ? JSON.parse(found.textContent) : undefined;
  };
  const words = doc.querySelector("[data-solvency-words]");

  function word(name, values) {
    const found = words.content.querySelector(`[data-word="${name}"]`);
    const text = found ? found.textContent.trim() : "";
    return text.replace(/\{(\w+)\}/g, (_all, key) => (values || {})[key]);
  }

  const drawn = (name) => words.content.querySelector(`[data-word="${name}"] svg`).cloneNode(true);
  const count = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, ",");

  function element(tag, name, ...children) {
    const made = doc.createElement(tag);
    if (name) made.className = name;
    made.append(...children);
    return made;
  }

  function head(kind, name, sign) {
    box.className = `card proof proof--${kind}`;
    const told = element("div", "", element("h2", "", word(`${name}-title`)));
    told.append(element("p", "", word(`${name}-text`)));
    box.querySelector("[data-proof-head]").replaceChildren(
      element("span", "disc disc--surface", drawn(sign)), told
    );
  }

  function stepOf({ name, ok }, told) {
    const outcome = ok ? "good" : ok === null ? "unable" : "bad";
    const tone = ok ? "done" : ok === null ? "attention" : "wrong";
    const values = { size: count(told.size), levels: told.levels };
    const text = word(`${name}-${outcome}`, values) || word(`any-${outcome}`);
    const tag = element("span", `tag tone-${tone}`, drawn(ok ? "icon-check" : "icon-alert"));
    tag.append(word(`tag-${tone}`));
    const title = element("h3", "", word(`${name}-title`), " ", tag);
    const kind = ok ? "is-good" : ok === null ? "" : "is-bad";
    const item = element("li", kind, title, element("p", "small second", text));
    if (name === "root" && told.root) item.append(element("code", "hash", told.root));
    item.dataset.step = name;
    item.dataset.ok = String(ok);
    return item;
  }

  // What the page shows beside the proof, as digits.
  function printedHere() {
    const shown = (name) => doc.querySelector(`[data-printed=${name}]`);
    const digits = (name) => String(Number(shown(name).textContent.replace(/\D/g, "")));
    const player = shown("player").textContent.replace(/[^0-9A-Z]/g, "");
    return [player, digits("purses"), digits("prizes")];
  }

  async function run() {
    head("checking", "checking", "icon-clock");
    let told = null;
    try {
      const options = { published: held("solvency-keys"), printed: printedHere() };
      told = await check(held("solvency-data"), options);
    } catch (error) {
      console.warn(error);
    }
    const outcome = !told ? "unable" : told.ok ? "good" : told.ok === null ? "unable" : "bad";
    const kind = { good: "sealed", bad: "mismatch", unable: "unable" }[outcome];
    head(kind, outcome, told && told.ok ? "icon-check" : "icon-alert");
    const chain = element("ol", "chain", ...(told ? told.steps : []).map((one) => stepOf(one, told)));
    box.querySelector("[data-proof-result]").replaceChildren(chain);
    box.dataset.outcome = outcome;
  }

  const button = box.querySelector("[data-proof-check]");
  if (button) {
    button.addEventListener("click", async () => {
      button.disabled = true;
      await run();
      button.disabled = false;
    });
  }
  if (box.dataset.solvency === "auto") run();
})();
