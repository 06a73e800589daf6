/** Two answers word by word: markup of ours around text of theirs, as Python has escaped it. */

function createDifference(send, view) {
  const [one, other] = ["first", "second"].map((which) => make("select", { "aria-label": `The ${which} answer` }));
  const text = make("div", { class: "g4f-diff-words", dir: "auto", tabindex: "0", role: "region", "aria-label": "Differences" });
  const close = button("Close", { icon: "close", quiet: true, words: false });
  const legend = make("span", { class: "g4f-caption" }, make("del", {}, "only in the first"), " ", make("ins", {}, "only in the second"));
  const head = make("div", { class: "g4f-diff-head" }, one, make("span", {}, "→"), other, legend, close);
  const node = make("section", { class: "g4f-diff-box", hidden: true, "aria-label": "Word by word" }, head, text);
  const chosen = []; // what the user has chosen of them, if anything
  let shown = "";

  function ask() {
    if (node.hidden || !one.value || !other.value) return;
    text.textContent = "Comparing…";
    send({ type: "diff", view, one: one.value, other: other.value });
  }

  function sync(sides) {
    const now = JSON.stringify(sides.map((side) => [side.id, side.title, side.status]));
    if (now === shown) return;
    shown = now;
    for (const [at, select] of [one, other].entries()) {
      select.replaceChildren(...sides.map((side) => make("option", { value: side.id }, side.title)));
      const kept = sides.some((side) => side.id === chosen[at]);
      select.value = kept ? chosen[at] : (sides[at]?.id ?? "");
    }
    if (sides.length < 2) node.hidden = true;
    ask();
  }

  function toggle(on) {
    node.hidden = !on;
    ask();
  }

  function receive({ html, same }) {
    if (same) {
      text.textContent = "The two answers are the same.";
      return;
    }
    // Markup of ours around text of theirs, as Python has escaped it.
    text.innerHTML = html;
  }

  for (const [at, select] of [one, other].entries()) {
    select.addEventListener("change", () => {
      chosen[at] = select.value;
      ask();
    });
  }
  return { node, sync, toggle, receive, close };
}
