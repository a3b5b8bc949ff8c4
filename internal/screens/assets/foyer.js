// Enhancements only: every page works without this file.

const all = (selector) => document.querySelectorAll(selector);

// Forms that post themselves. Not again when the person came back to the page:
// then the button is the way on.
const [navigation] = performance.getEntriesByType("navigation");
if (navigation?.type !== "back_forward") {
  for (const form of all("form[data-auto]")) HTMLFormElement.prototype.submit.call(form);
}

// Showing a password. It is hidden again before it is sent, so that browsers
// offer to keep it.
for (const button of all("[data-reveal]")) {
  const input = document.getElementById(button.dataset.reveal);
  const words = [
    [button.textContent, button.getAttribute("aria-label")],
    [button.dataset.hide, button.dataset.hideLabel],
  ];
  const show = (shown) => {
    input.type = shown ? "text" : "password";
    button.textContent = words[+shown][0];
    button.setAttribute("aria-label", words[+shown][1]);
  };
  button.addEventListener("click", () => {
    show(input.type === "password");
    input.focus();
  });
  input.form.addEventListener("submit", () => show(false));
  button.hidden = false;
}

// One click, one request: a second press within five seconds is a slip. The
// request of a back-forward-cached page may be sent again.
for (const form of all("form[method=post]")) {
  let sent = 0;
  form.addEventListener("submit", (event) => {
    const now = Date.now();
    if (now - sent < 5000) event.preventDefault();
    else sent = now;
  });
  addEventListener("pageshow", () => { sent = 0; });
}

// The language menu closes on Escape and on a click elsewhere.
for (const menu of all("[data-menu]")) {
  addEventListener("click", (event) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}
