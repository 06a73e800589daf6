/**
 * Answers side by side: the front end of the comparing panel and of the rating panel. It shows what Python
 * says; the messages are described in `panels/side_by_side.py`. While names are hidden it does not know them.
 */

const CHOICES = [
  { choice: "left", signs: ["←", "1"], keys: ["ArrowLeft", "1"], words: "Left is better" },
  { choice: "tie", signs: ["↓", "t"], keys: ["ArrowDown", "t", "T"], words: "Tie" },
  { choice: "bad", signs: ["↑", "b"], keys: ["ArrowUp", "b", "B"], words: "Both are bad" },
  { choice: "right", signs: ["→", "2"], keys: ["ArrowRight", "2"], words: "Right is better" },
];

// ---- one column --------------------------------------------------------------------------------------

/** One answer: it grows through `add`, and `describe` says whose it is and how it stands. */
function createSide(id, send, fetchText) {
  const title = make("h3", { class: "g4f-side-title", dir: "auto" });
  const badge = make("span", { class: "g4f-badge", hidden: true });
  const stop = button("Stop", { icon: "stop", press: () => send({ type: "stop", side: id }) });
  const again = button("Ask again", { press: () => send({ type: "again", column: side.column }) });
  const remove = button("Remove this column", { icon: "close", quiet: true, words: false });
  remove.addEventListener("click", () => send({ type: "remove", column: side.column }));
  const head = make("header", { class: "g4f-side-head" }, title, badge, remove);
  const thoughts = make("div", { class: "g4f-side-thoughts" });
  const summary = make("summary", {}, "Reasoning");
  const reasoning = make("details", { class: "g4f-side-reasoning", hidden: true }, summary, thoughts);
  const finished = make("div", { class: "g4f-finished" });
  const open = make("div", { class: "g4f-open" });
  const text = make("div", { class: "g4f-body", dir: "auto" }, finished, open);
  const waiting = make("div", { class: "g4f-side-waiting" });
  const error = make("p", { class: "g4f-side-error", hidden: true, dir: "auto" });
  const body = make("div", { class: "g4f-side-body", tabindex: "0", role: "group" }, reasoning, text, waiting, error);
  const mark = make("span", { class: "g4f-side-mark" });
  const facts = make("span", { class: "g4f-side-facts" });
  const copy = copyButton("Copy answer", async () => (await fetchText(id)) ?? text.innerText);
  const foot = make("footer", { class: "g4f-side-foot" }, copy, make("span", {}, mark, facts), stop, again);
  const node = make("article", { class: "g4f-side" }, head, body, foot);
  const side = { id, node, column: null, status: "waiting", described: null };
  let source = ""; // the HTML of the block that grows, as it was told
  // One reads from the top, where the answers begin beside each other; who scrolls to the end stays there.
  let following = false;

  body.addEventListener("scroll", () => {
    following = body.scrollTop > 0 && body.scrollHeight - body.scrollTop - body.clientHeight < 40;
  });

  side.add = (step) => {
    if (step.anew) {
      for (const part of [finished, open, thoughts]) part.replaceChildren();
      source = "";
    }
    for (const html of step.finished ?? []) addBlocks(finished, html);
    const grown = source.slice(0, step.keep ?? 0) + step.open;
    if (grown !== source) {
      open.replaceChildren();
      addBlocks(open, grown);
      source = grown;
    }
    if (step.reasoning) thoughts.append(step.reasoning);
    reasoning.hidden = !thoughts.textContent;
    side.plain = step.plain ?? "";
    side.got = true;
    refresh();
    if (following && side.status === "live") body.scrollTop = body.scrollHeight;
  };

  function refresh() {
    if (side.plain) {
      finished.replaceChildren();
      open.replaceChildren(make("div", { class: "g4f-plain" }, side.plain));
    }
    const any = Boolean(text.textContent);
    const over = side.status === "done" || side.status === "empty";
    waiting.hidden = any || over;
    waiting.textContent = side.status === "waiting" ? "Waiting for its turn…" : side.tries > 1 ? `Trying again (${side.tries})…` : "Waiting for the first words…";
    waiting.classList.toggle("g4f-breathes", side.status === "live");
    node.setAttribute("aria-busy", String(!over));
  }

  side.describe = (told) => {
    Object.assign(side, { status: told.status, column: told.column ?? null, tries: told.tries });
    title.textContent = told.title;
    title.title = told.title;
    node.setAttribute("aria-label", told.title);
    body.setAttribute("aria-label", `Text of ${told.title}`);
    badge.textContent = told.badge ?? "";
    badge.hidden = !badge.textContent;
    badge.classList.toggle("g4f-is-found", told.badge === "better");
    const item = told.item;
    mark.textContent = item?.mark ?? "";
    facts.textContent = (item?.facts ?? []).join(" · ");
    error.textContent = item?.error ?? "";
    error.hidden = !error.textContent;
    copy.hidden = !item?.said;
    stop.hidden = told.status === "done" || told.status === "empty";
    again.hidden = !(told.column && item && (item.error || item.mark === "Stopped"));
    remove.hidden = !told.column;
    foot.hidden = told.status === "empty";
    refresh();
  };

  return side;
}

