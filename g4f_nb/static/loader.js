/**
 * What a notebook stores of a panel's front end: a few lines that fetch the rest from the kernel, once a page.
 *
 * The rest comes with the first panel of a kernel and is dropped from its state as soon as it was taken, or on
 * request as a custom message. Without a kernel nothing is shown here: the transcript beside it is the output.
 */
const pages = (globalThis.__g4f_nb ??= {});

function slot(version) {
  if (!pages[version]) {
    const made = {};
    made.module = new Promise((resolve) => (made.give = resolve));
    pages[version] = made;
  }
  return pages[version];
}

async function take(version, { js, css }) {
  const place = slot(version);
  if (place.taken) return;
  place.taken = true;
  place.css = css;
  const url = URL.createObjectURL(new Blob([js], { type: "text/javascript" }));
  place.give(await import(/* webpackIgnore: true */ url));
  URL.revokeObjectURL(url);
}

function dress(el, version) {
  const root = el.getRootNode();
  const home = root instanceof ShadowRoot ? root : document.head;
  if (home.querySelector(`style[data-g4f="${version}"]`)) return;
  const style = document.createElement("style");
  style.dataset.g4f = version;
  style.textContent = slot(version).css;
  home.append(style);
}

export default {
  initialize({ model }) {
    const source = model.get("_source");
    if (!source?.js) return;
    take(model.get("_version"), source);
    model.set("_source", {});
    model.save_changes();
  },
  async render({ model, el }) {
    const version = model.get("_version");
    const hear = (message) => message.type === "source" && take(message.version, message);
    model.on("msg:custom", hear);
    if (!slot(version).taken) model.send({ type: "source" });
    const front = await slot(version).module;
    model.off("msg:custom", hear);
    // Of a saved notebook, on a page that knows the front end: nobody answers here, and the transcript stays.
    if (el.closest(".jupyter-widgets-disconnected")) return undefined;
    dress(el, version);
    return front.default.render({ model, el });
  },
};
