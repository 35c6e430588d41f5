// Fen as people read them, the same form as the server's `money` filter.
export function money(fen) {
  const sign = fen < 0 ? "−" : "";
  const whole = Math.floor(Math.abs(fen) / 100);
  const rest = String(Math.abs(fen) % 100).padStart(2, "0");
  return `${sign}${count(whole)}.${rest}`;
}

export function count(number) {
  return String(number).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}
