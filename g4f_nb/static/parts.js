/** More of what our panels are made of: buttons with words, and what is said while the kernel is silent. */

const PATIENCE = 1500; // milliseconds until a silent kernel is mentioned
const BUSY = "Waiting for the kernel, which is busy or has ended.";
Object.assign(ICONS, {
  plus: "M8 3v10M3 8h10",
  close: "M4 4l8 8M12 4l-8 8",
  left: "M10 3.5 5.5 8l4.5 4.5",
  right: "M6 3.5 10.5 8 6 12.5",
  key: "M6.5 9.5a3 3 0 1 1 2.1-.9l5 5M11 11l1.5-1.5",
});

/** A button; one that cannot be pressed now stays in the tab order, or the keyboard's focus would be lost. */
function button(label, { icon: sign = null, quiet = false, words = true, title = null, press, ...more } = {}) {
  const node = make("button", { type: "button", class: quiet ? "g4f-quiet" : "g4f-button", title, ...more });
  if (sign) node.append(icon(sign));
  if (words) node.append(make("span", {}, label));
  else {
    node.setAttribute("aria-label", label);
    node.title = title ?? label;
  }
  node.addEventListener("click", (event) => {
    if (node.getAttribute("aria-disabled") !== "true") press?.(event);
  });
  return node;
}

function setDisabled(node, disabled) {
  if (disabled) node.setAttribute("aria-disabled", "true");
  else node.removeAttribute("aria-disabled");
}

/** Say that the kernel is silent, if it does not answer in time; `heard` says that it has. */
function createPatience(node) {
  let timer = 0;
  return {
    wait() {
      clearTimeout(timer);
      timer = setTimeout(() => {
        node.textContent = BUSY;
        node.hidden = false;
      }, PATIENCE);
    },
    heard() {
      clearTimeout(timer);
      if (node.textContent === BUSY) {
        node.textContent = "";
        node.hidden = true;
      }
    },
    close: () => clearTimeout(timer),
  };
}

const AT_END = 40; // pixels from the end that still count as reading the newest text

/**
 * Keep what grows scrolled to its end as long as one reads there, and where one reads otherwise.
 *
 * Whoever moves up has left the end, however little: text that comes must not pull them back. A move is seen by
 * the place that it left, not by how far the end is: that moves with every piece of text, also between a move and
 * its event. Who comes back to the end follows again.
 */
function createFollower(node, { following = true, changed = () => {} } = {}) {
  let place = 0; // where one was when this was last looked at
  let away = false; // off the page, as notebooks do with what is out of sight
  const below = () => node.scrollHeight - node.scrollTop - node.clientHeight;

  function mark() {
    // What became longer above must not move the text by itself, nor look as if somebody had moved it.
    node.style.overflowAnchor = following ? "none" : "auto";
    changed({ following, below: below() });
  }

  function toEnd() {
    following = true;
    node.scrollTop = node.scrollHeight;
    place = node.scrollTop;
    mark();
  }

  // Text that became shorter moves up as well, but then its end is in sight.
  const movedUp = () => node.scrollTop < place - 1 && below() > 1;

  function moved() {
    if (away || !node.clientHeight) return;
    if (movedUp()) following = false;
    else if (node.scrollTop > place && below() < AT_END) following = true;
    place = node.scrollTop;
    mark();
  }

  /** More has come. */
  function follow() {
    // The event of a move may be on its way. To the very top everything comes that was put elsewhere on the page.
    if (!away && node.scrollTop > 0 && movedUp()) following = false;
    if (following) toEnd();
    else mark();
  }

  node.addEventListener("scroll", moved);
  node.addEventListener(
    "wheel",
    ({ deltaY }) => {
      // Before the text moves, for that takes some frames; it does not where a part of it was meant.
      if (deltaY >= 0 || !following || !node.scrollTop) return;
      following = false;
      const before = place; // the text may have moved already, without a word
      setTimeout(() => {
        if (node.scrollTop === before) following = true;
      }, 150);
    },
    { passive: true },
  );
  // What is unfolded is to be read.
  node.addEventListener("toggle", () => {
    if (following && below() > AT_END) following = false;
    mark();
  }, true);
  const resized = new ResizeObserver(() => {
    away = !node.clientHeight;
    if (away) return;
    if (following) toEnd();
    else node.scrollTop = place;
  });
  resized.observe(node);
  return { follow, toEnd, close: () => resized.disconnect() };
}

/** As long as a live widget is on the page, what the notebook keeps of it in an output beside it is not. */
function hideTranscript(name) {
  const style = make("style");
  style.textContent = `.${name}{display:none}.jp-OutputArea-child:has(.${name}){display:none}`;
  document.head.append(style);
  return () => style.remove();
}

/** A field for the key that is missing: it goes to Python as bytes, and is empty before it is on its way. */
function keyField(provider, { giveKey, again }) {
  const input = make("input", { class: "g4f-text", type: "password", autocomplete: "off", "aria-label": `Key for ${provider}` });
  input.placeholder = `Key for ${provider}, for this session`;
  const give = () => {
    if (!input.value) return;
    const bytes = new TextEncoder().encode(input.value);
    input.value = "";
    giveKey(provider, bytes.buffer);
    again();
  };
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    give();
  });
  return make("div", { class: "g4f-key-line" }, input, button("Use this key", { class: "g4f-button g4f-main", press: give }));
}
