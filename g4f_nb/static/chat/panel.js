/**
 * The chat panel's front end: it shows what Python says and tells Python what the user does.
 *
 * The only HTML that is ever set is the sanitised HTML that Python rendered; everything else goes through
 * `textContent`. The messages are described in `panels/views.py` and `panels/requests.py`.
 */

const FETCH_WAIT = 3000; // milliseconds until the text of a long answer is taken from the page instead

/** The Markdown of a long answer is fetched when it is copied. */
function createFetcher({ model, view }) {
  const waiting = new Map();
  return {
    fetchText(id) {
      return new Promise((done) => {
        waiting.set(id, done);
        model.send({ type: "look", view, what: "text", text: id });
        setTimeout(() => done(null), FETCH_WAIT);
      });
    },
    receive: ({ id, text }) => waiting.get(id)?.(text),
  };
}

function createActs({ model, view, tell, announce, fetcher }) {
  // Questions that were put otherwise: what was typed stays until Python has taken it up.
  const edits = new Map();
  const change = (what, id = "", value = null, buffers = []) =>
    model.send({ type: "change", view, do: what, id, value }, undefined, buffers);
  const intoCell = async (code, node) => {
    change("code", "", code);
    const made = await toNewCell(node, code);
    const words = made ? "In a new cell below." : "Copied: paste it into a new cell. It is in panel.last_code, too.";
    announce(words);
    node.replaceChildren(icon("done"));
    if (!made) tell(words);
    setTimeout(() => {
      node.replaceChildren(icon("cell"));
      if (!made) tell("");
    }, 2500);
  };
  return {
    announce,
    copyText: async (id, foot) =>
      (await fetcher.fetchText(id)) ?? foot.parentElement.querySelector(".g4f-body").innerText,
    act: (what, id) => change(what, id),
    decide: (decision, id) => change(decision, id),
    edit(id, text, heard) {
      const request = newId();
      edits.set(request, heard);
      model.send({ type: "ask", view, request, turn: id, text });
    },
    heard(request, kept = false) {
      for (const [each, heard] of edits) {
        if (request !== null && request !== each) continue;
        edits.delete(each);
        heard(kept);
      }
    },
    again: (id) => model.send({ type: "again", view, request: newId(), turn: id }),
    goOn: () => model.send({ type: "continue", view, request: newId() }),
    giveKey: (provider, bytes) => change("key", provider, null, [bytes]),
    codeTools: (text) => {
      const node = button("Put into a new cell", { icon: "cell", quiet: true, words: false, press: () => intoCell(text(), node) });
      return [node];
    },
  };
}

function createHead({ model, view, drawer, shelf }) {
  const talks = button("Conversations", { icon: "list", quiet: true, words: false, press: () => toggle(shelf, talks) });
  const settings = button("Settings", { icon: "tune", quiet: true, words: false, press: () => toggle(drawer, settings) });
  const begin = button("New conversation", { icon: "plus", quiet: true, words: false, press: () => model.send({ type: "change", view, do: "new" }) });
  const dot = make("span", { class: "g4f-dot", hidden: true });
  settings.append(dot);
  const picker = createChooser({
    model,
    view,
    label: "Model",
    value: () => model.get("model"),
    choose: (chosen) => {
      model.set("model", chosen);
      model.save_changes();
    },
  });
  const toggle = (side, from) => (side.isOpen() ? side.close() : side.open(from));
  for (const each of [talks, settings]) each.setAttribute("aria-expanded", "false");
  const node = make("header", { class: "g4f-head" }, talks, picker.node, begin, settings);
  const sync = (room) => {
    dot.hidden = !room.filled && !room.system;
    settings.title = dot.hidden ? "Settings" : "Settings: a system prompt or parameters are set";
  };
  return { node, picker, sync };
}

function render({ model, el }) {
  const view = newId();
  let elsewhere = ""; // the request that is answered in a conversation that is not in sight
  const status = make("div", { class: "g4f-unseen", role: "status", "aria-live": "polite" });
  const problem = make("p", { class: "g4f-problem", role: "alert", hidden: true, id: `g4f-problem-${view}` });
  const notice = make("p", { class: "g4f-notice", role: "status", hidden: true });
  const root = make("section", { class: "g4f-root g4f-chat", "aria-label": "Chat", "data-jp-suppress-context-menu": "true" });
  const announce = (text) => (status.textContent = text);
  const hello = () => model.send({ type: "hello", view });
  const stop = () => model.send({ type: "stop", view, request: log.request() ?? elsewhere });
  const tell = (text) => {
    notice.textContent = text;
    notice.hidden = !text;
  };
  const fetcher = createFetcher({ model, view });
  const acts = createActs({ model, view, tell, announce, fetcher });
  const log = createLog({ acts, hello, announce, changed: () => sync() });
  const drawer = createDrawer({ model, view });
  const shelf = createShelf({ model, view });
  const head = createHead({ model, view, drawer, shelf });
  const composer = createComposer({ model, view, stop, notice: tell, prompts: log.prompts, root });
  head.picker.input.setAttribute("aria-describedby", problem.id);
  const main = make("div", { class: "g4f-main-part" }, problem, log.node, notice, composer.node, shelf.node, drawer.node);
  root.append(head.node, main, status);

  function sync() {
    // What the conversation says already is not said twice.
    const words = model.get("problem");
    problem.textContent = words;
    problem.hidden = !words || log.lastError() === words;
    log.hint(model.get("_hint"));
    head.picker.input.setAttribute("aria-invalid", String(Boolean(words)));
    root.style.setProperty("--g4f-height", model.get("height"));
    head.picker.sync();
    composer.refresh();
  }

  function takeRoom(room) {
    elsewhere = room.elsewhere;
    for (const part of [drawer, shelf, head, composer]) part.sync(room);
  }

  const hearers = {
    state(message) {
      if (message.room) takeRoom(message.room);
      log.takeState(message);
      if (!message.live) return;
      composer.heard(message.live.request);
      acts.heard(message.live.request);
    },
    delta: log.takeDelta,
    providers: head.picker.receive,
    models: head.picker.receive,
    parameters: drawer.receive,
    names: composer.receive,
    strangers: composer.warn,
    file: shelf.receive,
    text: fetcher.receive,
    trouble(message) {
      composer.heard(null, { kept: true });
      acts.heard(null, true);
      if (!drawer.trouble(message.words)) tell(message.words);
    },
  };

  function receive(message, buffers) {
    if (message.view == null || message.view === view) hearers[message.type]?.(message, buffers);
  }

  root.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && model.get("busy") && !elsewhere) {
      event.preventDefault();
      stop();
    }
  });
  for (const name of ["busy", "problem", "_hint", "height"]) model.on(`change:${name}`, sync);
  model.on("change:model", () => {
    sync();
    drawer.ask();
  });
  model.on("msg:custom", receive);
  const undo = [guardKeys(root), hideTranscript(model.get("_transcript")), log.close, composer.close];
  undo.push(() => model.off("msg:custom", receive));
  // Nobody looks at this view any more: it was taken away, or its page is left.
  const bye = () => model.send({ type: "bye", view });
  window.addEventListener("pagehide", bye);
  undo.push(() => window.removeEventListener("pagehide", bye), bye);
  el.append(root);
  sync();
  hello();
  return () => undo.forEach((each) => each());
}

export default { render };