// ---- the vote ----------------------------------------------------------------------------------------

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
    if (event.key.startsWith("Arrow") && event.target.closest(".g4f-side-body, .g4f-diff-words, .g4f-question-text")) return;
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

// ---- two answers word by word ------------------------------------------------------------------------

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

// ---- what is asked -----------------------------------------------------------------------------------

function createQuestion(model, send) {
  const text = make("textarea", { rows: "1", "aria-label": "Prompt", placeholder: "Ask all of them", enterkeyhint: "send", dir: "auto" });
  const go = make("button", { type: "submit", class: "g4f-button g4f-main" });
  const next = button("Next prompt", { press: () => send({ type: "next" }) });
  const field = make("div", { class: "g4f-ask-field" }, text, go);
  const node = make("form", { class: "g4f-ask" }, field, next);
  // Until Python has told how many there are, it may be asked all the same.
  let columns = null;

  function grow() {
    text.style.height = "auto";
    text.style.height = `${text.scrollHeight}px`;
  }

  function refresh() {
    const busy = model.get("busy");
    const label = busy ? "Stop all" : "Ask";
    if (go.getAttribute("aria-label") !== label) {
      go.replaceChildren(icon(busy ? "stop" : "send"), make("span", {}, label));
      go.setAttribute("aria-label", label);
      go.classList.toggle("g4f-main", !busy);
    }
    setDisabled(go, !busy && (!text.value.trim() || columns === 0));
    setDisabled(next, busy || columns === 0);
  }

  function submit() {
    if (model.get("busy")) {
      send({ type: "stop" });
    } else if (text.value.trim() && columns !== 0) {
      send({ type: "ask", text: text.value });
      text.value = "";
      grow();
      refresh();
    }
  }

  function sync(state) {
    columns = state.sides.length || state.columns.length;
    const { left, of, text: following } = state.next;
    next.hidden = !left;
    next.lastChild.textContent = `Next prompt (${of - left + 1} of ${of})`;
    next.title = following ?? "";
    refresh();
  }

  node.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  text.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && model.get("busy")) send({ type: "stop" });
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    // By hand, for notebooks take the line break of Shift+Enter away; this way it can be undone.
    if (event.shiftKey) document.execCommand("insertText", false, "\n");
    else if (!model.get("busy")) submit();
  });
  text.addEventListener("input", () => {
    grow();
    refresh();
  });
  return { node, text, sync, refresh };
}

// ---- the panel ---------------------------------------------------------------------------------------

