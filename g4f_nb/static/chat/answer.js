/** One answer: it grows through `add`, begins anew with `replace`, and comes to rest with `settle`. */

Object.assign(ICONS, {
  again: "M13 8a5 5 0 1 1-1.6-3.7M13 2.5v2.8h-2.8",
  fork: "M5 3v4.5a3 3 0 0 0 3 3h3M9 8l2.5 2.5L9 13M5 3v10",
  bin: "M3 4.5h10M6.5 4.5v-2h3v2M4.5 4.5l.6 9h5.8l.6-9",
  pen: "M3 13l.7-3L10.5 3.2a1.4 1.4 0 0 1 2 0l.3.3a1.4 1.4 0 0 1 0 2L6 12.3z",
  cell: "M2.5 4.5h11v7h-11zM8 6.2v3.6M6.2 8h3.6",
  forward: "M4 4l5 4-5 4zM11.5 4v8",
});

const STATES = { asks: "wants to run", runs: "running…", done: "done", failed: "failed", passed: "not run" };

/** A call of a tool: folded once it is over, with its buttons as long as it waits for leave. */
function callNode(card, decide) {
  const head = make("summary", {}, make("code", {}, card.name), make("span", { class: `g4f-call-${card.state}` }));
  head.lastChild.textContent = STATES[card.state] ?? card.state;
  if (card.seconds != null) head.append(make("span", { class: "g4f-faint" }, `${card.seconds} s`));
  const node = make("details", { class: "g4f-call", open: card.state === "asks" || card.state === "failed" }, head);
  node.append(make("pre", { class: "g4f-call-text", dir: "auto" }, card.arguments || "no arguments"));
  if (card.result) node.append(make("pre", { class: "g4f-call-text g4f-call-result", dir: "auto" }, card.result));
  if (card.state === "asks") {
    const line = make("div", { class: "g4f-call-leave", role: "group", "aria-label": `May ${card.name} run?` });
    line.append(
      button("Allow", { class: "g4f-button g4f-main", press: () => decide("allow", card.id) }),
      button("Deny", { press: () => decide("deny", card.id) }),
      button("Always", { title: `Let ${card.name} run without asking from now on`, press: () => decide("always", card.id) }),
    );
    node.append(line);
  }
  return node;
}

function createAnswer({ decide, codeTools, announce }) {
  const thoughts = make("div", { class: "g4f-thoughts", dir: "auto" });
  const summary = make("summary", {}, "Thinking…");
  const reasoning = make("details", { class: "g4f-reasoning", hidden: true }, summary, thoughts);
  const calls = make("div", { class: "g4f-calls", hidden: true });
  const finished = make("div", { class: "g4f-finished", dir: "auto" });
  const open = make("div", { class: "g4f-open", dir: "auto" });
  const body = make("div", { class: "g4f-body" }, finished, open);
  const waiting = make("div", { class: "g4f-waiting", "aria-hidden": "true" }, make("i"), make("i"), make("i"));
  const foot = make("footer", { class: "g4f-foot" });
  const node = make("article", { class: "g4f-answer g4f-live", "aria-label": "Answer", "aria-busy": "true" });
  node.append(reasoning, calls, body, waiting, foot);
  const shown = { finished: "", open: "", reasoning: "", cards: "[]", plain: null };
  const answer = { node, foot, n: -1 };

  function think(text) {
    thoughts.append(text);
    shown.reasoning += text;
    reasoning.hidden = !shown.reasoning;
  }

  function showCalls(cards) {
    const text = JSON.stringify(cards);
    if (text === shown.cards) return;
    const asked = cards.filter((card) => card.state === "asks" && !shown.cards.includes(`"${card.id}"`));
    shown.cards = text;
    calls.replaceChildren(...cards.map((card) => callNode(card, decide)));
    calls.hidden = !cards.length;
    for (const card of asked) announce(`${card.name} wants to run: allow or deny?`);
  }

  function refresh() {
    const live = node.classList.contains("g4f-live");
    const any = Boolean(shown.finished || shown.open);
    waiting.hidden = !live || Boolean(shown.open) || shown.cards.includes('"asks"');
    summary.textContent = live && !any ? "Thinking…" : "Reasoning";
  }

  function addFinished(html) {
    addBlocks(finished, html, codeTools);
    shown.finished += html;
  }

  function setOpen(html) {
    if (html === shown.open) return;
    open.replaceChildren();
    addBlocks(open, html, codeTools);
    shown.open = html;
  }

  answer.add = (delta) => {
    answer.n = delta.n;
    for (const html of delta.finished ?? []) addFinished(html);
    setOpen(shown.open.slice(0, delta.keep ?? 0) + delta.open);
    if (delta.reasoning) think(delta.reasoning);
    if (delta.calls) showCalls(delta.calls);
    refresh();
  };

  answer.replace = (whole) => {
    for (const part of [finished, open, thoughts]) part.replaceChildren();
    Object.assign(shown, { finished: "", open: "", reasoning: "" });
    answer.add({ ...whole, keep: 0 });
  };

  /** Whether the page holds this answer already, of which only the length was told. */
  answer.holds = (item) => item.there === undefined || item.there === (shown.finished + shown.open).length;

  answer.settle = (item) => {
    node.classList.remove("g4f-live");
    node.removeAttribute("aria-busy");
    const html = item.there === undefined ? item.html : shown.finished + shown.open;
    if (html == null && shown.plain !== item.text) {
      finished.replaceChildren();
      open.replaceChildren(make("div", { class: "g4f-plain" }, item.text ?? ""));
      shown.plain = item.text;
    } else if (html != null && html !== shown.finished + shown.open) {
      open.replaceChildren();
      finished.replaceChildren();
      Object.assign(shown, { finished: "", open: "" });
      addFinished(html);
    }
    // Null: it is there already.
    if (item.reasoning !== null && (item.reasoning ?? "") !== shown.reasoning) {
      thoughts.replaceChildren();
      shown.reasoning = "";
      think(item.reasoning ?? "");
    }
    showCalls(item.calls ?? []);
    refresh();
    answer.plain = () => body.innerText;
  };

  refresh();
  return answer;
}
