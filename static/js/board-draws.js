// How many draws the basket is bought for: what all of them cost stands beside the choice and in the
// bar, before anything is paid. The sum of one draw comes from the board (`summed`).
import { count, money } from "./money.js";

const place = document.querySelector("[data-draws]");
if (place) choose(place);

function choose(box) {
  const board = box.closest("form");
  const field = box.querySelector("input");
  const told = box.parentElement.querySelector('[data-part="plan-sum"]');
  const most = Number(field.max) || 1;
  const key = `draws:${board.dataset.game}`;
  const words = board.querySelector("[data-words]").dataset;
  const find = (name) => board.querySelector(`[data-part="${name}"]`);
  const balance = board.dataset.balanceFen === "" ? null : Number(board.dataset.balanceFen);
  const cap = Number(board.dataset.capFen);
  const fill = (pattern, ...values) => values.reduce((text, one) => text.replace("{}", one), pattern);
  const summed = () => {
    const { own, beside } = find("sum").dataset;
    return { total: Number(own) || 0, others: Number(beside) || 0 };
  };

  const wanted = () => Math.min(Math.max(Math.trunc(Number(field.value)) || 1, 1), most);

  function draw() {
    const draws = wanted();
    const { total, others } = summed();
    told.hidden = draws === 1 || total === 0;
    told.textContent = fill(box.dataset.total, count(draws), money(total), money(total * draws));
    // A plan is of one game: what lies in the basket of others waits there.
    drawBar(draws === 1 ? total + others : total * draws, total);
    for (const step of box.querySelectorAll("[data-more]")) {
      const next = draws + Number(step.dataset.more);
      step.disabled = next < 1 || next > most;
    }
    try {
      sessionStorage.setItem(key, String(draws));
    } catch {
      // Storage may be forbidden; the field itself is posted.
    }
  }

  // The bar shows what leaves the balance: all draws. What one ticket may cost the board has judged.
  function drawBar(all, total) {
    find("sum").textContent = fill(words.yuan, money(all));
    if (balance === null || total > cap) return;
    const after = find("after");
    if (all > balance) {
      after.textContent = fill(words.short, money(all - balance));
      return;
    }
    const [before, behind] = words.after.split("{}");
    const left = document.createElement("b");
    left.textContent = money(balance - all);
    after.replaceChildren(before, left, behind);
  }

  for (const step of box.querySelectorAll("[data-more]")) {
    step.addEventListener("click", () => {
      field.value = String(wanted() + Number(step.dataset.more));
      draw();
    });
  }
  field.addEventListener("input", draw);
  field.addEventListener("change", () => {
    field.value = String(wanted());
    draw();
  });
  board.addEventListener("summed", draw);
  try {
    const kept = Number(sessionStorage.getItem(key));
    if (field.value === "1" && kept > 1 && kept <= most) field.value = String(kept);
  } catch {
    // As above.
  }
  draw();
}
