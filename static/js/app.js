// What every page may need; each module looks for its own marks and does nothing without them.
import "./countdown.js";
import "./theme.js";
import "./copy.js";
import "./progress.js";

// A finished purchase empties the basket that was kept for it.
const done = document.querySelector("[data-basket-done]");
if (done) {
  try {
    for (const game of done.dataset.basketDone.split(" ")) {
      for (const kept of ["basket", "draws"]) sessionStorage.removeItem(`${kept}:${game}`);
    }
  } catch {
    // Storage may be forbidden; then there is nothing to empty.
  }
}

// The places of the desk scroll on a phone: the one people are at is in sight.
const here = document.querySelector(".desk-places [aria-current]");
if (here) {
  const list = here.closest(".desk-places > ul");
  list.scrollLeft += here.getBoundingClientRect().left - (innerWidth - here.offsetWidth) / 2;
}

// A form is sent once: a second press of its button within the same page does nothing.
for (const form of document.querySelectorAll("form[data-once]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "1";
  });
}
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-once]")) delete form.dataset.sent;
});
