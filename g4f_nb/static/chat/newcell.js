/** Code from an answer into a new cell, where the notebook lets a page do that; else it is copied, to be pasted. */

const NEW_CELL_WAIT = 800; // milliseconds until a new cell that did not come is given up

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/**
 * JupyterLab and Notebook give a page no way in, but they hear keys: `b` begins a cell below the active one, and
 * its editor takes what is pasted. If the keys mean something else there, nothing is found and false is given.
 */
async function insertCell(from, code) {
  const notebook = from.closest(".jp-Notebook");
  const active = () => notebook.querySelector(".jp-Notebook-cell.jp-mod-active");
  const before = notebook && active();
  if (!before) return false;
  before.focus();
  const key = { key: "b", code: "KeyB", keyCode: 66, which: 66, bubbles: true, cancelable: true };
  before.dispatchEvent(new KeyboardEvent("keydown", key));
  for (let waited = 0; waited < NEW_CELL_WAIT; waited += 40) {
    await pause(40);
    const made = active();
    const editor = made !== before && made?.querySelector(".cm-content");
    if (!editor) continue;
    const data = new DataTransfer();
    data.setData("text/plain", code);
    editor.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
    return true;
  }
  return false;
}

/** Whether it is in a new cell; it is on the clipboard otherwise. */
async function toNewCell(from, code) {
  if (await insertCell(from, code)) return true;
  await toClipboard(code);
  return false;
}
