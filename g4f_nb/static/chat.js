/**
 * The chat panel's front end: it shows what Python says and tells Python what the user does.
 *
 * The only HTML that is ever set is the sanitised HTML that Python rendered; everything else goes through
 * `textContent`. The messages are described in `widgets.py`.
 */

const AT_BOTTOM = 40; // pixels from the end that still count as reading the newest text
const PATIENCE = 1500; // milliseconds until a silent kernel is mentioned
const MOST_OPTIONS = 200;

// ---- messages ---------------------------------------------------------------------------------------

function questionNode(item) {
  const text = make("div", { class: "g4f-bubble" }, item.text);
  const copy = copyButton("Copy question", () => item.text);
  return make("article", { class: "g4f-turn g4f-question", "aria-label": "Question" }, copy, text);
}

function errorNode(item) {
  const text = make("div", { class: "g4f-error-text", role: "alert" }, item.text);
  const sign = make("span", { class: "g4f-error-sign", "aria-hidden": "true" }, "!");
  return make("article", { class: "g4f-turn g4f-error", "aria-label": "Error" }, sign, text);
}

/** An answer grows through `add`, or begins anew with `replace`, and comes to rest with `settle`. */
function createAnswer(request) {
  const thoughts = make("div", { class: "g4f-thoughts" });
  const summary = make("summary", {}, "Thinking…");
  const reasoning = make("details", { class: "g4f-reasoning", hidden: true }, summary, thoughts);
  const finished = make("div", { class: "g4f-finished" });
  const open = make("div", { class: "g4f-open" });
  const body = make("div", { class: "g4f-body" }, finished, open);
  const waiting = make("div", { class: "g4f-waiting", "aria-hidden": "true" }, make("i"), make("i"), make("i"));
  const foot = make("footer", { class: "g4f-foot" });
  const node = make("article", { class: "g4f-turn g4f-answer g4f-live", "aria-label": "Answer", "aria-busy": "true" });
  node.append(reasoning, body, waiting, foot);
  const shown = { finished: "", open: "", reasoning: "" };
  const answer = { request, node, n: -1, seen: false };

  function think(text) {
    thoughts.append(text);
    shown.reasoning += text;
    reasoning.hidden = !shown.reasoning;
  }

  function refresh() {
    const any = Boolean(shown.finished || shown.open);
    waiting.hidden = any;
    summary.textContent = any || !node.classList.contains("g4f-live") ? "Reasoning" : "Thinking…";
  }

  answer.add = (delta) => {
    answer.n = delta.n;
    for (const html of delta.finished) {
      addBlocks(finished, html);
      shown.finished += html;
    }
    if (delta.open !== shown.open) {
      open.replaceChildren();
      addBlocks(open, delta.open);
      shown.open = delta.open;
    }
    if (delta.reasoning) think(delta.reasoning);
    refresh();
  };

  answer.replace = (whole) => {
    for (const part of [finished, open, thoughts]) part.replaceChildren();
    Object.assign(shown, { finished: "", open: "", reasoning: "" });
    answer.add(whole);
  };

  answer.settle = (item) => {
    node.classList.remove("g4f-live");
    node.removeAttribute("aria-busy");
    if (item.html == null) {
      finished.replaceChildren();
      open.replaceChildren(make("div", { class: "g4f-plain" }, item.text));
    } else if (shown.finished + shown.open !== item.html) {
      open.replaceChildren();
      finished.replaceChildren();
      addBlocks(finished, item.html);
    }
    if ((item.reasoning ?? "") !== shown.reasoning) {
      thoughts.replaceChildren();
      shown.reasoning = "";
      think(item.reasoning ?? "");
    }
    refresh();
    summary.textContent = "Reasoning";
    waiting.hidden = true;
    const said = make("div", { class: "g4f-foot-text" });
    if (item.mark) said.append(make("span", { class: "g4f-mark" }, item.mark));
    said.append(make("span", { class: "g4f-facts" }, (item.footer ?? []).join(" · ")));
    if (item.text) foot.append(copyButton("Copy answer", () => item.text));
    foot.append(said);
  };

  answer.plainText = () => body.innerText;
  refresh();
  return answer;
}

// ---- the conversation -------------------------------------------------------------------------------

