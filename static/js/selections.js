// Counting selections by the rules that the page carries: how many lines, what they cost, what is
// missing. The server judges again.
// A selection: {"t": bet type, "b": [[bankers], …], "p": [[picks], …], "m": 1, "q": false}, one list a
// place. Rules: {plays: {code: {filled, pattern, whole, places}}, bets: {code: {play, ranges, …}}}.

const BANKERS_LEAST = 0, BANKERS_MOST = 1, LEAST = 2, MOST = 3;

export function choose(n, k) {
  if (k < 0 || k > n) return 0;
  let result = 1;
  for (let i = 1; i <= Math.min(k, n - k); i += 1) result = (result * (n - Math.min(k, n - k) + i)) / i;
  return Math.round(result);
}

export function playOf(rules, selection) {
  const bet = rules.bets[selection.t];
  return bet ? rules.plays[bet.play] : null;
}

export function lines(rules, selection) {
  const play = playOf(rules, selection);
  if (!play) return 0;
  if (play.pattern !== "any") return patterned(play, selection);
  let filled = 0;
  let product = 1;
  for (const [at, place] of play.places.entries()) {
    const bankers = selection.b[at].length;
    const picks = selection.p[at].length;
    if (play.filled !== null && picks + bankers === 0) continue;
    filled += 1;
    product *= choose(picks, place.take - bankers);
  }
  return play.filled === null || play.filled === filled ? product : 0;
}

// One number a place, all different or with one pair: every line is looked at.
function patterned(play, selection) {
  const places = play.places.map((_place, at) => [...selection.b[at], ...selection.p[at]]);
  let found = [[]];
  for (const numbers of places) found = found.flatMap((line) => numbers.map((number) => [...line, number]));
  const distinct = places.length - (play.pattern === "one_pair" ? 1 : 0);
  return found.filter((line) => new Set(line).size === distinct).length;
}

export function missing(rules, selection) {
  const bet = rules.bets[selection.t];
  return bet.ranges.map((range, at) =>
    Math.max(0, range[LEAST] - selection.b[at].length - selection.p[at].length),
  );
}

export function isEmpty(selection) {
  return selection.b.every((place) => !place.length) && selection.p.every((place) => !place.length);
}

export function isComplete(rules, selection) {
  const bet = rules.bets[selection.t];
  if (!bet) return false;
  const fits = bet.ranges.every((range, at) => {
    const bankers = selection.b[at].length;
    const numbers = bankers + selection.p[at].length;
    return (
      bankers >= range[BANKERS_LEAST] &&
      bankers <= range[BANKERS_MOST] &&
      numbers >= range[LEAST] &&
      numbers <= range[MOST]
    );
  });
  const bankers = selection.b.reduce((sum, place) => sum + place.length, 0);
  return (
    fits && bankers >= bet.leastBankers && lines(rules, selection) >= Math.max(1, bet.leastLines)
  );
}

// With bankers a bet type that takes them; of the others the first that takes so many numbers.
export function betType(rules, way, selection) {
  const isBanking = selection.b.some((place) => place.length);
  let kinds = isBanking ? way.banker : way.plain;
  if (!kinds.length) kinds = [...way.plain, ...way.banker];
  const fits = (code) =>
    rules.bets[code].ranges.every(
      (range, at) => selection.b[at].length + selection.p[at].length <= range[MOST],
    );
  return kinds.find(fits) ?? kinds[kinds.length - 1];
}

export function price(rules, selection) {
  return lines(rules, selection) * (rules.bets[selection.t]?.price ?? 0) * selection.m;
}

export function isSelection(rules, value, maxMultiplier) {
  if (value === null || typeof value !== "object" || !rules.bets[value.t]) return false;
  const places = rules.plays[rules.bets[value.t].play].places;
  const areNumbers = (numbers, place) =>
    Array.isArray(numbers) &&
    numbers.every(
      (number) =>
        Number.isInteger(number) && number >= place.first && number < place.first + place.of,
    );
  return (
    Array.isArray(value.b) &&
    Array.isArray(value.p) &&
    value.b.length === places.length &&
    value.p.length === places.length &&
    places.every((place, at) => areNumbers(value.b[at], place) && areNumbers(value.p[at], place)) &&
    Number.isInteger(value.m) &&
    value.m >= 1 &&
    value.m <= maxMultiplier
  );
}
