"use strict";
// Filters of the verdict table. Their state stands in the address (#word=…&topic=…&text=…), so that
// a view can be sent on; any other hash is a claim's anchor and leaves the filters alone.
(() => {
  const form = document.querySelector(".filters");
  const chips = [...form.querySelectorAll(".chip")];
  const topic = form.querySelector("select");
  const text = form.querySelector("input");
  const found = document.querySelector(".found");
  const items = [...document.querySelectorAll("[data-word]")];
  const rows = items.filter((item) => item.tagName === "TR");

  function apply() {
    const words = chips.filter((c) => c.getAttribute("aria-pressed") === "true").map((c) => c.value);
    const parts = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const item of items) {
      const { word, topic: its, search } = item.dataset;
      item.hidden = !((words.length === 0 || words.includes(word))
        && (!topic.value || its === topic.value)
        && parts.every((part) => search.includes(part)));
    }
    const left = rows.filter((row) => !row.hidden).length;
    found.textContent = left === rows.length ? `${rows.length} claims` : `${left} of ${rows.length} claims`;
    form.querySelector(".reset").hidden = left === rows.length && !words.length && !topic.value && !text.value;
    return words;
  }

  function changed() {
    const words = apply();
    const state = new URLSearchParams();
    if (words.length) state.set("word", words.join(","));
    if (topic.value) state.set("topic", topic.value);
    if (text.value) state.set("text", text.value);
    const hash = state.toString();
    history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
  }

  function restore() {
    const hash = location.hash.slice(1);
    if (hash && !hash.includes("=")) return;
    const state = new URLSearchParams(hash);
    const words = (state.get("word") || "").split(",");
    for (const chip of chips) chip.setAttribute("aria-pressed", String(words.includes(chip.value)));
    topic.value = state.get("topic") || "";
    if (topic.selectedIndex < 0) topic.value = "";
    text.value = state.get("text") || "";
    apply();
  }

  for (const chip of chips) {
    chip.addEventListener("click", () => {
      chip.setAttribute("aria-pressed", String(chip.getAttribute("aria-pressed") !== "true"));
      changed();
    });
  }
  topic.addEventListener("change", changed);
  text.addEventListener("input", changed);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => {
    chips.forEach((chip) => chip.setAttribute("aria-pressed", "false"));
    setTimeout(changed);
  });
  window.addEventListener("hashchange", restore);
  window.addEventListener("beforeprint", () => {
    document.querySelectorAll("details").forEach((one) => { one.open = true; });
  });
  form.hidden = false;
  restore();
  apply();
})();
