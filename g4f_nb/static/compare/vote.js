/** The vote on two answers, with buttons and keys; and what has come of all votes. */

const CHOICES = [
  { choice: "left", signs: ["←", "1"], keys: ["ArrowLeft", "1"], words: "Left is better" },
  { choice: "tie", signs: ["↓", "t"], keys: ["ArrowDown", "t", "T"], words: "Tie" },
  { choice: "bad", signs: ["↑", "b"], keys: ["ArrowUp", "b", "B"], words: "Both are bad" },
  { choice: "right", signs: ["→", "2"], keys: ["ArrowRight", "2"], words: "Right is better" },
];

function createVote(send) {
  const progress = make("span", { class: "g4f-vote-progress", role: "status" });
  const buttons = CHOICES.map(({ choice, signs, keys, words }) => {
    const node = button(words, { press: () => send({ type: "vote", choice }), class: "g4f-button g4f-choose" });
    // Where the answers stand below each other, arrows to the sides would mean nothing.
    node.prepend(...signs.map((sign) => make("kbd", { "aria-hidden": "true" }, sign)));
    node.setAttribute("aria-keyshortcuts", keys.slice(0, 2).join(" "));
    return node;
  });
  const skip = button("Skip", { quiet: true, press: () => send({ type: "skip" }) });
  const undo = button("Undo", { quiet: true, press: () => send({ type: "undo" }) });
  const row = make("div", { class: "g4f-vote-choices", role: "group", "aria-label": "Which answer is better?" }, ...buttons);
  const node = make("div", { class: "g4f-vote", hidden: true }, row, make("div", { class: "g4f-vote-more" }, progress, skip, undo));
  let ready = false;

  function sync(ballot, counted, sides) {
    node.hidden = !ballot;
    ready = Boolean(ballot?.ready && ballot.left && ballot.right);
    if (!ballot) return;
    for (const [at, { choice, words }] of CHOICES.entries()) {
      const letter = sides.find((each) => each.id === ballot[choice])?.letter;
      buttons[at].lastChild.textContent = letter ? `${letter} is better` : words;
    }
    for (const each of buttons) setDisabled(each, !ready);
    setDisabled(skip, !ballot.skip || !ready);
    setDisabled(undo, !ballot.undo);
    skip.hidden = !counted && ballot.total < 2;
    undo.hidden = skip.hidden;
    const now = Math.min(ballot.done + 1, ballot.total);
    progress.textContent = !ballot.ready ? "You can vote when the answers are there." : ballot.total > 1 || counted ? `${now} of ${ballot.total}` : "Which one is better?";
  }

  /** Vote with a key, unless somebody is writing or moves through text. */
  function press(event) {
    if (node.hidden || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, [role=listbox]")) return;
    // Within a text the arrows move it; letters and digits vote everywhere.
    if (event.key.startsWith("Arrow") && event.target.closest(".g4f-column-body, .g4f-diff-words, .g4f-question-text")) return;
    const found = CHOICES.find((each) => each.keys.includes(event.key));
    if (!found && !["s", "S", "u", "U", "Backspace"].includes(event.key)) return;
    event.preventDefault();
    if (!found) {
      const undoes = ["u", "U", "Backspace"].includes(event.key);
      (undoes ? undo : skip).click();
    } else if (ready) {
      send({ type: "vote", choice: found.choice });
    }
  }

  return { node, sync, press };
}

/** What has come of all votes: who won how often, and how far judges agree. */
function summaryNode({ score, notes }) {
  const rows = score.map(([name, won, tied, lost]) => make("tr", {}, make("th", { scope: "row", dir: "auto" }, name), ...[won, tied, lost].map((count) => make("td", {}, String(count)))));
  const heads = ["Model", "won", "tied", "lost"].map((word) => make("th", { scope: "col" }, word));
  const table = make("table", { class: "g4f-score" }, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...rows));
  const lines = notes.map((note) => make("p", {}, note));
  const hint = make("p", { class: "g4f-caption" }, "result.llm.rank() ranks them, with intervals.");
  return make("div", { class: "g4f-summary" }, make("h3", { tabindex: "-1" }, "All pairs are judged."), table, ...lines, hint);
}
