/** One answer in its column: it grows, and in the end it says how it ended. */

/** One answer: it grows through `add`, and `describe` says whose it is and how it stands. */
function createSide(id, send, fetchText) {
  const title = make("h3", { class: "g4f-column-title", dir: "auto" });
  const badge = make("span", { class: "g4f-badge", hidden: true });
  const stop = button("Stop", { icon: "stop", press: () => send({ type: "stop", side: id }) });
  const again = button("Ask again", { press: () => send({ type: "again", column: side.column }) });
  const remove = button("Remove this column", { icon: "close", quiet: true, words: false });
  remove.addEventListener("click", () => send({ type: "remove", column: side.column }));
  const head = make("header", { class: "g4f-column-head" }, title, badge, remove);
  const thoughts = make("div", { class: "g4f-column-thoughts", dir: "auto" });
  const summary = make("summary", {}, "Reasoning");
  const reasoning = make("details", { class: "g4f-column-reasoning", hidden: true }, summary, thoughts);
  const finished = make("div", { class: "g4f-finished" });
  const open = make("div", { class: "g4f-open" });
  const text = make("div", { class: "g4f-body", dir: "auto" }, finished, open);
  const waiting = make("div", { class: "g4f-column-waiting" });
  const error = make("p", { class: "g4f-column-error", hidden: true, dir: "auto" });
  const missing = make("div", { class: "g4f-column-key", hidden: true });
  const body = make("div", { class: "g4f-column-body", tabindex: "0", role: "group" }, reasoning, text, waiting, error, missing);
  const mark = make("span", { class: "g4f-column-mark" });
  const facts = make("span", { class: "g4f-column-facts" });
  const copy = copyButton("Copy answer", async () => (await fetchText(id)) ?? text.innerText);
  const foot = make("footer", { class: "g4f-column-foot" }, copy, make("span", {}, mark, facts), stop, again);
  const node = make("article", { class: "g4f-column" }, head, body, foot);
  const side = { id, node, column: null, status: "waiting", described: null };
  let source = ""; // the HTML of the block that grows, as it was told
  // One reads from the top, where the answers begin beside each other; who scrolls to the end stays there.
  const follower = createFollower(body, { following: false });

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
    follower.follow();
  };

  function refresh() {
    if (side.plain) {
      finished.replaceChildren();
      open.replaceChildren(make("div", { class: "g4f-plain" }, side.plain));
    }
    const any = Boolean(text.textContent);
    const nothing = side.status === "empty";
    const over = side.status === "done" || nothing;
    waiting.hidden = any || (over && !nothing);
    if (nothing) waiting.textContent = "Nothing was asked yet.";
    else waiting.textContent = side.status === "waiting" ? "Waiting for its turn…" : side.tries > 1 ? `Trying again (${side.tries})…` : "Waiting for the first words…";
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
    missing.hidden = !told.key;
    if (told.key && missing.dataset.of !== told.key) {
      missing.dataset.of = told.key;
      const giveKey = (_, bytes) => send({ type: "key", column: side.column }, [bytes]);
      missing.replaceChildren(keyField(told.key, { giveKey, again: () => {} }));
    }
    copy.hidden = !item?.said;
    stop.hidden = told.status === "done" || told.status === "empty";
    again.hidden = !(told.column && item && (item.error || item.mark === "Stopped"));
    remove.hidden = !told.column;
    foot.hidden = told.status === "empty";
    refresh();
  };

  side.close = follower.close;
  return side;
}
