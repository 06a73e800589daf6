/** Files that go along with a question: chosen, dropped or pasted, shown as chips until they are sent. */

Object.assign(ICONS, { clip: "M12.5 7.5 8 12a2.8 2.8 0 0 1-4-4l5-5a1.9 1.9 0 0 1 2.7 2.7l-5 5a.9.9 0 0 1-1.3-1.3L9.5 5.3" });
const MOST_BYTES = 8_000_000; // all files of one question; a notebook's connection takes 10 MB at once

function sizeOf(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1_000_000 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

function createAttachments({ notice, changed }) {
  let files = [];
  const input = make("input", { type: "file", multiple: true, hidden: true, tabindex: "-1", "aria-hidden": "true" });
  const attach = button("Attach files", { icon: "clip", quiet: true, words: false, press: () => input.click() });
  const chips = make("div", { class: "g4f-chips", role: "list", "aria-label": "Attached files", hidden: true });

  function refresh() {
    chips.replaceChildren(...files.map(fileChip));
    chips.hidden = !files.length;
    changed();
  }

  function fileChip(file) {
    const remove = button(`Remove ${file.name}`, { icon: "close", quiet: true, words: false, press: () => {
      files = files.filter((each) => each !== file);
      refresh();
      attach.focus();
    } });
    const node = make("span", { class: "g4f-chip", role: "listitem" });
    if (file.type.startsWith("image/")) {
      const url = URL.createObjectURL(file);
      node.append(make("img", { src: url, alt: "", onload: () => URL.revokeObjectURL(url) }));
    }
    node.append(make("span", { dir: "auto" }, file.name), make("span", { class: "g4f-faint" }, sizeOf(file.size)), remove);
    return node;
  }

  function add(more) {
    const all = [...files, ...more];
    const bytes = all.reduce((sum, file) => sum + file.size, 0);
    if (bytes > MOST_BYTES) {
      notice(`Files of ${sizeOf(bytes)} are too much for one question: at most ${sizeOf(MOST_BYTES)} from here, or panel.ask(…, files=["path"]).`);
      return;
    }
    files = all;
    refresh();
  }

  /** A pasted image has no name of its own. */
  function paste(event) {
    const images = [...(event.clipboardData?.files ?? [])];
    if (!images.length) return;
    event.preventDefault();
    event.stopPropagation();
    add(images);
  }

  input.addEventListener("change", () => {
    add([...input.files]);
    input.value = "";
  });

  /** Let files be dropped anywhere on the panel; the notebook shall not take them. */
  function dropOn(root) {
    const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
    for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
      root.addEventListener(name, (event) => {
        if (!hasFiles(event)) return;
        event.preventDefault();
        event.stopPropagation();
        root.classList.toggle("g4f-dropping", name === "dragenter" || name === "dragover");
        if (name === "drop") add([...event.dataTransfer.files]);
      });
    }
  }

  async function take() {
    const taken = files;
    const buffers = await Promise.all(taken.map((file) => file.arrayBuffer()));
    return { files: taken.map((file) => ({ name: file.name, kind: file.type })), buffers };
  }

  function clear() {
    files = [];
    refresh();
  }

  return { attach, input, chips, paste, dropOn, take, clear, any: () => files.length > 0 };
}
