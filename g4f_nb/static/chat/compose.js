/** The box to write in: Enter sends, Shift+Enter breaks the line, ↑ brings back what was asked before. */

/** Steps through earlier prompts, as long as what stands in the box is empty or one of them. */
function createRecall(text, prompts, changed) {
  let at = -1;
  let put = null;
  const set = (value) => {
    text.value = put = value;
    text.setSelectionRange(value.length, value.length);
    changed();
  };
  return (event) => {
    if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return false;
    const free = !text.value || text.value === put;
    if (!free || event.shiftKey || event.altKey || event.ctrlKey || event.metaKey) return false;
    const all = [...new Set(prompts().filter(Boolean).reverse())];
    if (!text.value) at = -1;
    const next = at + (event.key === "ArrowUp" ? 1 : -1);
    if (next >= all.length || (next < 0 && at < 0)) return false;
    event.preventDefault();
    at = next;
    set(at < 0 ? "" : all[at]);
    return true;
  };
}

function createComposer({ model, view, stop, notice, prompts, root }) {
  const text = make("textarea", { rows: "1", "aria-label": "Message", placeholder: "Message", enterkeyhint: "send", dir: "auto" });
  const send = make("button", { type: "submit", class: "g4f-send" });
  const total = make("span", { class: "g4f-total", "aria-label": "Used so far" });
  const attachments = createAttachments({ notice, changed: () => refresh() });
  const ask = (typed) => model.send({ type: "look", view, what: "names", text: typed });
  const mentions = createMentions({ text, ask, changed: () => grow() });
  const strangers = createStrangers({ text, ask: (typed) => model.send({ type: "look", view, what: "strangers", text: typed }) });
  const at = button("Name a variable", { quiet: true, words: false, press: nameOne });
  at.append(make("span", { "aria-hidden": "true", class: "g4f-at" }, "@"));
  const templates = createTemplates({ put: (value) => insert(value) });
  const line = make("div", { class: "g4f-compose-line" }, attachments.attach, at, templates.toggle, total, send);
  const field = make("div", { class: "g4f-field" }, attachments.chips, text, strangers.node, line, mentions.list);
  const node = make("form", { class: "g4f-compose" }, templates.node, field, attachments.input);
  const recall = createRecall(text, prompts, () => grow());
  const waiting = { request: null, timer: 0 };
  let elsewhere = ""; // what is answered in another conversation

  function grow() {
    text.style.height = "auto";
    text.style.height = `${text.scrollHeight}px`;
    refresh();
  }

  function insert(value) {
    text.value = text.value ? `${text.value}\n${value}` : value;
    grow();
    text.focus();
  }

  function nameOne() {
    text.focus();
    document.execCommand("insertText", false, text.value && !/\s$/.test(text.value) ? " @" : "@");
  }

  function refresh() {
    const busy = model.get("busy");
    // Nobody shall end unawares what is not in sight.
    const label = !busy ? "Send" : elsewhere ? "Stop the other conversation" : "Stop";
    if (send.getAttribute("aria-label") !== label) {
      send.replaceChildren(icon(busy ? "stop" : "send"), make("span", {}, busy ? "Stop" : label));
      send.setAttribute("aria-label", label);
      send.title = { Send: "Send (Enter)", Stop: "Stop (Esc)" }[label] ?? label;
      send.classList.toggle("g4f-stop", busy);
    }
    // Not `disabled`: that would throw the keyboard's focus out of the panel.
    const nothing = !text.value.trim() && !attachments.any();
    send.setAttribute("aria-disabled", String(!busy && (waiting.request !== null || nothing)));
    text.readOnly = waiting.request !== null;
  }

  async function submit() {
    if (waiting.request || model.get("busy") || (!text.value.trim() && !attachments.any())) return;
    waiting.request = newId();
    waiting.timer = setTimeout(() => notice(BUSY), PATIENCE);
    refresh();
    const { files, buffers } = await attachments.take();
    model.send({ type: "ask", view, request: waiting.request, text: text.value, files }, undefined, buffers);
  }

  /** Python has taken the question up, or said why not. */
  function heard(request, { kept = false } = {}) {
    if (!waiting.request || (request && request !== waiting.request)) return;
    waiting.request = null;
    clearTimeout(waiting.timer);
    notice("");
    if (!kept) {
      text.value = "";
      attachments.clear();
      strangers.clear();
    }
    grow();
  }

  node.addEventListener("submit", (event) => {
    event.preventDefault();
    if (model.get("busy")) stop();
    else submit();
  });
  text.addEventListener("keydown", (event) => {
    // 229 is a key that an input method has taken, where `isComposing` is already over.
    if (event.isComposing || event.keyCode === 229 || mentions.press(event) || recall(event)) return;
    if (event.key !== "Enter") return;
    event.preventDefault();
    // By hand, for notebooks take the line break of Shift+Enter away; this way it can be undone.
    if (event.shiftKey) document.execCommand("insertText", false, "\n");
    else submit();
  });
  text.addEventListener("input", grow);
  text.addEventListener("paste", attachments.paste);
  attachments.dropOn(root);

  function sync(room) {
    elsewhere = room.elsewhere;
    refresh();
    templates.sync(room.templates);
    total.textContent = total.title = room.total;
    total.hidden = !room.total;
  }

  function close() {
    clearTimeout(waiting.timer);
    strangers.close();
  }

  return { node, text, heard, refresh, sync, receive: mentions.receive, warn: strangers.receive, close };
}