function render({ model, el }) {
  const view = newId();
  const rating = model.get("kind") === "rate";
  const status = make("div", { class: "g4f-unseen", role: "status", "aria-live": "polite" });
  const problem = make("p", { class: "g4f-problem", role: "alert", hidden: true });
  const waiting = make("p", { class: "g4f-notice", role: "status", hidden: true });
  const patience = createPatience(waiting);
  const send = (message) => {
    model.send(message);
    if (message.type !== "hello") patience.wait();
  };
  const hello = () => send({ type: "hello", view });

  const question = make("div", { class: "g4f-question-text", dir: "auto", tabindex: "0", role: "region", "aria-label": "What was asked" });
  const back = button("Earlier prompt", { icon: "left", quiet: true, words: false });
  const on = button("Later prompt", { icon: "right", quiet: true, words: false });
  const where = make("span", { class: "g4f-caption" });
  const steps = make("div", { class: "g4f-steps" }, back, where, on);
  const blind = button("Blind", { press: toggleBlind, title: "Hide the names until you have voted" });
  const words = button("Differences", { press: () => toggleWords(), title: "Two answers, word by word" });
  const chooser = createChooser({
    model,
    view,
    label: "Add a model",
    placeholder: "Add a model",
    keep: false,
    value: () => "",
    choose: (chosen) => send({ type: "add", model: chosen }),
  });
  const tools = make("div", { class: "g4f-tools" }, steps, chooser.node, blind, words);
  const list = make("div", { class: "g4f-sides" });
  const empty = make("div", { class: "g4f-nothing" });
  const vote = createVote(send);
  const difference = createDifference(send, view);
  const ask = createQuestion(model, send);
  const middle = make("div", { class: "g4f-middle-part" }, list, empty);
  const notes = make("div", { class: "g4f-notes", role: "status" });
  const root = make("section", { class: "g4f-root g4f-compare", tabindex: "-1", "aria-label": rating ? "Rating" : "Comparison", "data-jp-suppress-context-menu": "true" });
  if (!rating) root.append(tools);
  root.append(problem, question, middle, difference.node, notes, vote.node);
  if (!rating) root.append(ask.node);
  root.append(waiting, status);

  let n = 0; // of the last message to all
  let state = null;
  const sides = new Map();
  const waiters = new Map();

  function toggleBlind() {
    model.set("blind", !model.get("blind"));
    model.save_changes();
  }

  function toggleWords(want = difference.node.hidden) {
    difference.toggle(want);
    words.setAttribute("aria-pressed", String(want));
  }

  function go(by) {
    send({ type: "go", to: state.at + by });
  }

  /** What a model wrote is fetched when it is copied; a kernel that is busy leaves what the page shows. */
  function fetchText(id) {
    return new Promise((done) => {
      waiters.set(id, done);
      model.send({ type: "text", view, side: id });
      setTimeout(() => done(null), PATIENCE);
    });
  }

  function sideOf(id) {
    if (!sides.has(id)) sides.set(id, createSide(id, send, fetchText));
    return sides.get(id);
  }

  /** While two are voted on, only those two are on the page, left and right as Python says. */
  function shownSides() {
    const { ballot } = state;
    if (!ballot || (!ballot.left && !ballot.right)) return state.sides;
    return [ballot.left, ballot.right].map((id) => state.sides.find((each) => each.id === id)).filter(Boolean);
  }

  function show() {
    const told = shownSides();
    const columns = told.length || rating ? told : state.columns.map((each) => ({ ...each, column: each.id, status: "empty", tries: 0, item: null }));
    const nodes = columns.map((each) => {
      const side = sideOf(each.id);
      side.describe(each);
      return side.node;
    });
    if (nodes.length !== list.children.length || nodes.some((node, at) => node !== list.children[at])) list.replaceChildren(...nodes);
    const known = new Set([...state.sides, ...state.columns ?? []].map((each) => each.id));
    for (const id of sides.keys()) if (!known.has(id)) sides.delete(id);
    list.hidden = !nodes.length;
    list.style.setProperty("--g4f-columns", nodes.length);
    question.textContent = state.question ?? "";
    question.hidden = !state.question;
    vote.sync(state.ballot && !state.summary ? state.ballot : null, rating, state.sides);
    notes.replaceChildren(...(state.notes ?? []).map((note) => make("p", {}, note)));
    notes.hidden = !notes.children.length;
    if (rating) showRating();
    else showComparing();
    difference.sync(told.filter((each) => each.item?.said));
    root.classList.toggle("g4f-is-blind", state.blind);
  }

  function showRating() {
    empty.hidden = !state.summary;
    if (state.summary) empty.replaceChildren(summaryNode(state.summary));
  }

  function showComparing() {
    steps.hidden = state.rounds < 2;
    where.textContent = `Prompt ${state.at + 1} of ${state.rounds}`;
    setDisabled(back, state.at < 1);
    setDisabled(on, state.at >= state.rounds - 1);
    empty.hidden = list.children.length > 0;
    if (!empty.hidden) empty.replaceChildren(make("p", {}, "Add two or more models to compare."));
    setDisabled(words, state.sides.filter((each) => each.item?.said).length < 2);
    ask.sync(state);
  }

  function announce(told) {
    const item = told.item;
    status.textContent = item?.error ? `${told.title} failed: ${item.error}` : `${told.title} has answered.`;
  }

  function takeState(message) {
    const before = state;
    state = message;
    for (const whole of message.contents ?? []) sideOf(whole.id).add(whole);
    show();
    const lacking = state.sides.some((each) => each.item?.said && !sides.get(each.id)?.got && shownSides().some((s) => s.id === each.id));
    if (lacking && !message.contents) hello();
    if (rating && state.summary && before && !before.summary) empty.querySelector("h3")?.focus();
    else if (state.ballot?.ready && before && JSON.stringify(before.ballot) !== JSON.stringify(state.ballot)) {
      // So that the keys vote, wherever the focus was in the panel; not while somebody writes.
      if (rating || (root.contains(document.activeElement) && !ask.text.value)) root.focus({ preventScroll: true });
    }
  }

  function takeSettled(message) {
    sides.get(message.side.id)?.add(message.step);
    state.sides = state.sides.map((each) => (each.id === message.side.id ? message.side : each));
    show();
    announce(message.side);
  }

  function receive(message) {
    patience.heard();
    if (message.view !== undefined) {
      if (message.view !== view) return;
      if (message.type === "state") {
        n = message.n;
        takeState(message);
      } else if (message.type === "diff") difference.receive(message);
      else if (message.type === "text") waiters.get(message.side)?.(message.text);
      else chooser.receive(message);
      return;
    }
    if (message.n <= n) return;
    if (message.n > n + 1 || !state) {
      hello();
      return;
    }
    n = message.n;
    if (message.type === "state") takeState(message);
    else if (message.type === "delta") {
      for (const step of message.sides) {
        const side = sides.get(step.id) ?? (state.sides.some((each) => each.id === step.id) ? sideOf(step.id) : null);
        if (side && side.status === "waiting") {
          side.status = "live";
        }
        side?.add(step);
      }
    } else if (message.type === "settled") takeSettled(message);
  }

  function sync() {
    problem.textContent = model.get("problem");
    problem.hidden = !problem.textContent;
    root.style.setProperty("--g4f-height", model.get("height"));
    blind.setAttribute("aria-pressed", String(model.get("blind") ?? false));
    if (!rating) ask.refresh();
    chooser.sync();
  }

  back.addEventListener("click", () => go(-1));
  on.addEventListener("click", () => go(1));
  difference.close.addEventListener("click", () => {
    toggleWords(false);
    words.focus();
  });
  root.addEventListener("keydown", vote.press);
  for (const name of ["problem", "busy", "blind", "height"]) {
    model.on(`change:${name}`, () => {
      patience.heard();
      sync();
    });
  }
  model.on("msg:custom", receive);
  const undo = [guardKeys(root), hideTranscript(model.get("transcript")), patience.close];
  el.append(root);
  sync();
  hello();
  return () => {
    for (const each of undo) each();
  };
}

export default { render };
