// Runs before the first paint: parts that need script may show, parts for its absence hide.
document.documentElement.classList.add("js");
