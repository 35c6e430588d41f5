// Ed25519 (RFC 8032) in whole numbers: does this signature belong to this key and text? The
// browser's own answer is asked for too where it has one, and both must be yes.
(function () {
  "use strict";

  const P = (1n << 255n) - 19n;
  const ORDER = (1n << 252n) + 27742317777372353535851937790883648493n;
  const MASK = (1n << 64n) - 1n;
  const mod = (number) => ((number % P) + P) % P;

  function power(base, exponent) {
    let found = 1n;
    for (let factor = base, left = exponent; left; left >>= 1n) {
      if (left & 1n) found = (found * factor) % P;
      factor = (factor * factor) % P;
    }
    return found;
  }

  const D = mod(-121665n * power(121666n, P - 2n));
  const ROOT_OF_MINUS_ONE = power(2n, (P - 1n) / 4n);

  // SHA-512: its constants are the first 64 bits of the fractions of roots of primes.
  const primes = [];
  for (let number = 2; primes.length < 80; number++) {
    if (primes.every((prime) => number % prime)) primes.push(number);
  }

  function fraction(prime, degree) {
    const wanted = BigInt(prime) << (64n * degree);
    let root = 0n;
    for (let bit = 1n << 68n; bit; bit >>= 1n) if ((root + bit) ** degree <= wanted) root += bit;
    return root & MASK;
  }

  const ROUNDS = primes.map((prime) => fraction(prime, 3n));
  const START = primes.slice(0, 8).map((prime) => fraction(prime, 2n));

  function sha512(data) {
    const size = ((data.length + 144) >> 7) << 7;
    const padded = new Uint8Array(size);
    padded.set(data);
    padded[data.length] = 128;
    const view = new DataView(padded.buffer);
    view.setUint32(size - 4, data.length * 8);
    const word = (at) => (BigInt(view.getUint32(at)) << 32n) | BigInt(view.getUint32(at + 4));
    const turn = (value, by) => (value >> by) | ((value << (64n - by)) & MASK);
    let state = START;
    for (let at = 0; at < size; at += 128) {
      const w = [];
      let [a, b, c, d, e, f, g, h] = state;
      for (let i = 0; i < 80; i++) {
        if (i < 16) w.push(word(at + 8 * i));
        else {
          const x = w[i - 15], y = w[i - 2];
          const one = turn(x, 1n) ^ turn(x, 8n) ^ (x >> 7n);
          const two = turn(y, 19n) ^ turn(y, 61n) ^ (y >> 6n);
          w.push((w[i - 16] + w[i - 7] + one + two) & MASK);
        }
        const one = h + (turn(e, 14n) ^ turn(e, 18n) ^ turn(e, 41n)) +
          ((e & f) ^ ((e ^ MASK) & g)) + ROUNDS[i] + w[i];
        const two = (turn(a, 28n) ^ turn(a, 34n) ^ turn(a, 39n)) + ((a & b) ^ (a & c) ^ (b & c));
        [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) & MASK, c, b, a, (one + two) & MASK];
      }
      state = [a, b, c, d, e, f, g, h].map((value, i) => (value + state[i]) & MASK);
    }
    const found = new DataView(new ArrayBuffer(64));
    state.forEach((value, i) => {
      found.setUint32(8 * i, Number(value >> 32n));
      found.setUint32(8 * i + 4, Number(value & 0xffffffffn));
    });
    return new Uint8Array(found.buffer);
  }

  const number = (bytes) => bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);

  // Points in extended coordinates X, Y, Z, T; one formula adds any two (RFC 8032, 5.1.4).
  function add(one, two) {
    const a = (one[1] - one[0]) * (two[1] - two[0]);
    const b = (one[1] + one[0]) * (two[1] + two[0]);
    const c = 2n * D * one[3] * two[3];
    const d = 2n * one[2] * two[2];
    const e = mod(b - a), f = mod(d - c), g = mod(d + c), h = mod(b + a);
    return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)];
  }

  function times(factor, point) {
    let found = [0n, 1n, 1n, 0n];
    for (let left = factor, doubled = point; left; left >>= 1n) {
      if (left & 1n) found = add(found, doubled);
      doubled = add(doubled, doubled);
    }
    return found;
  }

  const isSame = (one, two) =>
    mod(one[0] * two[2] - two[0] * one[2]) === 0n && mod(one[1] * two[2] - two[1] * one[2]) === 0n;

  // The point in 32 bytes; null if they are none, or not in their one spelling.
  function point(bytes) {
    const raw = number(bytes), sign = raw >> 255n, y = raw & ((1n << 255n) - 1n);
    if (y >= P) return null;
    const square = mod((y * y - 1n) * power(mod(D * y * y + 1n), P - 2n));
    let x = power(square, (P + 3n) / 8n);
    if (mod(x * x) !== square) x = mod(x * ROOT_OF_MINUS_ONE);
    if (mod(x * x) !== square || (x === 0n && sign)) return null;
    if ((x & 1n) !== sign) x = P - x;
    return [x, y, 1n, mod(x * y)];
  }

  // (x, 4/5) with even x
  const BASE = (() => {
    let left = mod(4n * power(5n, P - 2n));
    return point(Uint8Array.from({ length: 32 }, () => {
      const byte = Number(left & 255n);
      left >>= 8n;
      return byte;
    }));
  })();

  function ownVerify(key, text, signature) {
    if (key.length !== 32 || signature.length !== 64) return false;
    const from = point(key), start = point(signature.slice(0, 32));
    const scalar = number(signature.slice(32));
    if (!from || !start || scalar >= ORDER) return false;
    if (isSame(times(8n, from), [0n, 1n, 1n, 0n])) return false;
    const hashed = Uint8Array.of(...signature.slice(0, 32), ...key, ...text);
    const factor = number(sha512(hashed)) % ORDER;
    return isSame(times(scalar, BASE), add(start, times(factor, from)));
  }

  async function verify(key, text, signature) {
    const { subtle } = self.Proof.tools;
    const found = ownVerify(key, text, signature);
    if (!found || !subtle) return found;
    let known;
    try {
      known = await subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
    } catch (error) {
      return found; // This browser has no Ed25519 of its own.
    }
    return subtle.verify({ name: "Ed25519" }, known, signature, text);
  }

  Object.assign(self.Proof, { sha512, ownVerify, verify });
})();
