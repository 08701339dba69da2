"use strict";
// What somebody typed and did not keep is not left behind without asking.
let unkept = false;
document.addEventListener("input", (event) => {
  if (event.target.closest("form[data-keeps]")) unkept = true;
});
document.addEventListener("htmx:beforeOnLoad", (event) => {
  const { elt, xhr } = event.detail;
  if (xhr.status === 200 && elt.matches("form[data-keeps], form[data-keeps] button, .draft button")) unkept = false;
});
window.addEventListener("beforeunload", (event) => {
  if (unkept) event.preventDefault();
});

// One more empty field like the last one, and its focus.
document.addEventListener("click", (event) => {
  const more = event.target.closest("[data-repeats]");
  if (!more) return;
  const fields = document.getElementById(more.dataset.repeats);
  const fresh = fields.lastElementChild.cloneNode();
  fresh.value = "";
  fresh.removeAttribute("aria-invalid");
  fresh.removeAttribute("aria-describedby");
  fields.append(fresh);
  fresh.focus();
});
