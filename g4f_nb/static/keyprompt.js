/**
 * A field for one key. It leaves this page once, as bytes beside a message (never in its text, which a log
 * may hold), and the field is empty before the message is on its way.
 */

function render({ model, el }) {
  const view = newId();
  const title = make("p", { class: "g4f-key-title" }, icon("key"));
  const name = make("span", {});
  title.append(name);
  const where = make("p", { class: "g4f-notice" });
  const input = make("input", {
    class: "g4f-text",
    type: "password",
    id: `g4f-key-${view}`,
    placeholder: "Paste or type the key",
    // A browser shall neither keep it nor offer another site's.
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
    "data-lpignore": "true",
    "data-1p-ignore": true,
  });
  const keep = button("Use this key", { press: submit, class: "g4f-button g4f-main" });
  const forget = button("Forget", { press: () => send({ type: "forget" }) });
  const field = make("div", { class: "g4f-key-field" }, input, keep, forget);
  const save = make("input", { type: "checkbox" });
  const saving = make("label", { class: "g4f-key-save" }, save, make("span", {}, "also for later sessions, in the system's keyring"));
  const told = make("p", { class: "g4f-told", role: "status" });
  const problem = make("p", { class: "g4f-problem", role: "alert", id: `g4f-problem-${view}` });
  const waiting = make("p", { class: "g4f-notice", role: "status", hidden: true });
  const patience = createPatience(waiting);
  const root = make("section", { class: "g4f-root g4f-key", "aria-label": "Key", "data-jp-suppress-context-menu": "true" });
  root.append(title, where, field, saving, told, problem, waiting);
  input.setAttribute("aria-describedby", problem.id);

  function send(message, buffers = []) {
    model.send({ ...message, view }, undefined, buffers);
    patience.wait();
  }

  function submit() {
    if (!input.value) {
      input.focus();
      return;
    }
    const bytes = new TextEncoder().encode(input.value);
    input.value = "";
    send({ type: "key", save: save.checked && !saving.hidden }, [bytes.buffer]);
    refresh();
  }

  function refresh() {
    setDisabled(keep, !input.value);
  }

  function sync() {
    const ready = model.get("ready");
    name.textContent = model.get("_title");
    root.setAttribute("aria-label", model.get("_title"));
    where.textContent = model.get("place");
    told.textContent = model.get("told");
    told.hidden = !told.textContent;
    told.classList.toggle("g4f-is-ready", ready);
    problem.textContent = model.get("problem");
    problem.hidden = !problem.textContent;
    saving.hidden = !model.get("_keyring");
    input.setAttribute("aria-label", model.get("_title"));
    input.setAttribute("aria-invalid", String(!problem.hidden));
    input.placeholder = ready ? "Another key" : "Paste or type the key";
    forget.hidden = !model.get("_kept");
    refresh();
  }

  input.addEventListener("input", refresh);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.isComposing) {
      event.preventDefault();
      submit();
    } else if (event.key === "Escape") {
      input.value = "";
      refresh();
    }
  });
  for (const trait of ["ready", "_title", "place", "told", "problem", "_keyring", "_kept"]) {
    model.on(`change:${trait}`, sync);
  }
  model.on("msg:custom", (message) => {
    if (message.type === "done") patience.heard();
  });
  const unguard = guardKeys(root);
  el.append(root);
  sync();
  return () => {
    // What was typed and not sent does not stay in a page that is taken apart.
    input.value = "";
    unguard();
    patience.close();
  };
}

export default { render };
