"use strict";
// What htmx does not do by itself: the word of the session in each change, the menu of a phone, and saying that we are offline.

const csrf = document.querySelector('meta[name="csrf"]').content;
const notice = document.getElementById("notice");

document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRF-Token"] = csrf;
});

document.addEventListener("htmx:sendError", () => tell("Sem conexão com o servidor. Nada foi enviado; tente de novo."));
document.addEventListener("htmx:timeout", () => tell("O servidor demorou demais. Confira se já foi feito antes de repetir."));
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.requestConfig.verb !== "get") notice.replaceChildren();
});

// A form is emptied, and a dialog closed, once what was asked for is done; not before.
document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.target;
  if (!event.detail.successful || event.detail.requestConfig.verb === "get") return;
  if (form.matches("form[data-empties]")) form.reset();
  if (form.closest("dialog")) form.closest("dialog").close();
});

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens).showModal();
  const closer = event.target.closest("[data-closes]");
  if (closer) closer.closest("dialog").close();
});

const button = document.querySelector(".menu-button");
if (button) {
  const menu = document.getElementById("menu");
  const show = (open) => {
    button.setAttribute("aria-expanded", String(open));
    menu.classList.toggle("open", open);
  };
  button.addEventListener("click", () => show(button.getAttribute("aria-expanded") !== "true"));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && menu.classList.contains("open")) {
      show(false);
      button.focus();
    }
  });
}

function tell(sentence) {
  const line = document.createElement("p");
  line.className = "told bad";
  line.textContent = sentence;
  notice.replaceChildren(line);
}