function createLog({ model, hello, announce }) {
  const empty = make("div", { class: "g4f-empty" });
  empty.append(make("p", {}, "Ask something."));
  const keys = make("p", { class: "g4f-keys" });
  keys.append(make("kbd", {}, "Enter"), " sends, ", make("kbd", {}, "Shift+Enter"), " breaks the line, ");
  keys.append(make("kbd", {}, "Esc"), " stops.");
  empty.append(keys);
  const list = make("div", { class: "g4f-list" });
  const scroller = make("div", { class: "g4f-log", role: "region", "aria-label": "Conversation", tabindex: "0" });
  scroller.append(empty, list);
  const jump = make("button", { type: "button", class: "g4f-jump", "aria-label": "Go to the newest text" });
  jump.hidden = true;
  jump.append(icon("down"));
  const node = make("div", { class: "g4f-middle" }, scroller, jump);

  const nodes = new Map(); // settled items by id
  const over = new Set(); // requests of which nothing more is shown
  let live = null;
  let following = true;
  let place = 0;

  function toBottom() {
    following = true;
    scroller.scrollTop = scroller.scrollHeight;
    jump.hidden = true;
  }

  function follow() {
    if (following) toBottom();
    else jump.hidden = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < AT_BOTTOM;
  }

  function noteScroll() {
    if (!scroller.clientHeight) return;
    place = scroller.scrollTop;
    following = scroller.scrollHeight - place - scroller.clientHeight < AT_BOTTOM;
    jump.hidden = following;
  }

  scroller.addEventListener("scroll", noteScroll);
  jump.addEventListener("click", () => {
    toBottom();
    scroller.focus();
  });
  // A notebook takes what is out of sight off the page, and it comes back scrolled to the top.
  const resized = new ResizeObserver(() => {
    if (following) toBottom();
    else scroller.scrollTop = place;
  });
  resized.observe(scroller);

  function begin(request) {
    live = createAnswer(request);
    list.append(live.node);
  }

  /** Whether Python is done with the live answer; it may be ahead of the conversation, never behind. */
  function isOver(ids, request) {
    if (ids.has(`${live.request}-assistant`) || ids.has(`${live.request}-error`)) return true;
    const known = ids.has(`${live.request}-user`);
    const cleared = live.seen && !known;
    live.seen ||= known;
    return cleared || (request !== null && request !== live.request);
  }

  function retire(item) {
    over.add(live.request);
    if (item) {
      live.settle(item);
      nodes.set(item.id, live.node);
      announce(`${live.plainText()} ${item.mark ?? ""}`);
    } else {
      live.node.remove();
    }
    live = null;
  }

  function settledNode(item) {
    if (item.role === "user") return questionNode(item);
    if (item.role === "error") return errorNode(item);
    const answer = createAnswer(null);
    answer.settle(item);
    return answer.node;
  }

  function sync() {
    const items = model.get("turns");
    const last = items.at(-1);
    const ids = new Set(items.map((item) => item.id));
    const request = model.get("busy") && last?.role === "user" ? last.id.replace(/-user$/, "") : null;
    if (live && isOver(ids, request)) retire(items.find((item) => item.id === `${live.request}-assistant`));
    for (const [id, old] of nodes) {
      if (!ids.has(id)) {
        old.remove();
        nodes.delete(id);
      }
    }
    for (const item of items) {
      if (nodes.has(item.id)) continue;
      const made = settledNode(item);
      nodes.set(item.id, made);
      list.insertBefore(made, live?.node ?? null);
      // One's own question is always shown, wherever one was reading.
      if (item.role === "user") following = true;
    }
    if (request && !live) begin(request);
    empty.hidden = items.length > 0 || live !== null;
    follow();
  }

  function receive(message) {
    if (over.has(message.request)) return;
    if (message.type === "live") {
      if (message.request === null) return;
      if (live?.request !== message.request) begin(message.request);
      live.replace(message);
    } else {
      if (live?.request !== message.request && message.n === 0) begin(message.request);
      if (live?.request !== message.request || message.n > live.n + 1) {
        hello();
        return;
      }
      if (message.n <= live.n) return;
      live.add(message);
    }
    follow();
  }

  return { node, sync, receive, request: () => live?.request ?? null, close: () => resized.disconnect() };
}

// ---- the model picker -------------------------------------------------------------------------------

