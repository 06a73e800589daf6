/** One turn: the question, its answer, what went wrong, and what can be done about each. */

function stepper(item, act) {
  const at = item.versions.indexOf(item.id);
  const step = (way, label, sign) => {
    const to = item.versions[at + way];
    const node = button(label, { icon: sign, quiet: true, words: false, press: () => act("switch", to) });
    setDisabled(node, to === undefined);
    return node;
  };
  const node = make("span", { class: "g4f-steps", role: "group", "aria-label": "Versions" });
  const words = make("span", { class: "g4f-steps-at" }, `${at + 1}/${item.versions.length}`);
  node.append(step(-1, "Previous version", "left"), words, step(1, "Next version", "right"));
  return node;
}

function chip(name) {
  return make("span", { class: "g4f-chip" }, make("span", { dir: "auto" }, name));
}

/** A button for what cannot be taken back: the first press asks, the second one does it, unless it comes late. */
function sureButton(label, press, { words = false } = {}) {
  const really = `Really ${label[0].toLowerCase()}${label.slice(1)}?`;
  const look = words ? {} : { icon: "bin", quiet: true, words };
  const node = button(label, { ...look, press: () => (timer ? go() : arm()) });
  const calm = [...node.childNodes];
  let timer = 0;
  const show = (armed) => {
    node.classList.toggle("g4f-sure", armed);
    node.replaceChildren(...(armed ? [make("span", {}, words ? really : "Delete?")] : calm));
    node.setAttribute("aria-label", armed ? really : label);
  };
  const disarm = () => {
    clearTimeout(timer);
    timer = 0;
    show(false);
  };
  const arm = () => {
    timer = setTimeout(disarm, 4000);
    show(true);
  };
  const go = () => {
    disarm();
    press();
  };
  return node;
}

/** The field in which a question is put otherwise; Enter asks it, Esc leaves it. It stays until it was taken up. */
function editField(item, { edit, done }) {
  const text = make("textarea", { class: "g4f-edit-text", "aria-label": "Edit the question", dir: "auto", rows: "1" });
  const node = make("div", { class: "g4f-edit" }, text);
  const grow = () => {
    text.style.height = "auto";
    text.style.height = `${text.scrollHeight + 2}px`;
  };
  const send = () => {
    if (text.readOnly || !text.value.trim()) return;
    text.readOnly = true;
    edit(item.id, text.value, (kept) => {
      text.readOnly = false;
      if (!kept) done();
    });
  };
  text.value = item.shown;
  text.addEventListener("input", grow);
  text.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Escape") {
      event.stopPropagation();
      done();
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (event.shiftKey) document.execCommand("insertText", false, "\n");
      else send();
    }
  });
  node.append(
    make("div", { class: "g4f-edit-line" }, button("Cancel", { press: done }), button("Send", { class: "g4f-button g4f-main", press: send })),
  );
  requestAnimationFrame(() => {
    grow();
    text.focus();
  });
  return node;
}

function questionNode(item, acts) {
  if (item.continues) return make("div", { class: "g4f-continued" }, make("span", {}, "continued"));
  const bubble = make("div", { class: "g4f-bubble", dir: "auto" }, item.shown);
  if (item.files?.length) bubble.append(make("div", { class: "g4f-chips" }, ...item.files.map(chip)));
  const tools = make("div", { class: "g4f-question-tools" });
  const node = make("article", { class: "g4f-question", "aria-label": "Question" }, make("div", { class: "g4f-question-row" }, tools, bubble));
  if (item.versions) node.append(stepper(item, acts.act));
  if (item.id) {
    const begin = () => {
      const field = editField(item, {
        edit: acts.edit,
        done: () => {
          field.replaceWith(node);
          tools.querySelector(".g4f-pen")?.focus();
        },
      });
      node.replaceWith(field);
    };
    tools.append(button("Edit question", { icon: "pen", words: false, class: "g4f-quiet g4f-pen g4f-shy", press: begin }));
  }
  const copy = copyButton("Copy question", () => item.shown);
  copy.classList.add("g4f-shy");
  tools.append(copy);
  return node;
}

