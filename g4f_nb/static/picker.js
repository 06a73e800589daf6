/** The model picker: a field with its label, what the choice needs, and why it cannot be used. */

function render({ model, el }) {
  const view = newId();
  const caption = make("span", { class: "g4f-caption" });
  const place = make("p", { class: "g4f-notice g4f-place" });
  const problem = make("p", { class: "g4f-problem", role: "alert", hidden: true, id: `g4f-problem-${view}` });
  const waiting = make("p", { class: "g4f-notice", role: "status", hidden: true });
  const patience = createPatience(waiting);
  const chooser = createChooser({
    model,
    view,
    label: model.get("description") || "Model",
    value: () => model.get("value"),
    choose: (chosen) => {
      model.set("value", chosen);
      model.save_changes();
      patience.wait();
    },
  });
  chooser.input.setAttribute("aria-describedby", problem.id);
  const stack = make("div", { class: "g4f-picker-stack" }, chooser.node, place, problem, waiting);
  const line = make("div", { class: "g4f-picker-line" }, caption, stack);
  const root = make("div", { class: "g4f-root g4f-model-picker", "data-jp-suppress-context-menu": "true" });
  root.append(line);

  function sync() {
    caption.textContent = model.get("description");
    caption.hidden = !caption.textContent;
    problem.textContent = model.get("problem");
    problem.hidden = !problem.textContent;
    place.textContent = model.get("place");
    place.hidden = !place.textContent || !problem.hidden;
    chooser.input.setAttribute("aria-invalid", String(!problem.hidden));
    chooser.sync();
  }

  const receive = (message) => {
    patience.heard();
    chooser.receive(message);
  };
  for (const name of ["value", "problem", "place", "description", "choices"]) {
    model.on(`change:${name}`, () => {
      if (name !== "value") patience.heard();
      sync();
    });
  }
  model.on("msg:custom", receive);
  const unguard = guardKeys(root);
  el.append(root);
  sync();
  return () => {
    unguard();
    patience.close();
  };
}

export default { render };