function createPicker({ model, view }) {
  const listId = `g4f-models-${view}`;
  const input = make("input", {
    class: "g4f-model",
    type: "text",
    role: "combobox",
    "aria-label": "Model",
    "aria-autocomplete": "list",
    "aria-controls": listId,
    "aria-expanded": "false",
    placeholder: "provider:model",
    spellcheck: "false",
    autocomplete: "off",
    autocapitalize: "off",
  });
  const toggle = make("button", { type: "button", class: "g4f-quiet", tabindex: "-1", "aria-label": "Show models" });
  toggle.append(icon("open"));
  const list = make("ul", { class: "g4f-models", id: listId, role: "listbox", "aria-label": "Models", hidden: true });
  const node = make("div", { class: "g4f-picker" }, input, toggle, list);

  let providers = null; // null until Python has told
  const models = new Map(); // provider, in lower case: {names, error}, or null while it is fetched
  let typed = false; // what stands in the field is a search, not the choice
  let active = -1;

  const isOpen = () => !list.hidden;

  function fetchModels(provider) {
    if (models.has(provider.toLowerCase())) return;
    models.set(provider.toLowerCase(), null);
    model.send({ type: "models", provider, view });
  }

  function open() {
    model.send({ type: "models", provider: "", view });
    for (const [name, entry] of models) if (entry?.error) models.delete(name);
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    refresh();
  }

  function close() {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    mark(-1);
  }

  function showChoice() {
    typed = false;
    input.value = model.get("model");
    input.title = input.value;
  }

  function choose(value) {
    const chosen = value.trim().replace(/:$/, "");
    typed = false;
    close();
    if (chosen !== model.get("model")) {
      model.set("model", chosen);
      model.save_changes();
    }
    showChoice();
  }

  function pick(option) {
    if (option.dataset.provider) {
      input.value = option.dataset.value;
      typed = true;
      refresh();
      input.focus();
    } else {
      choose(option.dataset.value);
    }
  }

  function note(text, kind = "") {
    return make("li", { class: `g4f-note ${kind}`, role: "presentation" }, text);
  }

  function optionNode(value, { provider = null } = {}) {
    const chosen = value === model.get("model");
    const node = make("li", { id: newId(), role: "option", class: "g4f-option", "aria-selected": String(chosen) });
    node.dataset.value = value;
    node.append(make("span", {}, provider ?? value));
    if (provider) {
      node.dataset.provider = provider;
      node.append(make("span", { class: "g4f-more", "aria-hidden": "true" }, "›"));
    }
    // The field keeps the focus, so that typing goes on.
    node.addEventListener("pointerdown", (event) => event.preventDefault());
    node.addEventListener("click", () => pick(node));
    return node;
  }

  function rowsOfModels(provider, search) {
    fetchModels(provider);
    const entry = models.get(provider.toLowerCase());
    if (entry === null) return [note("Fetching the models…")];
    if (entry.error) return [note(entry.error, "g4f-bad")];
    const found = entry.names.filter((name) => name.toLowerCase().includes(search));
    const rows = found.slice(0, MOST_OPTIONS).map((name) => optionNode(`${provider}:${name}`));
    const left = found.length - rows.length;
    if (left) rows.push(note(`… and ${left} more: type to narrow down`));
    return rows.length ? rows : [note("No model of that name is listed; Enter takes it all the same.")];
  }

  function rows() {
    const text = typed ? input.value.trim() : "";
    const [left, ...rest] = (typed ? text : model.get("model")).split(":");
    const named = providers?.find((name) => name.toLowerCase() === left.trim().toLowerCase());
    if (typed && text.includes(":")) {
      return rowsOfModels(named ?? left.trim(), rest.join(":").trim().toLowerCase());
    }
    if (providers === null) return [note("Looking for providers…")];
    const shown = providers.filter((name) => name.toLowerCase().includes(text.toLowerCase()));
    const found = shown.map((name) => optionNode(`${name}:`, { provider: name }));
    if (!typed && named) found.unshift(...rowsOfModels(named, ""), note("Providers", "g4f-group"));
    return found.length ? found : [note("Enter takes what is typed.")];
  }

  function refresh() {
    if (!isOpen()) return;
    list.replaceChildren(...rows());
    list.scrollTop = 0;
    mark(-1);
  }

  const options = () => [...list.querySelectorAll("[role=option]")];

  function mark(index) {
    const all = options();
    all[active]?.classList.remove("g4f-active");
    active = all.length ? Math.max(-1, Math.min(index, all.length - 1)) : -1;
    const option = all[active];
    option?.classList.add("g4f-active");
    option?.scrollIntoView({ block: "nearest" });
    if (option) input.setAttribute("aria-activedescendant", option.id);
    else input.removeAttribute("aria-activedescendant");
  }

  function press(event) {
    const { key } = event;
    if (key === "ArrowDown" || key === "ArrowUp") {
      event.preventDefault();
      if (isOpen()) mark(active + (key === "ArrowDown" ? 1 : -1));
      else open();
    } else if (key === "Enter" && !event.isComposing) {
      event.preventDefault();
      const option = isOpen() ? options()[active] : null;
      if (option) pick(option);
      else choose(input.value);
    } else if (key === "Escape" && (isOpen() || typed)) {
      event.stopPropagation();
      close();
      showChoice();
    }
  }

  input.addEventListener("keydown", press);
  input.addEventListener("input", () => {
    typed = true;
    if (isOpen()) refresh();
    else open();
  });
  input.addEventListener("click", () => {
    if (!isOpen()) {
      input.select();
      open();
    }
  });
  input.addEventListener("blur", () => (typed ? choose(input.value) : close()));
  toggle.addEventListener("pointerdown", (event) => event.preventDefault());
  toggle.addEventListener("click", () => {
    if (isOpen()) close();
    else {
      input.focus();
      open();
    }
  });

  function receive({ provider, names, error }) {
    if (provider) models.set(provider.toLowerCase(), { names, error });
    else providers = names;
    refresh();
  }

  function sync() {
    if (!typed) showChoice();
    input.setAttribute("aria-invalid", String(Boolean(model.get("problem"))));
  }

  return { node, input, receive, sync };
}

