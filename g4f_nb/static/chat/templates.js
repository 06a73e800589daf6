/** Prompts with fields: chosen from a menu, filled in in a form, put into the box to be looked at and sent. */

Object.assign(ICONS, { form: "M3 3.5h10v9H3zM5.5 6.5h5M5.5 9.5h3" });

function filled(template, values) {
  return template.text.replace(/\{\{|\}\}|\{([^{}]*)\}/g, (whole, field) => {
    if (whole === "{{" || whole === "}}") return whole[0];
    return template.fields.includes(field) ? values[field] : whole;
  });
}

function createTemplates({ put }) {
  const node = make("div", { class: "g4f-templates", hidden: true });
  const toggle = button("Templates", { icon: "form", quiet: true, words: false, press: () => (node.hidden ? open() : close()) });
  toggle.setAttribute("aria-expanded", "false");
  toggle.hidden = true;
  let templates = [];

  function close() {
    node.hidden = true;
    toggle.setAttribute("aria-expanded", "false");
  }

  function open() {
    const choices = templates.map((each) => button(each.name, { title: each.text, press: () => choose(each) }));
    node.replaceChildren(make("div", { class: "g4f-template-names", role: "group", "aria-label": "Templates" }, ...choices));
    node.hidden = false;
    toggle.setAttribute("aria-expanded", "true");
    choices[0]?.focus();
  }

  function finish(template, values) {
    put(filled(template, values));
    close();
  }

  function choose(template) {
    if (!template.fields.length) {
      finish(template, {});
      return;
    }
    const inputs = template.fields.map((field) => {
      const input = make("textarea", { class: "g4f-text", rows: "1", dir: "auto" });
      return [field, input, make("label", { class: "g4f-field-line" }, make("span", { class: "g4f-caption" }, field), input)];
    });
    const fill = () => finish(template, Object.fromEntries(inputs.map(([field, input]) => [field, input.value])));
    const form = make("form", { class: "g4f-template-form", "aria-label": template.name }, ...inputs.map(([, , label]) => label));
    form.append(make("div", { class: "g4f-edit-line" }, button("Back", { press: open }), button("Fill in", { class: "g4f-button g4f-main", press: fill })));
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      if (event.target.tagName !== "TEXTAREA") return;
      event.preventDefault();
      fill();
    });
    node.replaceChildren(make("p", { class: "g4f-template-title" }, template.name), form);
    inputs[0][1].focus();
  }

  node.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    close();
    toggle.focus();
  });

  function sync(told) {
    templates = told;
    toggle.hidden = !templates.length;
    if (!templates.length) close();
  }

  return { node, toggle, sync };
}
