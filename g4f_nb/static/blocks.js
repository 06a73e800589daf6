/** The text of an answer: the only HTML that is ever set is what Python has rendered and sanitised. */

/** Give code blocks a head with language and copy button, and let wide tables scroll by themselves. */
function furnish(container) {
  for (const pre of container.querySelectorAll("pre.g4f-code:not(.g4f-box > *)")) {
    const code = pre.textContent;
    const head = make("div", { class: "g4f-box-head" }, make("span", {}, pre.dataset.language || "code"));
    head.append(copyButton("Copy code", () => code.replace(/\n$/, "")));
    const box = make("div", { class: "g4f-box" });
    pre.replaceWith(box);
    box.append(head, pre);
  }
  for (const table of container.querySelectorAll("table:not(.g4f-wide > *)")) {
    const wide = make("div", { class: "g4f-wide" });
    table.replaceWith(wide);
    wide.append(table);
  }
}

function addBlocks(container, html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  furnish(template.content);
  container.append(template.content);
}
