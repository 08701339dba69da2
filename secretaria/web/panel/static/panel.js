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

// The stream of a page: it goes on from the last change the page heard of. That of a conversation rests while nobody looks,
// because a browser keeps only six connections to a host without TLS.
const REST_MILLISECONDS = 60000;

class Stream extends EventTarget {
  constructor(url) {
    super();
    this.url = new URL(url, location);
    if (Stream.heard) this.url.searchParams.set("depois", Stream.heard);
    this.look = this.look.bind(this);
    document.addEventListener("visibilitychange", this.look);
    this.open();
  }

  open() {
    this.inner = new EventSource(this.url);
    for (const name of ["board", "thread", "over"]) {
      this.inner.addEventListener(name, (event) => {
        if (event.lastEventId) {
          Stream.heard = event.lastEventId;
          this.url.searchParams.set("depois", event.lastEventId);
        }
        this.dispatchEvent(new MessageEvent(name, { data: event.data }));
      });
    }
    this.inner.onerror = (event) => this.onerror?.(event);
    this.inner.onopen = (event) => this.onopen?.(event);
  }

  look() {
    clearTimeout(this.rest);
    if (!this.url.searchParams.has("conversa")) return;  // the list tells in the title who waits, also unseen
    if (document.hidden) this.rest = setTimeout(() => this.inner.close(), REST_MILLISECONDS);
    else if (this.inner.readyState === EventSource.CLOSED) this.open();
  }

  close() {
    clearTimeout(this.rest);
    document.removeEventListener("visibilitychange", this.look);
    this.inner.close();
  }

  get readyState() {
    return this.inner.readyState;
  }
}

let stream;
htmx.createEventSource = (url) => {
  if (stream) stream.close();
  stream = new Stream(url);
  return stream;
};

// How many wait for a person stands in the title, where it is seen from other pages too.
const title = document.title;
function count() {
  const waiting = document.querySelector("#board [data-waiting]");
  if (waiting) document.title = waiting.dataset.waiting === "0" ? title : `(${waiting.dataset.waiting}) ${title}`;
}
count();
document.addEventListener("htmx:afterSettle", count);

// A page that refreshes itself takes back what was said of a refresh that failed, once one works again.
let failed = null;
document.addEventListener("htmx:afterRequest", (event) => {
  const { elt, verb } = event.detail.requestConfig;
  if (verb !== "get" || !elt.matches("[data-refreshes]")) return;
  if (event.detail.successful && failed === elt.id) notice.replaceChildren();
  failed = event.detail.successful ? null : elt.id;
});

// A form is emptied, and a dialog closed, once what was asked for is done; not before.
document.addEventListener("htmx:afterRequest", (event) => {
  const { elt: form, verb } = event.detail.requestConfig;  // it may have left the page with what came
  if (!event.detail.successful || verb === "get") return;
  if (form.matches("form[data-empties]")) form.reset();
  if (form.matches("#composer")) document.getElementById("suggestion").replaceChildren();
  if (form.closest("dialog") && !form.matches("[data-stays]")) form.closest("dialog").close();
});

// What was asked for inside a closed dialog opens it once it is there.
document.addEventListener("htmx:afterSwap", (event) => {
  const dialog = event.detail.target.closest("dialog");
  if (dialog && !dialog.open) dialog.showModal();
});

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens).showModal();
  const closer = event.target.closest("[data-closes]");
  if (closer) closer.closest("dialog").close();
  const inserter = event.target.closest("[data-inserts]");
  if (inserter) insert(document.getElementById(inserter.dataset.into), inserter.dataset.inserts);
  for (const open of document.querySelectorAll("details.pop[open]")) {
    if (!open.contains(event.target) || inserter) open.open = false;
  }
});

function insert(field, text) {
  field.value = field.value.trim() ? `${field.value.trimEnd()}\n${text}` : text;
  field.focus();
}

// Enter sends where there is a keyboard; on a phone it begins a new line.
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") for (const open of document.querySelectorAll("details.pop[open]")) open.open = false;
  const form = event.target.closest && event.target.closest("form[data-enter-sends]");
  if (!form || !event.target.matches("textarea") || event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  if (matchMedia("(pointer: coarse)").matches) return;
  event.preventDefault();
  form.requestSubmit();
});

// A list of messages stays at its end, unless somebody reads further up.
const log = document.querySelector("[data-follows]");
if (log) {
  let atEnd = true;
  const end = () => { log.scrollTop = log.scrollHeight; };
  log.addEventListener("scroll", () => { atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 80; });
  new MutationObserver(() => { if (atEnd) end(); }).observe(log, { childList: true, subtree: true, characterData: true });
  end();
}

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
