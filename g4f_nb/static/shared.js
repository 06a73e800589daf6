/** What all panels of ours are made of: elements, icons, copying, keys that the notebook must not take. */

const ICONS = {
  send: "M8 13V3.5M3.5 8 8 3.5 12.5 8",
  stop: "M4.5 4.5h7v7h-7z",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  done: "M3 8.5 6.5 12 13 4.5",
  open: "M4 6.5 8 10.5 12 6.5",
  down: "M8 3v9.5M3.5 8 8 12.5 12.5 8",
};

// ---- small parts ------------------------------------------------------------------------------------

let count = 0;

function newId() {
  count += 1;
  const random = crypto.getRandomValues(new Uint32Array(3));
  return `${count.toString(36)}${Array.from(random, (part) => part.toString(36)).join("")}`;
}

/** Make an element; a string among the children becomes text, never HTML. */
function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const path = document.createElementNS(space, "path");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", `g4f-icon g4f-icon-${name}`);
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/**
 * Keep the notebook from taking keys pressed in the panel for its shortcuts: Shift+Enter would run the cell,
 * D D delete it. Control with a letter still belongs to the notebook (save, find), but for those that change
 * cells. JupyterLab listens on the document, so this has to listen before it, on the window.
 */
function guardKeys(root) {
  const guard = (event) => {
    if (!root.contains(event.target)) return;
    const notebooks = (event.ctrlKey || event.metaKey) && /^[^amz]$/i.test(event.key);
    // On the target: a shortcut for "whatever has the focus" is looked up there before any parent.
    event.target.toggleAttribute("data-lm-suppress-shortcuts", !notebooks);
  };
  window.addEventListener("keydown", guard, true);
  return () => window.removeEventListener("keydown", guard, true);
}

async function toClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without https, or where the page is framed, only the old way is open.
    const area = make("textarea", { class: "g4f-unseen", "aria-hidden": "true" });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

function copyButton(label, text) {
  const button = make("button", { type: "button", class: "g4f-quiet g4f-copy", "aria-label": label, title: label });
  button.append(icon("copy"));
  button.addEventListener("click", async () => {
    await toClipboard(await text());
    button.replaceChildren(icon("done"));
    button.setAttribute("aria-label", "Copied");
    button.focus();
    setTimeout(() => {
      button.replaceChildren(icon("copy"));
      button.setAttribute("aria-label", label);
    }, 1500);
  });
  return button;
}
