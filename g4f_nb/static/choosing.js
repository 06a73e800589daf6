/**
 * A field that offers providers and their models: a combobox, of which the widget around it knows the value.
 *
 * To Python `providers {view}`, `models {view, provider}`; back come `providers {view, rows, error}` and
 * `models {view, provider, names, error}`. Nothing is fetched before the list is opened.
 */

const MOST_OPTIONS = 200;
const KEY_WORDS = { found: "key found", missing: "no key", none: "no key needed", local: "on this machine" };

function createChooser({ model, view, label, value, choose, placeholder = "provider:model", keep = true }) {
  const listId = `g4f-choices-${newId()}`;
  const input = make("input", {
    class: "g4f-text",
    type: "text",
    role: "combobox",
    "aria-label": label,
    "aria-autocomplete": "list",
    "aria-controls": listId,
    "aria-expanded": "false",
    placeholder,
    spellcheck: "false",
    autocomplete: "off",
    autocapitalize: "off",
  });
  const toggle = button("Show models", { icon: "open", quiet: true, words: false, tabindex: "-1" });
  const list = make("ul", { class: "g4f-choices", id: listId, role: "listbox", "aria-label": label, hidden: true });
  const status = make("div", { class: "g4f-unseen", role: "status" });
  const node = make("div", { class: "g4f-chooser" }, input, toggle, list, status);

  let providers = null; // null until Python has told
  let trouble = null;
  const models = new Map(); // provider, in lower case: {names, error}, or null while it is fetched
  let typed = false; // what stands in the field is a search, not the choice
  let active = -1;

  const isOpen = () => !list.hidden;
  const own = () => model.get("choices") ?? [];

  function fetchModels(provider) {
    if (models.has(provider.toLowerCase())) return;
    models.set(provider.toLowerCase(), null);
    model.send({ type: "models", provider, view });
  }

  function open() {
    model.send({ type: "providers", view });
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
    input.value = keep ? value() : "";
    input.title = input.value;
  }

  function take(text) {
    const chosen = text.trim().replace(/:$/, "");
    typed = false;
    close();
    if (keep ? chosen !== value() : chosen) choose(chosen);
    showChoice();
  }

  function pick(option) {
    if (option.dataset.provider) {
      input.value = option.dataset.value;
      typed = true;
      refresh();
      input.focus();
    } else {
      take(option.dataset.value);
    }
  }

  const note = (text, kind = "") => make("li", { class: `g4f-choice-note ${kind}`, role: "presentation" }, text);

  function optionNode(text, ...parts) {
    const chosen = keep && text === value();
    const made = make("li", { id: newId(), role: "option", class: "g4f-choice", "aria-selected": String(chosen) });
    made.dataset.value = text;
    made.append(...(parts.length ? parts : [make("span", { class: "g4f-choice-name" }, text)]));
    // The field keeps the focus, so that typing goes on.
    made.addEventListener("pointerdown", (event) => event.preventDefault());
    made.addEventListener("click", () => pick(made));
    return made;
  }

  function providerNode(row) {
    const name = make("span", { class: "g4f-choice-name" }, row.name);
    if (row.label !== row.name) name.append(make("span", { class: "g4f-choice-label" }, row.label));
    const badge = make("span", { class: `g4f-badge g4f-is-${row.key}`, title: row.told }, KEY_WORDS[row.key]);
    const host = make("span", { class: "g4f-choice-host" }, row.host || row.told);
    const made = optionNode(`${row.name}:`, make("span", { class: "g4f-choice-first" }, name, badge), host);
    made.dataset.provider = row.name;
    return made;
  }

  function rowsOfModels(provider, search) {
    fetchModels(provider);
    const entry = models.get(provider.toLowerCase());
    if (entry === null) return [note("Fetching the models…")];
    if (entry.error) return [note(entry.error, "g4f-problem")];
    const found = entry.names.filter((name) => name.toLowerCase().includes(search));
    const rows = found.slice(0, MOST_OPTIONS).map((name) => optionNode(`${provider}:${name}`));
    const left = found.length - rows.length;
    if (left) rows.push(note(`… and ${left} more: type to narrow down`));
    return rows.length ? rows : [note("No model of that name is listed; Enter takes it all the same.")];
  }

  function rows() {
    const text = typed ? input.value.trim() : "";
    const [left, ...rest] = (typed || !keep ? text : value()).split(":");
    const named = providers?.find((row) => row.name.toLowerCase() === left.trim().toLowerCase());
    const search = text.toLowerCase();
    const mine = own().filter((name) => name.toLowerCase().includes(search)).map((name) => optionNode(name));
    if (typed && text.includes(":")) {
      return [...mine, ...rowsOfModels(named?.name ?? left.trim(), rest.join(":").trim().toLowerCase())];
    }
    if (trouble) return [...mine, note(trouble, "g4f-problem")];
    if (providers === null) return [...mine, note("Looking for providers…")];
    const words = (row) => `${row.name} ${row.label} ${row.host}`.toLowerCase();
    const found = providers.filter((row) => words(row).includes(search)).map(providerNode);
    const before = [...mine];
    if (keep && !typed && named) before.push(...rowsOfModels(named.name, ""));
    if (before.length && found.length) before.push(note("Providers", "g4f-choice-group"));
    return before.length + found.length ? [...before, ...found] : [note("Enter takes what is typed.")];
  }

  /** Fill the list anew; what was marked in it stays marked, and in sight, if it is offered still. */
  function refresh(marked = null) {
    if (!isOpen()) return;
    list.replaceChildren(...rows());
    list.scrollTop = 0;
    active = -1;
    mark(options().findIndex((option) => option.dataset.value === marked));
    const many = options().length;
    status.textContent = many === 1 ? "1 choice" : `${many} choices`;
  }

  const options = () => [...list.querySelectorAll("[role=option]")];

  function mark(index) {
    const all = options();
    all[active]?.classList.remove("g4f-choice-active");
    active = all.length ? Math.max(-1, Math.min(index, all.length - 1)) : -1;
    const option = all[active];
    option?.classList.add("g4f-choice-active");
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
      else take(input.value);
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
  // A search that was left is no choice where each choice does something.
  input.addEventListener("blur", () => {
    if (typed && keep) take(input.value);
    else {
      close();
      showChoice();
    }
  });
  toggle.addEventListener("pointerdown", (event) => event.preventDefault());
  toggle.addEventListener("click", () => {
    if (isOpen()) close();
    else {
      input.focus();
      open();
    }
  });

  /** Take what Python told this view; other messages are left alone. */
  function receive(message) {
    if (message.view !== view) return;
    if (message.type === "providers") [providers, trouble] = [message.rows, message.error];
    else if (message.type === "models") models.set(message.provider.toLowerCase(), message);
    else return;
    // Somebody who was quick is on the way through the list.
    refresh(options()[active]?.dataset.value);
  }

  function sync() {
    if (!typed) showChoice();
  }

  /** What was typed was refused, and is there again to be mended. */
  function put(text) {
    if (input.value) return;
    input.value = text;
    typed = true;
  }

  return { node, input, receive, sync, put };
}
