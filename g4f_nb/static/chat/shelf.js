/** The list of conversations: choose, rename, delete, begin anew; and the shown one as a file. */

Object.assign(ICONS, { list: "M2.5 4h11M2.5 8h11M2.5 12h7" });
const FORMATS = { md: "Markdown", html: "HTML", json: "JSON", ipynb: "Notebook" };

function createShelf({ model, view }) {
  const side = createSheet("Conversations", "left");
  const list = make("ul", { class: "g4f-talks" });
  const file = make("input", { type: "file", accept: ".json,.md,.ipynb", hidden: true, tabindex: "-1", "aria-hidden": "true" });
  const change = (what, id = "", value = null, buffers = []) =>
    model.send({ type: "change", view, do: what, id, value }, undefined, buffers);
  const begin = button("New conversation", { icon: "plus", press: () => {
    change("new");
    side.close();
  } });
  const saves = Object.entries(FORMATS).map(([kind, words]) =>
    button(words, { title: `Download this conversation as ${words}`, press: () => model.send({ type: "look", view, what: "file", text: kind }) }),
  );
  const load = button("Load a file", { press: () => file.click() });
  const clear = sureButton("Delete all turns", () => change("clear"), { words: true });
  const saving = make("div", { class: "g4f-side-group", role: "group", "aria-label": "Save as" }, make("h4", {}, "Save as"));
  saving.append(make("div", { class: "g4f-buttons" }, ...saves));
  side.body.append(begin, list, saving, make("div", { class: "g4f-buttons" }, load, clear), file);

  file.addEventListener("change", async () => {
    const [chosen] = file.files;
    if (chosen) change("load", "", chosen.name, [await chosen.arrayBuffer()]);
    file.value = "";
    side.close();
  });

  function rename(entry, row) {
    const input = make("input", { class: "g4f-text", "aria-label": "Name of the conversation", dir: "auto" });
    input.value = entry.name;
    let over = false;
    const done = (keep) => {
      if (over) return;
      over = true;
      if (keep && input.value.trim() && input.value !== entry.name) change("rename", entry.id, input.value);
      input.replaceWith(row);
    };
    input.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      if (event.key === "Enter") done(true);
      else if (event.key === "Escape") done(false);
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    input.addEventListener("blur", () => done(true));
    row.replaceWith(input);
    input.select();
    input.focus();
  }

  function rowOf(entry, current) {
    const name = make("span", { class: "g4f-talk-name", dir: "auto" }, entry.name);
    const count = make("span", { class: "g4f-faint" }, entry.turns === 1 ? "1 turn" : `${entry.turns} turns`);
    const open = button("", { class: "g4f-talk-open", press: () => {
      change("open", entry.id);
      side.close();
    } });
    open.replaceChildren(name, count);
    if (entry.id === current) open.setAttribute("aria-current", "true");
    const row = make("div", { class: "g4f-talk" }, open);
    row.append(
      button(`Rename ${entry.name}`, { icon: "pen", quiet: true, words: false, press: () => rename(entry, row) }),
      sureButton(`Delete ${entry.name}`, () => change("delete", entry.id)),
    );
    return make("li", {}, row);
  }

  function sync(room) {
    if (!list.contains(document.activeElement) || document.activeElement.tagName !== "INPUT") {
      list.replaceChildren(...room.list.map((entry) => rowOf(entry, room.current)));
    }
  }

  /** Hand a file to the browser. */
  function receive(message, buffers) {
    if (message.error || !buffers?.length) return;
    const url = URL.createObjectURL(new Blob(buffers, { type: message.kind }));
    const link = make("a", { href: url, download: message.name, class: "g4f-unseen" });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  }

  return { node: side.node, open: side.open, close: side.close, isOpen: side.isOpen, sync, receive };
}
