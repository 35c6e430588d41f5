// The steps of a check, each true, false, or null where this browser cannot tell. A proof is good
// only if every step is. `published` are the keys of our public page; without them those of the
// file are taken. `printed` is what the page shows beside the proof, `seal` the statement as it
// stands on the public page of the draw.
(function () {
  "use strict";

  const { Proof } = self;
  const { hex, unbase64 } = Proof.tools;

  function account() {
    const told = { steps: [], ok: null, computed: "", published: "", statement: {} };
    async function step(name, work) {
      let ok;
      try {
        ok = await work();
      } catch (error) {
        ok = error.unable ? null : false;
      }
      told.steps.push({ name, ok: ok === null ? null : Boolean(ok) });
      if (told.steps.some((one) => one.ok === false)) told.ok = false;
      else told.ok = told.steps.every((one) => one.ok) ? true : null;
    }
    return { told, step };
  }

  const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

  // A pick place by place, bankers before a #, as the line spells it: the same digits at another
  // place are another bet.
  const spelt = (places) =>
    places.map(({ bankers, numbers }) =>
      (bankers.length ? `${bankers.join(",")}#` : "") + numbers.join(",")
    ).join("+");
  const shown = (ticket) => ticket.picks.map((pick) => spelt(pick.places));

  function isPrinted(ticket, printed) {
    return (
      same(shown(ticket), printed.picks) &&
      same(ticket.picks.map((pick) => String(pick.times)), printed.times) &&
      printed.tickets.length > 0 && printed.prices.length > 0 &&
      printed.tickets.every((code) => code === ticket.ticket) &&
      printed.prices.every((digits) => digits === String(ticket.fen))
    );
  }

  async function check(proof, options) {
    const { published, printed, seal } = options || {};
    const { told, step } = account();
    const keys = published || proof.keys;
    told.keys = proof.keys;
    await step("ticket", async () => {
      told.ticket = Proof.read(proof.line);
      told.leaf = hex(await Proof.leafOf(proof.line));
      return proof.format === "ticket-proof/1" && told.ticket.draw === proof.draw;
    });
    if (printed) await step("printed", () => isPrinted(told.ticket, printed));
    await step("receipt", async () => {
      if (proof.receipt.line !== proof.line) return false;
      return Proof.isReceipt(proof.receipt, keys);
    });
    await step("path", async () => {
      const { serial, size, path } = proof;
      Object.assign(told, { serial, size, levels: path.length });
      told.computed = await Proof.rootOf(Proof.tools.unhex(told.leaf), serial - 1, size, path);
      return told.computed !== "";
    });
    await step("root", () => {
      told.statement = JSON.parse(proof.statement);
      told.published = told.statement.root;
      return told.computed === told.published && proof.root === told.published;
    });
    await step("statement", () => {
      const { format, draw, tickets } = told.statement;
      return format === "seal-statement/1" && draw === told.ticket.draw && tickets === proof.size;
    });
    for (const role of ["OPERATIONS", "INDEPENDENT"]) {
      await step(role.toLowerCase(), () => {
        const signed = proof.signatures.filter((one) => one.role === role);
        const [{ key_id: id, algorithm, signature }] = signed;
        if (signed.length !== 1) return false;
        const at = told.statement.sealed_at;
        const raw = unbase64(signature);
        return Proof.isSigned(keys, role, id, algorithm, raw, proof.statement, at);
      });
    }
    await step("keys", async () => {
      const used = new Set(proof.keys.map((one) => one.public_key));
      if (used.size !== proof.keys.length) return false;
      return Proof.areKeys(proof.keys, published);
    });
    if (seal) await step("public", () => seal === proof.statement);
    return told;
  }

  // A receipt by itself: what we signed at the sale, before there was a seal.
  async function checkReceipt(receipt, options) {
    const { published } = options || {};
    const { told, step } = account();
    const { key_id, algorithm, public_key } = receipt;
    const own = { key_id, algorithm, public_key, role: "RECEIPT" };
    told.keys = [own];
    await step("ticket", async () => {
      told.ticket = Proof.read(receipt.line);
      told.leaf = hex(await Proof.leafOf(receipt.line));
      return told.ticket;
    });
    await step("receipt", () => Proof.isReceipt(receipt, published || [own]));
    await step("keys", () => Proof.areKeys([own], published));
    return told;
  }

  // The text of a QR code: it names no numbers, only their fingerprint.
  async function checkQr(text, options) {
    const { published, promise } = options;
    const { told, step } = account();
    const found = Proof.readQr(text);
    if (!found) return null;
    told.code = found.ticket;
    told.leaf = found.leaf;
    await step("receipt", async () => {
      const signed = `receipt/1\n${found.ticket} ${found.leaf}\n${promise}`;
      let known = false;
      for (const key of published.filter((one) => one.role === "RECEIPT")) {
        const { role, key_id: id, algorithm } = key;
        const ok = await Proof.isSigned(published, role, id, algorithm, found.signature, signed);
        if (ok || ok === null) return ok;
        known = ok;
      }
      return known;
    });
    return told;
  }

  // Whatever a person brings: a saved page, a file, or the text of a QR code. null: none of these.
  async function checkText(text, options) {
    const trimmed = text.trim();
    if (/^LT1:/i.test(trimmed)) return checkQr(trimmed, options);
    let printed, content = trimmed;
    if (trimmed.startsWith("<")) {
      const bare = trimmed.replace(/<style[^]*?<\/style>/gi, ""); // our policy takes none in
      const page = new DOMParser().parseFromString(bare, "text/html");
      const data = page.getElementById("proof-data");
      if (!data) return null;
      content = data.textContent;
      printed = printedOn(page);
    }
    try {
      content = JSON.parse(content);
    } catch (error) {
      return null;
    }
    if (content && content.format === "ticket-proof/1") {
      return check(content, Object.assign({ printed }, options));
    }
    if (content && content.format === "receipt/1") return checkReceipt(content, options);
    return null;
  }

  // The numbers of one place: the bankers stand between the first and the second word.
  function printedAt(place) {
    const lists = [[], [], []];
    let words = 0;
    for (const one of place.querySelectorAll(".balls-word, .ball")) {
      if (one.classList.contains("balls-word")) words = Math.min(words + 1, 2);
      else lists[words].push(one.textContent.trim().padStart(2, "0"));
    }
    return { bankers: lists[1], numbers: lists[0].concat(lists[2]) };
  }

  // What a page shows of its ticket: numbers, times, code and price as a person reads them.
  function printedOn(page) {
    const texts = (mark, clean) =>
      Array.from(page.querySelectorAll(`[data-printed=${mark}]`), (one) => clean(one.textContent));
    const numbers = Array.from(page.querySelectorAll("[data-printed=pick] .balls"), (balls) =>
      spelt(Array.from(balls.querySelectorAll(".zone-balls"), printedAt))
    );
    const times = texts("pick", (text) => (/×\s*(\d+)/.exec(text) || ["", "1"])[1]);
    return {
      picks: numbers,
      times,
      tickets: texts("ticket", (text) => text.replace(/[^0-9A-Z]/g, "")),
      prices: texts("price", (text) => text.replace(/\D/g, "")),
    };
  }

  Object.assign(Proof, { check, checkReceipt, checkQr, checkText, printedOn });
})();
