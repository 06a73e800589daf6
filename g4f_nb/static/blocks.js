/** The text of an answer: the only HTML that is ever set is what Python has rendered and sanitised. */

/**
 * Give code blocks a head with language and copy button, and let wide tables scroll by themselves.
 *
 * `more` gives further buttons for a block of code.
 */
function furnish(container, more = () => []) {
  for (const pre of container.querySelectorAll("pre.g4f-code:not(.g4f-box > *)")) {
    const code = pre.textContent;
    const text = () => code.replace(/\n$/, "");
    const language = pre.dataset.language || "code";
    const head = make("div", { class: "g4f-box-head" }, make("span", {}, language));
    head.append(make("span", { class: "g4f-box-tools" }, ...more(text, language), copyButton("Copy code", text)));
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

function addBlocks(container, html, more) {
  const template = document.createElement("template");
  template.innerHTML = html;
  furnish(template.content, more);
  container.append(template.content);
}
