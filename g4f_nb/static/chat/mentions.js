/** `@name`: while one is typed, the variables of the notebook that begin so, with what each is. */

/** The word with `@` that ends where the cursor stands: where it begins, and what of it is typed. */
function mentionAt(text, at) {
  const found = /(?:^|[\s([{,;:"'])@([\p{L}_][\p{L}\p{N}_]*)?$/u.exec(text.slice(0, at));
  return found ? { start: at - (found[1]?.length ?? 0), typed: found[1] ?? "" } : null;
}

const PAUSE = 400; // milliseconds without a key before names are looked up

/** What is said, while one still writes, of each `@name` that is no variable: it would go as text. */
function createStrangers({ text, ask }) {
  const node = make("p", { class: "g4f-strangers", role: "status", hidden: true });
  let timer = 0;
  let asked = "";

  function tell(words) {
    node.textContent = words.join(" ");
    node.hidden = !words.length;
  }

  function look() {
    clearTimeout(timer);
    if (!text.value.includes("@")) {
      asked = "";
      tell([]);
      return;
    }
    timer = setTimeout(() => {
      asked = text.value;
      // The name that is being written is not wrong yet.
      const typed = document.activeElement === text && mentionAt(text.value, text.selectionStart)?.typed;
      const done = typed ? `${asked.slice(0, text.selectionStart - typed.length - 1)}${asked.slice(text.selectionStart)}` : asked;
      ask(done);
    }, PAUSE);
  }

  text.addEventListener("input", look);
  text.addEventListener("blur", look);
  return {
    node,
    receive: ({ words }) => tell(asked && text.value === asked ? (words ?? []) : []),
    clear: () => tell([]),
    close: () => clearTimeout(timer),
  };
}

function createMentions({ text, ask, changed }) {
  const list = make("ul", { class: "g4f-names", id: `g4f-names-${newId()}`, role: "listbox", "aria-label": "Variables", hidden: true });
  let place = null;
  let active = 0;

  const options = () => [...list.querySelectorAll("[role=option]")];

  function close() {
    list.hidden = true;
    place = null;
    text.removeAttribute("aria-activedescendant");
  }

  function mark(index) {
    const all = options();
    active = (index + all.length) % Math.max(all.length, 1);
    all.forEach((option, at) => option.setAttribute("aria-selected", String(at === active)));
    all[active]?.scrollIntoView({ block: "nearest" });
    if (all[active]) text.setAttribute("aria-activedescendant", all[active].id);
  }

  function take(name) {
    const { start, typed } = place;
    text.setRangeText(`${name} `, start, start + typed.length, "end");
    close();
    text.focus();
    changed();
  }

  function look() {
    const found = text.selectionStart === text.selectionEnd ? mentionAt(text.value, text.selectionStart) : null;
    if (!found) close();
    else if (place?.start !== found.start || place.typed !== found.typed) {
      place = found;
      ask(found.typed);
    }
  }

  function receive({ names, error }) {
    if (!place || error) return;
    const fitting = (names ?? []).filter(({ name }) => name.toLowerCase().startsWith(place.typed.toLowerCase()));
    list.replaceChildren(
      ...fitting.map(({ name, kind }) => {
        const option = make("li", { id: newId(), role: "option", class: "g4f-name" });
        option.append(make("code", {}, name), make("span", { class: "g4f-faint" }, kind));
        option.addEventListener("pointerdown", (event) => event.preventDefault());
        option.addEventListener("click", () => take(name));
        return option;
      }),
    );
    list.hidden = !fitting.length;
    mark(0);
  }

  /** Whether the key was for the list. */
  function press(event) {
    if (list.hidden) return false;
    if (event.key === "ArrowDown") mark(active + 1);
    else if (event.key === "ArrowUp") mark(active - 1);
    else if (event.key === "Enter" || event.key === "Tab") take(options()[active].querySelector("code").textContent);
    else if (event.key === "Escape") close();
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  text.setAttribute("aria-controls", list.id);
  text.setAttribute("aria-autocomplete", "list");
  text.addEventListener("input", look);
  text.addEventListener("click", look);
  text.addEventListener("blur", close);
  return { list, press, receive, close };
}
