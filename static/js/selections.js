// Counting selections: how many lines, what they cost, what is still missing. The server judges again.
// A selection: {"t": "single|multiple|banker", "b": [[…],[…]], "p": [[…],[…]], "m": 1, "q": false}.

export function choose(n, k) {
  if (k < 0 || k > n) return 0;
  let result = 1;
  for (let i = 1; i <= Math.min(k, n - k); i += 1) result = (result * (n - Math.min(k, n - k) + i)) / i;
  return Math.round(result);
}

export function lines(zones, selection) {
  return zones.reduce((product, zone, at) => {
    const bankers = selection.b[at].length;
    return product * choose(selection.p[at].length, zone.take - bankers);
  }, 1);
}

// With bankers one number more than a line holds must be there, or they would not be bankers.
export function missing(zones, selection) {
  return zones.map((zone, at) => {
    const bankers = selection.b[at].length;
    const needed = zone.take + (bankers ? 1 : 0);
    return Math.max(0, needed - bankers - selection.p[at].length);
  });
}

export function isEmpty(selection) {
  return selection.b.every((zone) => !zone.length) && selection.p.every((zone) => !zone.length);
}

export function isComplete(zones, selection) {
  return missing(zones, selection).every((count) => count === 0);
}

export function betType(zones, selection) {
  if (selection.b.some((zone) => zone.length)) return "banker";
  return lines(zones, selection) === 1 ? "single" : "multiple";
}

export function price(zones, selection, priceOfLine) {
  return lines(zones, selection) * priceOfLine * selection.m;
}

export function isSelection(zones, value, maxMultiplier) {
  const isZone = (numbers, zone) =>
    Array.isArray(numbers) &&
    numbers.every((number) => Number.isInteger(number) && number >= 1 && number <= zone.of);
  return (
    value !== null &&
    typeof value === "object" &&
    Array.isArray(value.b) &&
    Array.isArray(value.p) &&
    zones.every((zone, at) => isZone(value.b[at], zone) && isZone(value.p[at], zone)) &&
    Number.isInteger(value.m) &&
    value.m >= 1 &&
    value.m <= maxMultiplier
  );
}
