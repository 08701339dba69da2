"use strict";
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
