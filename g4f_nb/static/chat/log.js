/** The conversation: turns in their order, the one on its way last, and where one is reading. */

/** What there is to see before the first question. */
function emptyNode() {
  const keys = make("p", { class: "g4f-keys" });
  keys.append(make("kbd", {}, "Enter"), " sends, ", make("kbd", {}, "Shift+Enter"), " breaks the line, ");
  keys.append(make("kbd", {}, "Esc"), " stops, ", make("kbd", {}, "@"), " names a variable.");
  const hint = make("p", { class: "g4f-who", hidden: true });
  const node = make("div", { class: "g4f-empty" }, make("p", { class: "g4f-invite" }, "Ask something."), hint, keys);
  const tell = (words) => {
    hint.textContent = words;
    hint.hidden = !words;
  };
  return { node, tell };
}

/** The part of the panel that scrolls, with a way to the newest text for who reads elsewhere. */
function createScroller(content, empty) {
  const node = make("div", { class: "g4f-log", role: "region", "aria-label": "Conversation", tabindex: "0" });
  node.append(empty, content);
  const jump = make("button", { type: "button", class: "g4f-jump", "aria-label": "Go to the newest text", hidden: true });
  jump.append(icon("down"));
  const changed = ({ following, below }) => (jump.hidden = following || below < AT_END);
  const { follow, toEnd, close } = createFollower(node, { changed });
  jump.addEventListener("click", () => {
    toEnd();
    node.focus();
  });
  return { node: make("div", { class: "g4f-middle" }, node, jump), follow, toEnd, close };
}

function createLog({ acts, hello, announce, changed }) {
  const empty = emptyNode();
  const list = make("div", { class: "g4f-list" });
  const scroller = createScroller(list, empty.node);
  const turns = new Map(); // id to turn, of the settled ones
  const items = new Map();
  let order = [];
  let v = 0;
  let live = null; // {request, turn}

  function begin(told) {
    const turn = createTurn(acts);
    turn.begin(told);
    live = { request: told.request, turn };
    list.append(turn.node);
    scroller.toEnd();
  }

  function takeLive(told) {
    if (!told) {
      live?.turn.node.remove();
      live = null;
      return;
    }
    if (live?.request !== told.request) {
      live?.turn.node.remove();
      begin(told);
    }
    live.turn.answer.replace(told);
  }

  /** The answer on its way has come to its end, and stays as it is on the page. */
  function settle(message) {
    const { turn } = live;
    const item = message.became && items.get(message.became);
    live = null;
    if (!item || !turn.answer.holds(item)) {
      turn.node.remove();
      return !item;
    }
    turns.get(message.became)?.node.remove();
    turns.set(message.became, turn);
    turn.answer.settle(item);
    announce(`${turn.answer.plain()} ${item.mark ?? ""} ${item.error ?? ""}`);
    return true;
  }

  function place() {
    const wanted = new Set(order);
    for (const [id, turn] of turns) {
      if (wanted.has(id)) continue;
      turn.node.remove();
      turns.delete(id);
      items.delete(id);
    }
    let before = null;
    for (const id of order) {
      const turn = turns.get(id) ?? createTurn(acts);
      turns.set(id, turn);
      const next = before ? before.nextSibling : list.firstChild;
      if (turn.node !== next) list.insertBefore(turn.node, next);
      turn.show(items.get(id), { last: id === order.at(-1), busy: live !== null });
      before = turn.node;
    }
    if (live && list.lastChild !== live.turn.node) list.append(live.turn.node);
    empty.node.hidden = order.length > 0 || live !== null;
  }

  function takeState(message) {
    if (!message.view && message.v !== v + 1) {
      if (message.v > v) hello();
      return;
    }
    v = message.v;
    if (message.view) items.clear();
    for (const [id, item] of Object.entries(message.items)) items.set(id, item);
    order = message.order;
    let whole = true;
    if (message.over && live?.request === message.over) whole = settle(message);
    if (message.live !== undefined) takeLive(message.live);
    if (!whole || order.some((id) => !items.has(id) || lacks(id))) {
      hello();
      return;
    }
    place();
    changed();
    scroller.follow();
  }

  /** An item whose text was on another view's page only. */
  function lacks(id) {
    const item = items.get(id);
    return item.there !== undefined && !turns.get(id)?.answer?.holds(item);
  }

  function takeDelta(message) {
    if (live?.request !== message.request) return;
    const { answer } = live.turn;
    if (message.n <= answer.n) return;
    if (message.n > answer.n + 1) {
      hello();
      return;
    }
    answer.add(message);
    scroller.follow();
  }

  return {
    node: scroller.node,
    takeState,
    takeDelta,
    hint: empty.tell,
    request: () => live?.request ?? null,
    prompts: () => order.map((id) => items.get(id)).filter((item) => !item.continues).map((item) => item.shown),
    lastError: () => items.get(order.at(-1))?.error ?? "",
    close: scroller.close,
  };
}
