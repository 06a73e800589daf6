/**
 * Answers side by side: the front end of the comparing panel and of the rating panel. It shows what Python
 * says; the messages are described in `panels/side_by_side.py`. While names are hidden it does not know them.
 */

function render({ model, el }) {
  const view = newId();
  const rating = model.get("_kind") === "rate";
  const status = make("div", { class: "g4f-unseen", role: "status", "aria-live": "polite" });
  const problem = make("p", { class: "g4f-problem", role: "alert", hidden: true });
  const waiting = make("p", { class: "g4f-notice", role: "status", hidden: true });
  const patience = createPatience(waiting);
  const send = (message, buffers = []) => {
    model.send(message, undefined, buffers);
    if (message.type !== "hello") patience.wait();
  };
  const hello = () => send({ type: "hello", view });

  const question = make("div", { class: "g4f-question-text", dir: "auto", tabindex: "0", role: "region", "aria-label": "What was asked" });
  const back = button("Earlier prompt", { icon: "left", quiet: true, words: false });
  const on = button("Later prompt", { icon: "right", quiet: true, words: false });
  const where = make("span", { class: "g4f-caption" });
  const steps = make("div", { class: "g4f-rounds" }, back, where, on);
  const blind = button("Blind", { press: toggleBlind, title: "Hide the names until you have voted" });
  const words = button("Differences", { press: () => toggleWords(), title: "Two answers, word by word" });
  let adding = null; // the model that was asked for last
  const chooser = createChooser({
    model,
    view,
    label: "Add a model",
    placeholder: "Add a model",
    keep: false,
    value: () => "",
    choose(chosen) {
      adding = { request: newId(), model: chosen };
      send({ type: "add", view, ...adding });
    },
  });
  const tools = make("div", { class: "g4f-tools" }, steps, chooser.node, blind, words);
  const list = make("div", { class: "g4f-columns" });
  const empty = make("div", { class: "g4f-nothing" });
  const vote = createVote(send);
  const difference = createDifference(send, view);
  const ask = createQuestion({ model, view, send });
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
    for (const [id, side] of sides) {
      if (known.has(id)) continue;
      side.close();
      sides.delete(id);
    }
    list.hidden = !nodes.length;
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

  function takeRefused(request) {
    ask.refused(request);
    if (request === adding?.request) chooser.put(adding.model);
  }

  function receive(message) {
    patience.heard();
    if (message.view !== undefined) {
      if (message.view !== view) return;
      if (message.type === "state") {
        n = message.n;
        takeState(message);
      } else if (message.type === "diff") difference.receive(message);
      else if (message.type === "refused") takeRefused(message.request);
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
  const undo = [guardKeys(root), hideTranscript(model.get("_transcript")), patience.close];
  el.append(root);
  sync();
  hello();
  return () => {
    for (const each of [...undo, ...[...sides.values()].map((side) => side.close)]) each();
  };
}

export default { render };
