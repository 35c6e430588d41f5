// What the browser keeps of a basket: one entry a game, so that picks of several games wait side by
// side and are paid for together. Lines and price beside them are for showing; the server counts.

const PREFIX = "basket:";

function read(text) {
  try {
    return JSON.parse(text) ?? null;
  } catch {
    return null;
  }
}

export function kept(game) {
  try {
    return read(sessionStorage.getItem(PREFIX + game));
  } catch {
    return null;
  }
}

export function keep(game, entry) {
  try {
    sessionStorage.setItem(PREFIX + game, JSON.stringify(entry));
  } catch {
    // Storage may be forbidden; the hidden fields still carry the basket.
  }
}

export function parsed(text) {
  return read(text);
}

// Other games with picks: what the server handed back goes before what was kept.
export function others(game, fromServer) {
  const found = new Map();
  try {
    for (let at = 0; at < sessionStorage.length; at += 1) {
      const key = sessionStorage.key(at);
      if (!key.startsWith(PREFIX) || key === PREFIX + game) continue;
      const entry = read(sessionStorage.getItem(key));
      if (!Array.isArray(entry?.basket) || !entry.basket.length || !entry.name) continue;
      found.set(key.slice(PREFIX.length), {
        name: String(entry.name),
        groups: entry.basket.length,
        fen: Number(entry.fen) || 0,
        rows: entry.basket,
      });
    }
  } catch {
    // As above.
  }
  for (const { game: code, name, groups, lines, fen, rows } of fromServer) {
    found.set(code, { name, groups, fen, rows });
    keep(code, { ...(kept(code) ?? {}), basket: rows, name, lines, fen });
  }
  return found;
}

export function drop(game) {
  const entry = kept(game);
  if (entry) keep(game, { ...entry, basket: [], lines: 0, fen: 0 });
}

export function written(found) {
  return JSON.stringify(Object.fromEntries([...found].map(([code, one]) => [code, one.rows])));
}
