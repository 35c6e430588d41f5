// Is this ticket in the sealed file of its draw? Worked out here from the bytes alone: no network,
// no library. Line and tree: sales/canonical.py; receipt: sales/receipts.py; file: sales/proofs.py.
(function () {
  "use strict";

  const subtle = self.crypto && self.crypto.subtle;
  const encode = (text) => new TextEncoder().encode(text);
  const HASH = /^[0-9a-f]{64}$/;
  const LINE = new RegExp(
    "^1\t([a-z0-9-]+)\t([0-9A-Z]{17})\t[0-9a-f]{32}\t([1-9]\\d{0,8})\t([a-z]+)" +
      "\t(0|[1-9]\\d{0,15})\t[0-9a-f]{32}\t([!-~]+(?: [!-~]+)*)$"
  );
  const PICK = /^([a-z0-9_]{1,20})\|([0-9,#+]*\d\+*)\|x([1-9]\d{0,2})\|(quick|own)$/;
  const PLACE = /^(?:(?:(\d\d(?:,\d\d)*)#)?(\d\d(?:,\d\d)*))?$/; // some bets leave one empty
  const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const ROUNDS = (
    "428a2f98 71374491 b5c0fbcf e9b5dba5 3956c25b 59f111f1 923f82a4 ab1c5ed5 d807aa98 12835b01 " +
    "243185be 550c7dc3 72be5d74 80deb1fe 9bdc06a7 c19bf174 e49b69c1 efbe4786 0fc19dc6 240ca1cc " +
    "2de92c6f 4a7484aa 5cb0a9dc 76f988da 983e5152 a831c66d b00327c8 bf597fc7 c6e00bf3 d5a79147 " +
    "06ca6351 14292967 27b70a85 2e1b2138 4d2c6dfc 53380d13 650a7354 766a0abb 81c2c92e 92722c85 " +
    "a2bfe8a1 a81a664b c24b8b70 c76c51a3 d192e819 d6990624 f40e3585 106aa070 19a4c116 1e376c08 " +
    "2748774c 34b0bcb5 391c0cb3 4ed8aa4a 5b9cca4f 682e6ff3 748f82ee 78a5636f 84c87814 8cc70208 " +
    "90befffa a4506ceb bef9a3f7 c67178f2"
  ).split(" ").map((word) => parseInt(word, 16));

  const hex = (bytes) => Array.from(bytes, (byte) => (256 + byte).toString(16).slice(1)).join("");
  const unhex = (text) => Uint8Array.from(text.match(/../g) || [], (pair) => parseInt(pair, 16));

  // One spelling only: the bits that base64 leaves unused are zero.
  function unbase64(text) {
    const raw = atob(text);
    if (btoa(raw) !== text) throw new Error("base64");
    return Uint8Array.from(raw, (letter) => letter.charCodeAt(0));
  }

  function ownSha256(data) {
    const size = ((data.length + 72) >> 6) << 6;
    const padded = new Uint8Array(size);
    padded.set(data);
    padded[data.length] = 128;
    const view = new DataView(padded.buffer);
    view.setUint32(size - 4, data.length * 8);
    const turn = (word, by) => (word >>> by) | (word << (32 - by));
    const w = new Uint32Array(64);
    let state = [
      0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
    ];
    for (let at = 0; at < size; at += 64) {
      let [a, b, c, d, e, f, g, h] = state;
      for (let i = 0; i < 64; i++) {
        if (i < 16) w[i] = view.getUint32(at + 4 * i);
        else {
          const x = w[i - 15], y = w[i - 2];
          w[i] = w[i - 16] + w[i - 7] + (turn(x, 7) ^ turn(x, 18) ^ (x >>> 3)) +
            (turn(y, 17) ^ turn(y, 19) ^ (y >>> 10));
        }
        const one = h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) +
          ROUNDS[i] + w[i];
        const two = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
      }
      state = [a, b, c, d, e, f, g, h].map((word, i) => (word + state[i]) | 0);
    }
    state.forEach((word, i) => view.setInt32(4 * i, word));
    return padded.slice(0, 32);
  }

  // The browser's own SHA-256 is asked too where there is one; two answers are no answer.
  async function sha256(data) {
    const found = ownSha256(data);
    if (subtle) {
      const other = new Uint8Array(await subtle.digest("SHA-256", data));
      if (hex(other) !== hex(found)) throw Object.assign(new Error("SHA-256"), { unable: true });
    }
    return found;
  }

  const leafOf = (line) => sha256(Uint8Array.of(0, ...encode(line)));

  // What a ticket line says, or null if it is none.
  function read(line) {
    const found = LINE.exec(line);
    const picks = found && found[6].split(" ").map(readPick);
    if (!found || picks.includes(null)) return null;
    const sold = new Date(Math.floor(found[5] / 1000));
    return { draw: found[1], ticket: found[2], fen: +found[3], channel: found[4], sold, picks };
  }

  function readPick(text) {
    const found = PICK.exec(text);
    const places = found && found[2].split("+").map((place) => PLACE.exec(place));
    if (!found || places.includes(null)) return null;
    const numbers = (written) => (written ? written.split(",") : []);
    return {
      type: found[1],
      places: places.map((place) => ({ bankers: numbers(place[1]), numbers: numbers(place[2]) })),
      times: +found[3],
      quick: found[4] === "quick",
    };
  }

  // The root to which `path` leads from leaf number `index` of `size` (RFC 9162, 2.1.3.2), or "".
  async function rootOf(leaf, index, size, path) {
    let at = index, last = size - 1, found = leaf;
    if (!(Number.isSafeInteger(size) && index >= 0 && index < size)) return "";
    for (const step of path) {
      if (!HASH.test(step) || last === 0) return "";
      const isRight = at % 2 === 1 || at === last;
      const pair = isRight ? [unhex(step), found] : [found, unhex(step)];
      found = await sha256(Uint8Array.of(1, ...pair[0], ...pair[1]));
      while (isRight && at % 2 === 0 && at !== 0) [at, last] = [at / 2, Math.floor(last / 2)];
      [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
    }
    return last === 0 ? hex(found) : "";
  }

  // The ticket, leaf and signature in the text of a QR code, or null.
  function readQr(text) {
    const found = /^LT1:([0-9A-Z]{17}):([A-Z2-7]{154})$/.exec(text.trim().toUpperCase());
    if (!found) return null;
    const bits = Array.from(found[2], (one) => (32 + BASE32.indexOf(one)).toString(2).slice(1));
    const octets = bits.join("").match(/.{8}/g);
    if (!bits[153].endsWith("00")) return null; // one spelling only
    const bytes = Uint8Array.from(octets, (octet) => parseInt(octet, 2));
    return { ticket: found[1], leaf: hex(bytes.slice(0, 32)), signature: bytes.slice(32) };
  }

  // true or false; null where this browser cannot check signatures.
  async function isSigned(keys, role, id, algorithm, signature, text, at) {
    const key = keys.find((one) => one.key_id === id && one.role === role);
    if (!key || algorithm !== "Ed25519" || key.algorithm !== algorithm) return false;
    if (at && !(key.valid_from <= at && !(key.revoked_at && key.revoked_at <= at))) return false;
    if (!Proof.verify) return null;
    return Proof.verify(unbase64(key.public_key), encode(text), signature);
  }

  async function isReceipt(receipt, keys) {
    const line = read(receipt.line), qr = readQr(receipt.qr);
    const leaf = hex(await leafOf(receipt.line));
    const signature = unbase64(receipt.signature);
    const key = keys.find((one) => one.key_id === receipt.key_id);
    const fits =
      receipt.format === "receipt/1" && line && qr && key && receipt.leaf === leaf &&
      receipt.public_key === key.public_key && qr.ticket === line.ticket && qr.leaf === leaf &&
      hex(qr.signature) === hex(signature) &&
      receipt.signed_text.startsWith(`receipt/1\n${line.ticket} ${leaf}\n`);
    const { key_id: id, algorithm, signed_text: text } = receipt;
    return fits ? isSigned(keys, "RECEIPT", id, algorithm, signature, text) : false;
  }

  // The keys of a file are named after themselves; with `published`, they are among those.
  async function areKeys(keys, published) {
    for (const key of keys) {
      const id = hex(await sha256(unbase64(key.public_key))).slice(0, 8);
      if (key.key_id !== `${key.role.toLowerCase()}-${id}`) return false;
      const known = published && published.find((one) => one.key_id === key.key_id);
      if (published && !(known && known.public_key === key.public_key)) return false;
    }
    return keys.length > 0;
  }

  const Proof = { sha256, ownSha256, leafOf, read, readQr, rootOf, isSigned, isReceipt, areKeys };
  Proof.tools = { hex, unhex, unbase64, encode, subtle };
  self.Proof = Proof;
})();
