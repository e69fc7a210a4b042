// How the words in a search field may go on, as a combobox (WAI-ARIA). Without it the field is as it is.
"use strict";

const PAUSE = 120; // milliseconds without a key before we ask

function offer(field) {
  const list = document.createElement("ul");
  list.id = "suggestions";
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", field.dataset.label);
  field.closest("label").after(list);
  for (const [name, value] of Object.entries({
    role: "combobox", "aria-autocomplete": "list", "aria-controls": list.id, "aria-expanded": "false",
  })) field.setAttribute(name, value);

  let timer, asked = new AbortController(), active = 0; // the place behind the last is the field itself

  function show(texts) {
    active = texts.length;
    field.removeAttribute("aria-activedescendant");
    list.replaceChildren(...texts.map((text, place) => {
      const one = document.createElement("li");
      one.id = "suggestion-" + place;
      one.setAttribute("role", "option");
      one.setAttribute("aria-selected", "false");
      one.textContent = text;
      one.addEventListener("mousedown", event => { event.preventDefault(); choose(text); });
      return one;
    }));
    list.hidden = texts.length === 0;
    field.setAttribute("aria-expanded", String(!list.hidden));
  }

  function hide() {
    clearTimeout(timer);
    asked.abort();
    show([]);
  }

  function choose(text) {
    field.value = text;
    hide();
    field.form.requestSubmit();
  }

  function move(step) {
    const all = [...list.children];
    active = (active + step + all.length + 1) % (all.length + 1);
    all.forEach((one, place) => one.setAttribute("aria-selected", String(place === active)));
    if (all[active]) field.setAttribute("aria-activedescendant", all[active].id);
    else field.removeAttribute("aria-activedescendant");
  }

  async function ask() {
    asked.abort();
    asked = new AbortController();
    const words = field.value.trim();
    if (!words) return show([]);
    try {
      const address = field.dataset.suggest + "?" + new URLSearchParams({ q: words });
      const answer = await fetch(address, { signal: asked.signal });
      if (answer.ok) show((await answer.json()).items.map(one => one.text));
    } catch (trouble) {
      if (trouble.name !== "AbortError") show([]);
    }
  }

  field.addEventListener("input", event => {
    clearTimeout(timer);
    if (!event.isComposing) timer = setTimeout(ask, PAUSE); // pinyin on its way to characters waits
  });
  field.addEventListener("compositionend", () => { timer = setTimeout(ask, PAUSE); });
  field.addEventListener("blur", hide);
  field.addEventListener("keydown", event => {
    if (event.isComposing || list.hidden) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      move(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter" && list.children[active]) choose(list.children[active].textContent);
    else if (event.key === "Escape") hide();
    else return;
    event.preventDefault();
  });
}

document.querySelectorAll("input[data-suggest]").forEach(offer);