function errorNode(item, acts) {
  const sign = make("span", { class: "g4f-error-sign", "aria-hidden": "true" }, "!");
  const words = make("div", { class: "g4f-error-text", role: "alert", dir: "auto" }, item.error);
  const again = () => acts.again(item.id);
  const line = make("div", { class: "g4f-error-tools" }, button("Retry", { icon: "again", press: again }));
  if (item.unsent || item.text === undefined) line.append(button("Remove", { press: () => acts.act("drop", item.id) }));
  const side = make("div", { class: "g4f-error-side" }, words);
  if (item.help?.startsWith("key:")) side.append(keyField(item.help.slice(4), { giveKey: acts.giveKey, again }));
  side.append(line);
  return make("article", { class: "g4f-error", "aria-label": "Error" }, sign, side);
}

function fillFoot(foot, item, acts, { last, busy }) {
  const quiet = (label, sign, press) => button(label, { icon: sign, quiet: true, words: false, press });
  const tools = make("span", { class: "g4f-foot-tools" });
  if (item.text !== "") tools.append(copyButton("Copy answer", () => item.text ?? acts.copyText(item.id, foot)));
  tools.append(quiet("Ask again", "again", () => acts.again(item.id)));
  tools.append(quiet("Fork from here", "fork", () => acts.act("fork", item.id)));
  tools.append(sureButton("Delete this turn", () => acts.act("drop", item.id)));
  const said = make("div", { class: "g4f-foot-text" });
  if (item.mark) said.append(make("span", { class: "g4f-mark" }, item.mark));
  said.append(make("span", { class: "g4f-facts" }, (item.footer ?? []).join(" · ")));
  for (const note of item.notes ?? []) said.append(make("div", { class: "g4f-note" }, note));
  foot.replaceChildren(tools, said);
  if (last && !busy && item.text !== "" && /^(Stopped|Broken off|Cut off at)/.test(item.mark)) {
    foot.prepend(button("Continue", { icon: "forward", class: "g4f-button g4f-continue", press: acts.goOn }));
  }
}

/** A turn on the page; `show` brings it up to date and leaves alone what has not changed. */
function createTurn(acts) {
  const node = make("div", { class: "g4f-turn" });
  const turn = { node, item: null, answer: null };
  let question = null;
  let trouble = null;
  let seen = "";

  function showQuestion(item) {
    const key = JSON.stringify([item.id, item.shown, item.files, item.versions, item.continues]);
    if (key === seen) return;
    seen = key;
    const made = questionNode(item, acts);
    if (question) question.replaceWith(made);
    else node.prepend(made);
    question = made;
  }

  turn.begin = (live) => {
    showQuestion({ shown: live.shown, files: live.files, continues: live.continues });
    turn.answer = createAnswer(acts);
    node.append(turn.answer.node);
  };

  turn.show = (item, where) => {
    // A question that is being edited is left alone.
    if (!node.querySelector(".g4f-edit")) showQuestion(item);
    if (item.text !== undefined && !turn.answer) {
      turn.answer = createAnswer(acts);
      question.after(turn.answer.node);
    }
    if (turn.answer && item.text === undefined) {
      turn.answer.node.remove();
      turn.answer = null;
    }
    const key = JSON.stringify([item.error, item.help]);
    if (key !== trouble) {
      node.querySelector(".g4f-error")?.remove();
      if (item.error) node.append(errorNode(item, acts));
      trouble = key;
    }
    if (!turn.answer) return;
    turn.answer.settle(item);
    const state = JSON.stringify([where, item.mark, item.footer, item.notes, item.id]);
    if (state !== turn.state) fillFoot(turn.answer.foot, item, acts, where);
    turn.state = state;
  };
  return turn;
}
