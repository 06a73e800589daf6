/** The box for what is asked of all of them, and the button for the next prompt of a list. */

function createQuestion({ model, view, send }) {
  const text = make("textarea", { rows: "1", "aria-label": "Prompt", placeholder: "Ask all of them", enterkeyhint: "send", dir: "auto" });
  const go = make("button", { type: "submit", class: "g4f-button g4f-main" });
  const next = button("Next prompt", { press: () => send({ type: "next" }) });
  const field = make("div", { class: "g4f-ask-field" }, text, go);
  const node = make("form", { class: "g4f-ask" }, field, next);
  // Until Python has told how many there are, it may be asked all the same.
  let columns = null;
  // What was typed stays until Python has taken it up: it may be refused, or nobody may be there.
  let waiting = null;

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
    setDisabled(go, !busy && (waiting !== null || !text.value.trim() || columns === 0));
    setDisabled(next, busy || columns === 0);
    text.readOnly = waiting !== null;
  }

  function submit() {
    if (model.get("busy")) {
      send({ type: "stop" });
    } else if (waiting === null && text.value.trim() && columns !== 0) {
      waiting = newId();
      refresh();
      send({ type: "ask", view, request: waiting, text: text.value });
    }
  }

  function refused(request) {
    if (request !== waiting) return;
    waiting = null;
    refresh();
  }

  function sync(state) {
    columns = state.sides.length || state.columns.length;
    const { left, of, text: following } = state.next;
    next.hidden = !left;
    next.lastChild.textContent = `Next prompt (${of - left + 1} of ${of})`;
    next.title = following ?? "";
    if (waiting !== null && state.asked === waiting) {
      waiting = null;
      text.value = "";
      grow();
    }
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
  return { node, text, sync, refresh, refused };
}