// ---- the box to write in ----------------------------------------------------------------------------

function createComposer({ model, stop, notice }) {
  const text = make("textarea", { rows: "1", "aria-label": "Message", placeholder: "Message", enterkeyhint: "send" });
  const button = make("button", { type: "submit", class: "g4f-send" });
  const node = make("form", { class: "g4f-compose" }, make("div", { class: "g4f-field" }, text, button));
  let pending = null; // the request that Python has not yet taken up
  let timer = 0;

  function grow() {
    text.style.height = "auto";
    text.style.height = `${text.scrollHeight}px`;
  }

  function refresh() {
    const busy = model.get("busy");
    const label = busy ? "Stop" : "Send";
    if (button.getAttribute("aria-label") !== label) {
      button.replaceChildren(icon(busy ? "stop" : "send"), make("span", {}, label));
      button.setAttribute("aria-label", label);
      button.title = busy ? "Stop (Esc)" : "Send (Enter)";
      button.classList.toggle("g4f-stop", busy);
    }
    // Not `disabled`: that would throw the keyboard's focus out of the panel.
    button.setAttribute("aria-disabled", String(!busy && (pending !== null || !text.value.trim())));
    text.readOnly = pending !== null;
  }

  function send() {
    if (pending || !text.value.trim()) return;
    pending = newId();
    model.send({ type: "ask", request: pending, text: text.value });
    timer = setTimeout(() => notice("Waiting for the kernel, which is busy or has ended."), PATIENCE);
    refresh();
  }

  function sync() {
    if (pending && model.get("turns").some((item) => item.id === `${pending}-user`)) {
      pending = null;
      clearTimeout(timer);
      notice("");
      text.value = "";
      grow();
    }
    refresh();
  }

  node.addEventListener("submit", (event) => {
    event.preventDefault();
    if (model.get("busy")) stop();
    else send();
  });
  text.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    // By hand, for notebooks take the line break of Shift+Enter away; this way it can be undone.
    if (event.shiftKey) document.execCommand("insertText", false, "\n");
    else if (!model.get("busy")) send();
  });
  text.addEventListener("input", () => {
    grow();
    refresh();
  });
  return { node, text, sync, close: () => clearTimeout(timer) };
}

// ---- the panel --------------------------------------------------------------------------------------

function render({ model, el }) {
  const view = newId();
  const status = make("div", { class: "g4f-unseen", role: "status", "aria-live": "polite" });
  const problem = make("p", { class: "g4f-problem", role: "alert", hidden: true, id: `g4f-problem-${view}` });
  const notice = make("p", { class: "g4f-notice", role: "status", hidden: true });
  const clear = make("button", { type: "button", class: "g4f-quiet g4f-clear" }, "Clear");
  const announce = (text) => (status.textContent = text);
  const hello = () => model.send({ type: "hello", view });
  const stop = () => model.send({ type: "stop", request: log.request() });
  const tell = (text) => {
    notice.textContent = text;
    notice.hidden = !text;
  };
  const log = createLog({ model, hello, announce });
  const picker = createPicker({ model, view });
  const composer = createComposer({ model, stop, notice: tell });
  picker.input.setAttribute("aria-describedby", problem.id);
  const head = make("header", { class: "g4f-head" }, picker.node, clear);
  const root = make("section", { class: "g4f-root g4f-chat", "aria-label": "Chat", "data-jp-suppress-context-menu": "true" });
  root.append(head, problem, log.node, notice, composer.node, status);

  function sync() {
    problem.textContent = model.get("problem");
    problem.hidden = !problem.textContent;
    clear.setAttribute("aria-disabled", String(!model.get("turns").length));
    root.style.setProperty("--g4f-height", model.get("height"));
    log.sync();
    picker.sync();
    composer.sync();
  }

  function receive(message) {
    if (message.view !== undefined && message.view !== view) return;
    if (message.type === "models") picker.receive(message);
    else if (message.type === "delta" || message.type === "live") log.receive(message);
  }

  clear.addEventListener("click", () => {
    model.send({ type: "clear" });
    composer.text.focus();
  });
  root.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && model.get("busy")) {
      event.preventDefault();
      stop();
    }
  });
  for (const name of ["turns", "busy", "problem", "model", "height"]) model.on(`change:${name}`, sync);
  model.on("msg:custom", receive);
  const unguard = guardKeys(root);
  el.append(root);
  sync();
  hello();
  return () => {
    unguard();
    log.close();
    composer.close();
  };
}

export default { render };
