/** The drawer of settings: system prompt and the provider's parameters, each with the input that it needs. */

Object.assign(ICONS, { tune: "M2.5 5h5M11.5 5h2M2.5 11h2M8.5 11h5M9.5 3.2v3.6M6.5 9.2v3.6" });
const INPUTS = {
  number: { type: "text", inputmode: "decimal" },
  integer: { type: "text", inputmode: "numeric" },
};

/** A drawer at one side of the panel, with a title and a way out; Esc closes it. */
function createSheet(title, side) {
  const heading = make("h3", {}, title);
  const shut = button("Close", { icon: "close", quiet: true, words: false, press: () => close() });
  const body = make("div", { class: "g4f-side-body" });
  const node = make("section", { class: `g4f-side g4f-side-${side}`, "aria-label": title, hidden: true });
  node.append(make("header", { class: "g4f-side-head" }, heading, shut), body);
  let opener = null;

  function open(from) {
    opener = from;
    node.hidden = false;
    opener.setAttribute("aria-expanded", "true");
    shut.focus();
  }

  function close() {
    node.hidden = true;
    opener?.setAttribute("aria-expanded", "false");
    opener?.focus();
  }

  node.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    close();
  });
  return { node, body, open, close, isOpen: () => !node.hidden };
}

function parameterField(row, changed) {
  const shown = row.default ? `${row.default} (default)` : row.example && `e.g. ${row.example}`;
  let input;
  if (row.choices.length) {
    input = make("select", { class: "g4f-text" }, make("option", { value: "" }, row.default ? shown : "default"));
    input.append(...row.choices.map((value) => make("option", { value }, value)));
  } else {
    input = make("input", { class: "g4f-text", placeholder: shown, spellcheck: "false", ...(INPUTS[row.input] ?? { type: "text" }) });
  }
  input.value = row.value;
  input.name = row.name;
  input.addEventListener("change", changed);
  const hint = { list: "separated by commas", json: "JSON" }[row.input];
  const caption = make("span", { class: "g4f-caption" }, row.name.replaceAll("_", " "));
  if (hint) caption.append(make("span", { class: "g4f-hint" }, ` ${hint}`));
  return make("label", { class: "g4f-field-line" }, caption, input);
}

function createDrawer({ model, view }) {
  const side = createSheet("Settings", "right");
  const system = make("textarea", { class: "g4f-text g4f-system", rows: "3", dir: "auto", placeholder: "How the model shall answer" });
  const place = make("div", { class: "g4f-parameters" });
  const tools = make("p", { class: "g4f-notice" });
  const problem = make("p", { class: "g4f-problem", role: "alert", hidden: true });
  const label = make("label", { class: "g4f-field-line" }, make("span", { class: "g4f-caption" }, "System prompt"), system);
  side.body.append(label, tools, make("h4", {}, "Parameters"), problem, place);
  let provider = null;

  const change = (what, value) => model.send({ type: "change", view, do: what, value });
  system.addEventListener("change", () => change("system", system.value));

  function tell() {
    const inputs = [...place.querySelectorAll("[name]")];
    problem.hidden = true;
    change("parameters", Object.fromEntries(inputs.map((input) => [input.name, input.value])));
  }

  function open(from) {
    side.open(from);
    ask();
  }

  function ask() {
    if (side.isOpen()) model.send({ type: "look", view, what: "parameters" });
  }

  function receive(message) {
    problem.textContent = message.error ?? "";
    problem.hidden = !message.error;
    if (!message.rows) return;
    provider = message.provider;
    place.replaceChildren(...message.rows.map((row) => parameterField(row, tell)));
    if (!message.rows.length) place.append(make("p", { class: "g4f-notice" }, `${provider} takes no parameters.`));
  }

  function sync(room) {
    if (document.activeElement !== system) system.value = room.system;
    tools.textContent = room.tools.length ? `Tools, each call with your leave: ${room.tools.join(", ")}` : "";
    tools.hidden = !room.tools.length;
  }

  function trouble(words) {
    if (!side.isOpen()) return false;
    problem.textContent = words;
    problem.hidden = false;
    return true;
  }

  return { node: side.node, open, close: side.close, isOpen: side.isOpen, ask, receive, sync, trouble };
}
